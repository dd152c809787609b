"""Rows of KMS: keys, their materials, aliases."""

from __future__ import annotations

from typing import Any

import msgspec

from strongroom.clock import Instant
from strongroom.store.rows import Rows, Transaction
from strongroom.store.table import Table

KEYS = Table(
    "kms_keys", columns=("key_id", "account_id", "region", "created_ms", "attributes"), key=("key_id",)
)
MATERIALS = Table(
    "kms_key_materials",
    columns=("key_id", "material_id", "created_ms", "sealed"),
    key=("key_id", "material_id"),
)
ALIASES = Table(
    "kms_aliases",
    columns=("account_id", "region", "name", "key_id", "created_ms"),
    key=("account_id", "region", "name"),
)


class KeyAttributes(msgspec.Struct, frozen=True):
    """What a key is, besides its identity.

    Attributes:
        state: ``Enabled``, ``Disabled`` or ``PendingDeletion``.
        manager: ``AWS`` for the keys that services make, ``CUSTOMER`` for others.
        description: As DescribeKey shows it.
        current_material: The material that encrypts now; the others decrypt only.
    """

    state: str
    manager: str
    description: str
    current_material: str


class KeyRow(msgspec.Struct, frozen=True):
    """One KMS key."""

    key_id: str
    account: str
    region: str
    created_ms: Instant
    attributes: KeyAttributes

    @property
    def arn(self) -> str:
        """The key's ARN."""
        return f"arn:aws:kms:{self.region}:{self.account}:key/{self.key_id}"


def find_key(rows: Rows, key_id: str) -> KeyRow | None:
    """Read a key, or None."""
    row: Any = rows.find(KEYS, key_id)
    if row is None:
        return None
    return KeyRow(row[0], row[1], row[2], row[3], msgspec.msgpack.decode(row[4], type=KeyAttributes))


def insert_key(transaction: Transaction, key: KeyRow) -> None:
    """Add a key."""
    attributes = msgspec.msgpack.encode(key.attributes)
    transaction.insert(KEYS, (key.key_id, key.account, key.region, key.created_ms, attributes))


def find_alias(rows: Rows, account: str, region: str, name: str) -> str | None:
    """Read which key id an alias stands for, or None."""
    row: Any = rows.find(ALIASES, account, region, name)
    return None if row is None else row[3]


def sealed_material(rows: Rows, key_id: str, material_id: str) -> bytes | None:
    """Read a sealed key material, or None."""
    row: Any = rows.find(MATERIALS, key_id, material_id)
    return None if row is None else row[3]
