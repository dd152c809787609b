"""Associated data: what a sealed record is bound to, in one unambiguous encoding (K-02).

::

    associated data = "strongroom" (10 bytes) || format version (1) || record type (1) || field*
    field           = field tag (1) || length (4, big endian) || bytes
    context         = pair*, sorted by the UTF-8 bytes of the key
    pair            = length (4) || key || length (4) || value

Rules:

1. Two different places never have the same encoding: the head has a fixed length, and each field says what
   it is and how long it is. Nothing is ever joined with a separator.
2. ``RecordType`` and ``FieldTag`` are permanent. A number is never given away twice: a record that is no
   longer written keeps its line under a ``RETIRED_`` name, and ``unique`` refuses a second use when the
   module loads.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from enum import IntEnum, unique
from typing import Final

from strongroom.crypto.errors import MalformedContext

FORMAT_V1: Final = 1
"""The first byte of every sealed record of this version."""


@unique
class RecordType(IntEnum):
    """What a sealed record holds; one byte, permanent."""

    KEYRING = 1
    KMS_MATERIAL = 2
    KMS_CIPHERTEXT = 3
    SECRET_VALUE = 4
    CREDENTIAL = 5
    AUDIT_SIGNING_SEED = 6
    PAGING_TOKEN = 7
    SESSION_TOKEN = 8
    LOG_EVENTS = 9
    FUNCTION = 10


@unique
class FieldTag(IntEnum):
    """What a field of the associated data says; one byte, permanent."""

    HEADER = 1
    ACCOUNT = 2
    KEY_ARN = 3
    SECRET_ARN = 4
    VERSION_ID = 5
    FIELD_NAME = 6
    ENCRYPTION_CONTEXT = 7
    KEY_MATERIAL_ID = 8
    CREDENTIAL_ID = 9
    BINDING = 10
    SEED_NAME = 11
    LOG_GROUP_ID = 12
    LOG_STREAM_ID = 13
    LOG_SEQUENCE = 14


_MAGIC: Final = b"strongroom"
_FIELD_HEAD: Final = struct.Struct(">BI").pack
_LENGTH: Final = struct.Struct(">I").pack


def encode_text(text: str) -> bytes:
    """Write text as UTF-8.

    Raises:
        MalformedContext: ``text`` holds a lone surrogate.
    """
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise MalformedContext("text to bind holds a lone surrogate") from error


def encode_place(record_type: RecordType, fields: tuple[tuple[FieldTag, bytes], ...]) -> bytes:
    """Encode the place of a record: its type, and the fields in the order given.

    Args:
        record_type: Separates records of different kinds, should they ever share a key.
        fields: Tag and bytes of each field; at most 2^32 - 1 bytes each.
    """
    head = _MAGIC + bytes((FORMAT_V1, record_type))
    return head + b"".join([encode_field(tag, value) for tag, value in fields])


def encode_field(tag: FieldTag, value: bytes) -> bytes:
    """Encode one field; appended to a place it gives the place with this field as its last."""
    return _FIELD_HEAD(tag, len(value)) + value


def encode_context(context: Mapping[str, str]) -> bytes:
    """Encode an encryption context so that the order of its pairs does not matter and nothing else is lost.

    Raises:
        MalformedContext: A key or value holds a lone surrogate.

    Source: KMS developer guide, "Encryption context" (exact, case-sensitive match; order is free).
    """
    try:
        pairs = sorted([(key.encode(), value.encode()) for key, value in context.items()])
    except UnicodeEncodeError as error:
        raise MalformedContext("an encryption context holds a lone surrogate") from error
    return b"".join([_LENGTH(len(key)) + key + _LENGTH(len(value)) + value for key, value in pairs])
