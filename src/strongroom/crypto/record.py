"""Small records under the keyring: credentials, KMS key material, seeds, tokens.

::

    version (1) || record type (1) || term id (4, big endian)
        || salt (16) || nonce (12) || ciphertext || tag (16)

Rules:

1. The term is the one that the header names; the header is part of the associated data (K-04).
2. What a type is bound to stands in ``RULES``; a record opens only in its own place (K-02).
3. Each record has a key of its own (``aead.seal_once``): sealing is never a reason to rotate.
"""

from __future__ import annotations

import struct
from typing import Final

import msgspec

from strongroom.crypto.aead import ONCE_OVERHEAD_BYTES, open_once, seal_once
from strongroom.crypto.associated_data import FORMAT_V1, FieldTag, RecordType, encode_place, encode_text
from strongroom.crypto.derivation import Purpose
from strongroom.crypto.errors import MalformedSealed
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext, Sealed

_HEADER: Final = struct.Struct(">BBI")
_LABEL: Final = b"record-v1"


class RecordRule(msgspec.Struct, frozen=True):
    """How one type of record is sealed: the purpose of its key, and the fields it is bound to, in order."""

    purpose: Purpose
    place: tuple[FieldTag, ...]


RULES: Final = {
    RecordType.CREDENTIAL: RecordRule(Purpose.CREDENTIAL, (FieldTag.ACCOUNT, FieldTag.CREDENTIAL_ID)),
    RecordType.KMS_MATERIAL: RecordRule(
        Purpose.KMS_MATERIAL, (FieldTag.ACCOUNT, FieldTag.KEY_ARN, FieldTag.KEY_MATERIAL_ID)
    ),
    RecordType.AUDIT_SIGNING_SEED: RecordRule(Purpose.AUDIT_SEED, (FieldTag.SEED_NAME,)),
    RecordType.PAGING_TOKEN: RecordRule(Purpose.PAGING, (FieldTag.BINDING,)),
    RecordType.SESSION_TOKEN: RecordRule(Purpose.SESSION, (FieldTag.BINDING,)),
    RecordType.LOG_EVENTS: RecordRule(
        Purpose.LOGS,
        (FieldTag.ACCOUNT, FieldTag.LOG_GROUP_ID, FieldTag.LOG_STREAM_ID, FieldTag.LOG_SEQUENCE),
    ),
    RecordType.FUNCTION: RecordRule(Purpose.FUNCTION, (FieldTag.ACCOUNT, FieldTag.BINDING)),
}
"""Every type of small record; ``docs/reference/sealed-format.md`` lists the same."""


def seal_record(
    keyring: Keyring, record_type: RecordType, plaintext: Plaintext, *place: str | bytes
) -> Sealed:
    """Seal a small record under the current term.

    Args:
        keyring: Its current term seals.
        record_type: One with a line in ``RULES``.
        plaintext: The content.
        place: What the record is bound to, in the order of the table: CREDENTIAL account and credential
            id (an access key id, the serial number of an MFA device, a user's id with ``/login``);
            KMS_MATERIAL account, key ARN and key material id; AUDIT_SIGNING_SEED a name; PAGING_TOKEN and
            SESSION_TOKEN the binding; LOG_EVENTS account and the ids of group and stream and the sequence
            number of the batch, 8 bytes each; FUNCTION account and a binding (what of which function it is).

    Raises:
        MalformedContext: ``place`` holds a lone surrogate.
    """
    header = _HEADER.pack(FORMAT_V1, record_type, keyring.current)
    key = keyring.subkey(RULES[record_type].purpose)
    return Sealed(
        header + seal_once(key.reveal(), _LABEL, plaintext.reveal(), _bind(record_type, header, place))
    )


def open_record(keyring: Keyring, record_type: RecordType, sealed: bytes, *place: str | bytes) -> Plaintext:
    """Open what ``seal_record`` made of the same type for the same place.

    Raises:
        MalformedSealed: Too short, another version, or another record type than ``record_type``.
        UnknownTerm: The header names a term that the keyring does not hold.
        AuthenticationFailed: Changed, cut, or moved from another place.
        MalformedContext: ``place`` holds a lone surrogate.
    """
    if len(sealed) < _HEADER.size + ONCE_OVERHEAD_BYTES:
        raise MalformedSealed("these bytes are too short for a sealed record")
    version, kind, term_id = _HEADER.unpack_from(sealed)
    if version != FORMAT_V1 or kind != record_type:
        raise MalformedSealed("these bytes are no sealed record of this version and type")
    key = keyring.subkey(RULES[record_type].purpose, term_id)
    associated_data = _bind(record_type, sealed[: _HEADER.size], place)
    return Plaintext(open_once(key.reveal(), _LABEL, sealed[_HEADER.size :], associated_data))


def term_of_record(sealed: bytes) -> int:
    """Read which term sealed a record, to find what a rotation has still to seal again. Not authenticated.

    Raises:
        MalformedSealed: Too short, or another version.
    """
    if len(sealed) < _HEADER.size or sealed[0] != FORMAT_V1:
        raise MalformedSealed("these bytes are no sealed record of this version")
    term_id: int = _HEADER.unpack_from(sealed)[2]
    return term_id


def _bind(record_type: RecordType, header: bytes, place: tuple[str | bytes, ...]) -> bytes:
    tags = RULES[record_type].place
    assert len(tags) == len(place), f"{record_type.name} is bound to {len(tags)} fields"
    values = [encode_text(part) if isinstance(part, str) else part for part in place]
    return encode_place(record_type, ((FieldTag.HEADER, header), *zip(tags, values, strict=True)))
