"""What other services may ask of KMS.

Today that is the AWS managed key of Secrets Manager, ``alias/aws/secretsmanager``: one for each account and
Region, made on first use, usable by every principal of the account that may use Secrets Manager, and by
nobody of another account. It needs no permission of its own, so no decision is taken here.

Rules:
 - A ciphertext is opened with the key and material that its authenticated head names, never by trying (K-04).
 - The state of the key counts at every call (K-05); who keeps a data key asks ``check_usable`` before each use.

Source: identity reference 6.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from strongroom.clock import Instant
from strongroom.crypto import envelope
from strongroom.crypto.errors import CryptoError
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import DataKey, Wrapped
from strongroom.errors import StrongroomError
from strongroom.ids import new_uuid
from strongroom.services.kms.tables import (
    ALIASES,
    MATERIALS,
    KeyAttributes,
    KeyRow,
    find_alias,
    find_key,
    insert_key,
    sealed_material,
)
from strongroom.store.rows import Rows, Transaction

DEFAULT_ALIAS: Final = "alias/aws/secretsmanager"
_DESCRIPTION: Final = "Default key that protects my Secrets Manager data when no other key is defined"


class KeyUnusable(StrongroomError):
    """The key that a call needs does not exist, or is not enabled."""


class CannotDecrypt(StrongroomError):
    """A ciphertext is not what was encrypted under this key and encryption context."""


class _UsableKey:
    """A key with its opened materials; lives in the row cache."""

    __slots__ = ("current", "key", "materials")

    def __init__(self, key: KeyRow, current: envelope.KeyMaterial) -> None:
        self.key = key
        self.current = current
        self.materials = {current.material_id: current}


def default_key_arn(rows: Rows, account: str, region: str) -> str | None:
    """Return the ARN of the account's default key in a Region, or None when it was never used."""
    return rows.cached(
        _alias_cache_key(account, region, DEFAULT_ALIAS), lambda fresh: _read_alias(fresh, account, region)
    )


def ensure_default_key(
    transaction: Transaction, keyring: Keyring, account: str, region: str, now_ms: Instant
) -> str:
    """Return the ARN of the default key, made now when this is its first use."""
    known = default_key_arn(transaction, account, region)
    if known is not None:
        return known
    key_id = new_uuid()
    arn = f"arn:aws:kms:{region}:{account}:key/{key_id}"
    material = envelope.new_key_material(arn)
    attributes = KeyAttributes("Enabled", "AWS", _DESCRIPTION, material.material_id)
    insert_key(transaction, KeyRow(key_id, account, region, now_ms, attributes))
    sealed = envelope.seal_key_material(keyring, material, account)
    transaction.insert(MATERIALS, (key_id, material.material_id, now_ms, sealed))
    transaction.insert(ALIASES, (account, region, DEFAULT_ALIAS, key_id, now_ms))
    transaction.changed(_alias_cache_key(account, region, DEFAULT_ALIAS))
    return arn


def generate_data_key(
    rows: Rows, keyring: Keyring, key_arn: str, context: Mapping[str, str]
) -> tuple[DataKey, Wrapped]:
    """Draw a data key and encrypt it under a key: GenerateDataKey with AES_256.

    Raises:
        KeyUnusable: The key does not exist or is not enabled.
    """
    return envelope.generate_data_key(_usable(rows, keyring, key_arn).current, context)


def decrypt_data_key(
    rows: Rows, keyring: Keyring, blob: bytes, key_arn: str, context: Mapping[str, str]
) -> DataKey:
    """Open a data key that ``generate_data_key`` made under ``key_arn`` for the same encryption context.

    Raises:
        KeyUnusable: The key does not exist or is not enabled.
        CannotDecrypt: The blob was changed, or made for another context or under another key.
    """
    usable = _usable(rows, keyring, key_arn)
    try:
        material_id = envelope.parse_blob(blob).material_id
        material = usable.materials.get(material_id)
        if material is None:
            material = _open_material(rows, keyring, usable.key, material_id)
            usable.materials[material_id] = material
        return DataKey(envelope.decrypt_blob(material, blob, context).reveal())
    except CryptoError as problem:
        raise CannotDecrypt("the ciphertext does not belong to this key and context") from problem


def check_usable(rows: Rows, keyring: Keyring, key_arn: str) -> None:
    """Refuse a key that cannot decrypt now.

    Raises:
        KeyUnusable: The key does not exist or is not enabled.
    """
    _usable(rows, keyring, key_arn)


def _usable(rows: Rows, keyring: Keyring, key_arn: str) -> _UsableKey:
    found = rows.cached(f"kms-key:{key_arn}", lambda fresh: _load(fresh, keyring, key_arn))
    if found is None:
        raise KeyUnusable(f"{key_arn} does not exist")
    if found.key.attributes.state != "Enabled":
        raise KeyUnusable(f"{key_arn} is {found.key.attributes.state}")
    return found


def _load(rows: Rows, keyring: Keyring, key_arn: str) -> _UsableKey | None:
    key = find_key(rows, key_arn.rpartition("/")[2])
    if key is None or key.arn != key_arn:
        return None
    return _UsableKey(key, _open_material(rows, keyring, key, key.attributes.current_material))


def _open_material(rows: Rows, keyring: Keyring, key: KeyRow, material_id: str) -> envelope.KeyMaterial:
    sealed = sealed_material(rows, key.key_id, material_id)
    if sealed is None:
        raise CannotDecrypt(f"{key.arn} has no material {material_id}")
    return envelope.open_key_material(keyring, sealed, key.account, key.arn, material_id)


def _read_alias(rows: Rows, account: str, region: str) -> str | None:
    key_id = find_alias(rows, account, region, DEFAULT_ALIAS)
    return None if key_id is None else f"arn:aws:kms:{region}:{account}:key/{key_id}"


def _alias_cache_key(account: str, region: str, name: str) -> str:
    return f"kms-alias:{account}:{region}:{name}"
