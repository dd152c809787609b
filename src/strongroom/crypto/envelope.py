"""The envelope: KMS ciphertext blobs, and secret values sealed under a data key that such a blob holds.

::

    ciphertext blob v1 = version (1) || key id (16) || key material id (32) || salt (16) || nonce (12)
                         || ciphertext || tag (16)
    sealed value v1    = version (1) || record type (1) || length of the blobs (2, big endian) || blob+
                         || nonce (12) || ciphertext || tag (16)

Rules:

1. A blob is encrypted with a key of its own, derived from the key material and the salt, and bound to its
   head, the KMS key's ARN and the encryption context (K-01, K-02).
2. A value is encrypted with a data key of its own, and bound to account, secret ARN, version id and field.
   It is not bound to the blob: changing the KMS key of a secret wraps its data key anew and leaves the
   value alone.
3. The caller finds the key material by ``parse_blob`` and gives exactly that; nothing is tried (K-04).
4. Several blobs in front of a value hold the same data key under different KMS keys. All have one length, because
   all data keys have; which of them is opened is decided by who may use which key, not by trying.
5. The key material id is derived from the material, so that a blob names one material and no other.

Source: KMS developer guide, "AWS KMS cryptographic details"; SP 800-108r1; SP 800-38D. The formats are our
own: AWS leaves its blob opaque.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from strongroom.arn import ARN, PARTITION, MalformedARN, parse_arn
from strongroom.crypto import aead
from strongroom.crypto.associated_data import (
    FORMAT_V1,
    FieldTag,
    RecordType,
    encode_context,
    encode_field,
    encode_place,
    encode_text,
)
from strongroom.crypto.errors import MalformedSealed, WrongKeyMaterial
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import KEY_BYTES, DataKey, Hidden, Plaintext, Sealed, SymmetricKey, Wrapped
from strongroom.crypto.randomness import random_bytes
from strongroom.crypto.record import open_record, seal_record

FieldName = Literal["SecretString", "SecretBinary"]
"""Which of its two kinds a secret value is; a value sealed as one does not open as the other."""

_BLOB_HEAD: Final = struct.Struct(">B16s32s")
_VALUE_HEAD: Final = struct.Struct(">BBH")
_BLOB_LABEL: Final = b"kms-sym-v1"
_MATERIAL_ID_LABEL: Final = b"kms-material-id-v1"
_MRK_PREFIX: Final = "mrk-"
DATA_KEY_BLOB_BYTES: Final = _BLOB_HEAD.size + aead.ONCE_OVERHEAD_BYTES + KEY_BYTES
"""How long the ciphertext blob of a data key of 32 bytes is."""


class BlobHead(msgspec.Struct, frozen=True, gc=False):
    """What a ciphertext blob says about its key, before anything is proven.

    Args:
        key_id: 32 hexadecimal digits: the key's UUID without hyphens, or what follows ``mrk-``.
        material_id: 64 hexadecimal digits, as ``KeyMaterialId`` of the API.
    """

    key_id: str
    material_id: str


class KeyMaterial(Hidden):
    """One key material of a KMS key, ready to use; make one and keep it, its associated data is prepared.

    Args:
        key_arn: The key's full ARN. For a multi-Region key (``mrk-``) the region does not count: its
            replicas share material, and a ciphertext of one opens with another.
        key: The 32 secret bytes.

    Raises:
        MalformedARN: ``key_arn`` is no key ARN.
    """

    __slots__ = ("_key", "bound_to", "head", "key_arn", "material_id", "once")

    def __init__(self, key_arn: str, key: SymmetricKey) -> None:
        key_id, binding = _identify_key(key_arn)
        self._key = key.reveal()
        self.key_arn = key_arn
        material_id = aead.derive_once(self._key, _MATERIAL_ID_LABEL, key_id)
        self.material_id: str = material_id.hex()
        """64 hexadecimal digits that follow from the key and its id, and say nothing about the key."""
        self.head: bytes = _BLOB_HEAD.pack(FORMAT_V1, key_id, material_id)
        """How each blob under this material begins."""
        self.bound_to = encode_place(
            RecordType.KMS_CIPHERTEXT,
            ((FieldTag.HEADER, self.head), (FieldTag.KEY_ARN, encode_text(binding))),
        )
        """The beginning of the associated data of each blob under this material."""
        self.once = aead.OneTimeKeys(self._key, _BLOB_LABEL)
        """Seals and opens the blobs."""

    def reveal(self) -> bytes:
        """Give the secret bytes themselves."""
        return self._key


class ValuePlace(msgspec.Struct, frozen=True, gc=False):
    """Where a secret value belongs: it opens nowhere else."""

    account: str
    secret_arn: str
    version_id: str
    field_name: FieldName


def new_key_material(key_arn: str) -> KeyMaterial:
    """Draw new material for the KMS key ``key_arn``.

    Raises:
        MalformedARN: ``key_arn`` is no key ARN.
    """
    return KeyMaterial(key_arn, SymmetricKey(random_bytes(KEY_BYTES)))


def seal_key_material(keyring: Keyring, material: KeyMaterial, account: str) -> Sealed:
    """Seal key material for the store, bound to account, key ARN and material id."""
    return seal_record(
        keyring,
        RecordType.KMS_MATERIAL,
        Plaintext(material.reveal()),
        account,
        material.key_arn,
        material.material_id,
    )


def open_key_material(
    keyring: Keyring, sealed: bytes, account: str, key_arn: str, material_id: str
) -> KeyMaterial:
    """Open what ``seal_key_material`` made for the same place.

    Raises:
        MalformedSealed, UnknownTerm, AuthenticationFailed: As ``record.open_record``.
    """
    opened = open_record(keyring, RecordType.KMS_MATERIAL, sealed, account, key_arn, material_id)
    return KeyMaterial(key_arn, SymmetricKey(opened.reveal()))


def parse_blob(blob: bytes) -> BlobHead:
    """Read which key and material a ciphertext blob names, to look them up.

    Raises:
        MalformedSealed: Too short for a blob, or another version.
    """
    if len(blob) < _BLOB_HEAD.size + aead.ONCE_OVERHEAD_BYTES or blob[0] != FORMAT_V1:
        raise MalformedSealed("these bytes are no ciphertext blob of a known version")
    _, key_id, material_id = _BLOB_HEAD.unpack_from(blob)
    return BlobHead(key_id.hex(), material_id.hex())


def encrypt_blob(material: KeyMaterial, plaintext: Plaintext, context: Mapping[str, str]) -> Wrapped:
    """Encrypt up to 4,096 bytes (the API's limit, checked there) under key material.

    Args:
        material: The key's current material.
        plaintext: What KMS ``Encrypt`` received, or a data key.
        context: The encryption context; needed exactly so to decrypt.

    Raises:
        MalformedContext: The context holds a lone surrogate.
    """
    bound = _bind_blob(material, context)
    return Wrapped(material.head + material.once.seal(plaintext.reveal(), bound))


def decrypt_blob(material: KeyMaterial, blob: bytes, context: Mapping[str, str]) -> Plaintext:
    """Decrypt a ciphertext blob.

    Args:
        material: What ``parse_blob`` named.
        blob: The blob.
        context: The encryption context given when it was made.

    Raises:
        MalformedSealed: Too short for a blob.
        WrongKeyMaterial: The blob names another version, key or material.
        AuthenticationFailed: Another context, changed or cut bytes.
        MalformedContext: The context holds a lone surrogate.
    """
    if len(blob) < _BLOB_HEAD.size + aead.ONCE_OVERHEAD_BYTES:
        raise MalformedSealed("these bytes are too short for a ciphertext blob")
    if not blob.startswith(material.head):
        raise WrongKeyMaterial("the ciphertext blob names another key or other key material")
    bound = _bind_blob(material, context)
    return Plaintext(material.once.open(blob[_BLOB_HEAD.size :], bound))


def generate_data_key(
    material: KeyMaterial, context: Mapping[str, str], number_of_bytes: int = KEY_BYTES
) -> tuple[DataKey, Wrapped]:
    """Draw a data key of 1 to 1024 bytes; give it in the clear and as a ciphertext blob.

    Raises:
        InvalidKeySize: Another length.
        MalformedContext: The context holds a lone surrogate.
    """
    data_key = DataKey(random_bytes(number_of_bytes))
    return data_key, encrypt_blob(material, Plaintext(data_key.reveal()), context)


def seal_value(data_key: DataKey, blob: Wrapped, value: Plaintext, place: ValuePlace) -> Sealed:
    """Seal a secret value under its data key, with the data key's blob in front.

    Args:
        data_key: 32 bytes, drawn for this version and used for nothing else.
        blob: The same data key under the secret's KMS key, at most 65,535 bytes.
        value: The value; UTF-8 for a ``SecretString``.
        place: Where it belongs.

    Raises:
        InvalidKeySize: ``data_key`` does not have 32 bytes.
        MalformedContext: ``place`` holds a lone surrogate.
    """
    sealed = aead.seal(data_key.reveal(), value.reveal(), _bind_value(place))
    return _join_value(blob, sealed)


def blob_of_value(sealed: bytes) -> Wrapped:
    """Read the data key's blob out of a sealed value.

    Raises:
        MalformedSealed: Not a sealed value of a known version.
    """
    return Wrapped(sealed[_VALUE_HEAD.size : _end_of_blob(sealed)])


def open_value(data_key: DataKey, sealed: bytes, place: ValuePlace) -> Plaintext:
    """Open a sealed value with the data key that its blob holds.

    Raises:
        MalformedSealed: Not a sealed value of a known version.
        AuthenticationFailed: Another data key, another place, changed or cut bytes.
        InvalidKeySize: ``data_key`` does not have 32 bytes.
    """
    end = _end_of_blob(sealed)
    return Plaintext(aead.open(data_key.reveal(), sealed[end:], _bind_value(place)))


class ValueOpener(Hidden):
    """Opens one sealed value again and again: its data key with the place that the value belongs to.

    Args:
        data_key: The data key that the value's blob holds.
        place: Where the value belongs.

    Raises:
        InvalidKeySize: ``data_key`` does not have 32 bytes.
    """

    __slots__ = ("_bound", "_cipher")

    def __init__(self, data_key: DataKey, place: ValuePlace) -> None:
        self._cipher = aead.Cipher(data_key.reveal())
        self._bound = _bind_value(place)

    def open(self, sealed: bytes) -> Plaintext:
        """Open the sealed value.

        Raises:
            MalformedSealed: Not a sealed value of a known version.
            AuthenticationFailed: Another data key, another place, changed or cut bytes.
        """
        return Plaintext(self._cipher.open(sealed, self._bound, _end_of_blob(sealed)))


def blobs_of_value(sealed: bytes) -> tuple[Wrapped, ...]:
    """Read the blobs out of a sealed value, each the same data key under another KMS key.

    Raises:
        MalformedSealed: Not a sealed value of a known version, or the blobs are not those of data keys.
    """
    end = _end_of_blob(sealed)
    if (end - _VALUE_HEAD.size) % DATA_KEY_BLOB_BYTES:
        raise MalformedSealed("what stands before a sealed value are no blobs of data keys")
    starts = range(_VALUE_HEAD.size, end, DATA_KEY_BLOB_BYTES)
    return tuple(Wrapped(sealed[start : start + DATA_KEY_BLOB_BYTES]) for start in starts)


def replace_blobs(sealed: bytes, *blobs: Wrapped) -> Sealed:
    """Put other blobs of the same data key in front of a sealed value, when the secret's KMS key changes.

    Raises:
        MalformedSealed: Not a sealed value of a known version.
    """
    return _join_value(b"".join(blobs), sealed[_end_of_blob(sealed) :])


def _join_value(blob: bytes, sealed: bytes) -> Sealed:
    return Sealed(_VALUE_HEAD.pack(FORMAT_V1, RecordType.SECRET_VALUE, len(blob)) + blob + sealed)


def _end_of_blob(sealed: bytes) -> int:
    if len(sealed) < _VALUE_HEAD.size:
        raise MalformedSealed("these bytes are too short for a sealed value")
    version, kind, blob_bytes = _VALUE_HEAD.unpack_from(sealed)
    if version != FORMAT_V1 or kind != RecordType.SECRET_VALUE:
        raise MalformedSealed("these bytes are no sealed value of a known version")
    end: int = _VALUE_HEAD.size + blob_bytes
    if len(sealed) < end + aead.OVERHEAD_BYTES:
        raise MalformedSealed("a sealed value is cut")
    return end


def _bind_blob(material: KeyMaterial, context: Mapping[str, str]) -> bytes:
    return material.bound_to + encode_field(FieldTag.ENCRYPTION_CONTEXT, encode_context(context))


def _bind_value(place: ValuePlace) -> bytes:
    return encode_place(
        RecordType.SECRET_VALUE,
        (
            (FieldTag.ACCOUNT, encode_text(place.account)),
            (FieldTag.SECRET_ARN, encode_text(place.secret_arn)),
            (FieldTag.VERSION_ID, encode_text(place.version_id)),
            (FieldTag.FIELD_NAME, encode_text(place.field_name)),
        ),
    )


def _identify_key(key_arn: str) -> tuple[bytes, str]:
    """Give the 16 bytes of the key's id, and the ARN that ciphertexts are bound to."""
    arn = parse_arn(key_arn)
    kind, _, key_id = arn.resource.partition("/")
    digits = key_id.removeprefix(_MRK_PREFIX).replace("-", "")
    try:
        raw = bytes.fromhex(digits)
    except ValueError as error:
        raise MalformedARN("the ARN of a KMS key ends in a UUID or a multi-Region key id") from error
    if arn.service != "kms" or kind != "key" or len(raw) != 16:
        raise MalformedARN("the ARN of a KMS key ends in a UUID or a multi-Region key id")
    if key_id.startswith(_MRK_PREFIX):
        return raw, str(ARN(PARTITION, "kms", "", arn.account, arn.resource))
    return raw, key_arn
