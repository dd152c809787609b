"""Rows of KMS: keys, their materials, policies, aliases and grants, and the cache keys that their changes invalidate.

Rules:
 - A key's row remembers its policy, its aliases and the sum of its grants, so that none of their rows can be removed,
   added or put back to an older state outside of Strongroom (K-03).
 - So every change of any of them changes the key's row, and the one cache key of the key stands for all of them.
 - When something is due of a key follows from its row; ``update_key`` keeps the table of due times beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from strongroom.clock import Instant
from strongroom.services.kms.model import AliasNote, Grant, KeyAttributes, KeyRow
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

KEYS: Final = Table(
    "kms_keys", columns=("key_id", "account_id", "region", "created_ms", "attributes"), key=("key_id",)
)
MATERIALS: Final = Table(
    "kms_key_materials",
    columns=("key_id", "material_id", "created_ms", "sealed"),
    key=("key_id", "material_id"),
)
ALIASES: Final = Table(
    "kms_aliases",
    columns=("account_id", "region", "name", "key_id", "created_ms"),
    key=("account_id", "region", "name"),
)
POLICIES: Final = Table("kms_key_policies", columns=("key_id", "document", "principal_ids"), key=("key_id",))
GRANTS: Final = Table(
    "kms_grants",
    columns=("grant_id", "key_id", "account_id", "region", "retiring", "created_ms", "attributes"),
    key=("grant_id",),
)

_SUM: Final = 1 << 256
_encode = msgspec.msgpack.Encoder().encode
_decode_attributes = msgspec.msgpack.Decoder(KeyAttributes).decode
_decode_ids = msgspec.msgpack.Decoder(dict[str, str]).decode


class _GrantAttributes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What of a grant stands in one column."""

    grantee: str
    issuer: str
    operations: tuple[str, ...]
    grantee_id: str = ""
    retiring_id: str = ""
    subset: dict[str, str] | None = None
    equals: dict[str, str] | None = None
    name: str = ""


class Alias(msgspec.Struct, frozen=True):
    """A name for a key."""

    account: str
    region: str
    name: str
    key_id: str
    created_ms: Instant


_decode_grant = msgspec.msgpack.Decoder(_GrantAttributes).decode


def key_key(key_id: str) -> str:
    """Name a key in the cache, with its policy and its grants."""
    return f"kms-key:{key_id}"


def alias_key(account: str, region: str, name: str) -> str:
    """Name an alias in the cache."""
    return f"kms-alias:{account}:{region}:{name}"


# Keys


def find_key(rows: Rows, key_id: str) -> KeyRow | None:
    """Read a key, or None."""
    row = rows.find(KEYS, key_id)
    return None if row is None else _key_of_row(row)


def page_keys(rows: Rows, account: str, region: str, after: str, most: int) -> list[KeyRow]:
    """Read keys of an account in the order of their ids, from the one that follows ``after``."""
    clause = "WHERE account_id = ? AND region = ? AND key_id > ? ORDER BY key_id LIMIT ?"
    return [_key_of_row(row) for row in rows.select(KEYS, clause, (account, region, after, most))]


def count_keys(rows: Rows, account: str, region: str) -> int:
    """Count the keys of an account in a Region."""
    sql = "SELECT count(*) FROM kms_keys WHERE account_id = ? AND region = ?"
    counted: Any = rows.scalar(sql, (account, region))
    return int(counted)


def insert_key(transaction: Transaction, key: KeyRow) -> None:
    """Add a key."""
    transaction.insert(KEYS, _row_of_key(key))
    _put_due(transaction, key)


def update_key(transaction: Transaction, key: KeyRow) -> None:
    """Replace a key's row."""
    transaction.update(KEYS, _row_of_key(key))
    transaction.changed(key_key(key.key_id))
    _put_due(transaction, key)


def remove_key(transaction: Transaction, key: KeyRow) -> None:
    """Remove a key with its materials, policy, aliases and grants: what was encrypted under it is lost."""
    of_key = (key.key_id,)
    for material_id in transaction.column(
        "SELECT material_id FROM kms_key_materials WHERE key_id = ?", of_key
    ):
        transaction.delete(MATERIALS, key.key_id, material_id)
    for grant_id in transaction.column("SELECT grant_id FROM kms_grants WHERE key_id = ?", of_key):
        transaction.delete(GRANTS, grant_id)
    transaction.run("DELETE FROM kms_key_dues WHERE key_id = ?", (key.key_id,))
    transaction.delete(POLICIES, key.key_id)
    for alias in key.attributes.aliases:
        transaction.delete(ALIASES, key.account, key.region, alias.name)
        transaction.changed(alias_key(key.account, key.region, alias.name))
    transaction.delete(KEYS, key.key_id)
    transaction.changed(key_key(key.key_id))


def list_due_keys(rows: Rows, now_ms: Instant, most: int) -> list[str]:
    """List keys that something is due of, the longest overdue first."""
    due: list[Any] = rows.column(
        "SELECT key_id FROM kms_key_dues WHERE due_ms <= ? ORDER BY due_ms, key_id LIMIT ?", (now_ms, most)
    )
    return due


def postpone_key(transaction: Transaction, key_id: str, due_ms: Instant | None) -> None:
    """Look at a key at another time; None for not at all."""
    if due_ms is None:
        transaction.run("DELETE FROM kms_key_dues WHERE key_id = ?", (key_id,))
    else:
        sql = "INSERT OR REPLACE INTO kms_key_dues (key_id, due_ms) VALUES (?, ?)"
        transaction.run(sql, (key_id, due_ms))


def _put_due(transaction: Transaction, key: KeyRow) -> None:
    postpone_key(transaction, key.key_id, key.due_ms)


def _key_of_row(row: Row) -> KeyRow:
    values: Any = row
    return KeyRow(values[0], values[1], values[2], values[3], _decode_attributes(values[4]))


def _row_of_key(key: KeyRow) -> Row:
    return (key.key_id, key.account, key.region, key.created_ms, _encode(key.attributes))


# Materials


def insert_material(
    transaction: Transaction, key_id: str, material_id: str, now_ms: Instant, sealed: bytes
) -> None:
    """Add a sealed key material."""
    transaction.insert(MATERIALS, (key_id, material_id, now_ms, sealed))


def sealed_material(rows: Rows, key_id: str, material_id: str) -> bytes | None:
    """Read a sealed key material, or None."""
    row: Any = rows.find(MATERIALS, key_id, material_id)
    return None if row is None else row[3]


def list_materials(rows: Rows, key_id: str) -> list[tuple[str, Instant]]:
    """List the materials of a key with the instants at which they were made, the first of them first."""
    clause = "WHERE key_id = ? ORDER BY created_ms, material_id"
    found: list[Any] = rows.select(MATERIALS, clause, (key_id,))
    return [(row[1], row[2]) for row in found]


# Policies


def find_policy(rows: Rows, key: KeyRow) -> tuple[str, dict[str, str]]:
    """Read the text of a key's policy, and the unique ids that the ARNs in it stand for.

    Raises:
        StoreTampered: It is not the one that the key's row remembers.
    """
    row: Any = rows.find(POLICIES, key.key_id)
    if row is None or _digest(row[1], row[2]) != key.attributes.policy:
        raise StoreTampered("the policy of a KMS key was changed outside of Strongroom")
    return row[1], _decode_ids(row[2])


def put_policy(
    transaction: Transaction, key: KeyRow, document: str, principal_ids: Mapping[str, str]
) -> KeyRow:
    """Write a key's policy; give the key that remembers it, for ``insert_key`` or ``update_key``."""
    bound = _encode(dict(sorted(principal_ids.items())))
    transaction.delete(POLICIES, key.key_id)
    transaction.insert(POLICIES, (key.key_id, document, bound))
    return key.with_attributes(policy=_digest(document, bound))


def _digest(document: str, bound: bytes) -> bytes:
    return sha256(sha256(document.encode()).digest() + bound).digest()


# Aliases


def find_alias(rows: Rows, account: str, region: str, name: str) -> Alias | None:
    """Read an alias, or None."""
    row = rows.find(ALIASES, account, region, name)
    return None if row is None else _alias_of_row(row)


def page_aliases(rows: Rows, account: str, region: str, after: str, most: int) -> list[Alias]:
    """Read aliases of an account in the order of their names, from the one that follows ``after``."""
    clause = "WHERE account_id = ? AND region = ? AND name > ? ORDER BY name LIMIT ?"
    return [_alias_of_row(row) for row in rows.select(ALIASES, clause, (account, region, after, most))]


def put_alias(transaction: Transaction, alias: Alias) -> None:
    """Write an alias in place of the one that has its name, if there is one."""
    transaction.delete(ALIASES, alias.account, alias.region, alias.name)
    transaction.insert(ALIASES, (alias.account, alias.region, alias.name, alias.key_id, alias.created_ms))
    transaction.changed(alias_key(alias.account, alias.region, alias.name))


def remove_alias(transaction: Transaction, alias: Alias) -> None:
    """Remove an alias."""
    transaction.delete(ALIASES, alias.account, alias.region, alias.name)
    transaction.changed(alias_key(alias.account, alias.region, alias.name))


def with_alias(key: KeyRow, name: str, now_ms: Instant) -> KeyRow:
    """Give the key that remembers one alias more."""
    return key.with_attributes(aliases=(*key.attributes.aliases, AliasNote(name, now_ms)))


def without_alias(key: KeyRow, name: str) -> KeyRow:
    """Give the key that remembers one alias less."""
    return key.with_attributes(aliases=tuple(note for note in key.attributes.aliases if note.name != name))


def _alias_of_row(row: Row) -> Alias:
    values: Any = row
    return Alias(*values)


# Grants


def find_grant(rows: Rows, grant_id: str) -> Grant | None:
    """Read a grant, or None."""
    row = rows.find(GRANTS, grant_id)
    return None if row is None else _grant_of_row(row)


def list_grants(rows: Rows, key: KeyRow) -> list[Grant]:
    """Read all grants of a key, the first of them first.

    Raises:
        StoreTampered: They are not those that the key's row remembers.
    """
    found = rows.select(GRANTS, "WHERE key_id = ? ORDER BY created_ms, grant_id", (key.key_id,))
    total = sum(_weight(row) for row in found) % _SUM
    if _written(total) != key.attributes.grants:
        raise StoreTampered("the grants of a KMS key were changed outside of Strongroom")
    return [_grant_of_row(row) for row in found]


def page_retirable(
    rows: Rows, retiring: str, account: str, region: str, after: tuple[int, str], most: int
) -> list[Grant]:
    """Read grants of an account that a principal may retire, from the one that follows ``after``."""
    clause = (
        "WHERE retiring = ? AND account_id = ? AND region = ? AND (created_ms, grant_id) > (?, ?) "
        "ORDER BY created_ms, grant_id LIMIT ?"
    )
    found = rows.select(GRANTS, clause, (retiring, account, region, *after, most))
    return [_grant_of_row(row) for row in found]


def count_grants(rows: Rows, key_id: str) -> int:
    """Count the grants of a key."""
    counted: Any = rows.scalar("SELECT count(*) FROM kms_grants WHERE key_id = ?", (key_id,))
    return int(counted)


def insert_grant(transaction: Transaction, key: KeyRow, grant: Grant) -> None:
    """Add a grant, and note it in the key's row."""
    row = _row_of_grant(grant)
    transaction.insert(GRANTS, row)
    _note_grants(transaction, key, _weight(row))


def remove_grant(transaction: Transaction, key: KeyRow, grant: Grant) -> None:
    """Remove a grant, and note that in the key's row."""
    transaction.delete(GRANTS, grant.grant_id)
    _note_grants(transaction, key, -_weight(_row_of_grant(grant)))


def _note_grants(transaction: Transaction, key: KeyRow, weight: int) -> None:
    total = (int.from_bytes(key.attributes.grants) + weight) % _SUM
    update_key(transaction, key.with_attributes(grants=_written(total)))


def _written(total: int) -> bytes:
    return total.to_bytes(32) if total else b""


def _weight(row: Row) -> int:
    return int.from_bytes(sha256(_encode(row)).digest())


def _grant_of_row(row: Row) -> Grant:
    values: Any = row
    held = _decode_grant(values[6])
    return Grant(
        grant_id=values[0],
        key_id=values[1],
        account=values[2],
        region=values[3],
        retiring=values[4],
        created_ms=values[5],
        grantee=held.grantee,
        issuer=held.issuer,
        operations=held.operations,
        grantee_id=held.grantee_id,
        retiring_id=held.retiring_id,
        subset=held.subset,
        equals=held.equals,
        name=held.name,
    )


def _row_of_grant(grant: Grant) -> Row:
    attributes = _GrantAttributes(
        grantee=grant.grantee,
        issuer=grant.issuer,
        operations=grant.operations,
        grantee_id=grant.grantee_id,
        retiring_id=grant.retiring_id,
        subset=None if grant.subset is None else dict(grant.subset),
        equals=None if grant.equals is None else dict(grant.equals),
        name=grant.name,
    )
    return (
        grant.grant_id,
        grant.key_id,
        grant.account,
        grant.region,
        grant.retiring,
        grant.created_ms,
        _encode(attributes),
    )
