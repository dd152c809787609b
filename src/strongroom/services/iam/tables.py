"""Rows of accounts, Regions, users, their keys and policies, and the cache keys that their changes invalidate.

Rules:
 - Every change of a key, a user or a user's policy names the credentials of all keys of that user, so that it
   holds on the next request, whichever worker answers (S-09). That is done here, where nobody can forget it.
 - A user's row remembers its policies and the status of its keys, so that none of their rows can be removed,
   added or put back to an older state outside of Strongroom (K-03).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.services.iam.model import AccessKey, InlinePolicy, User, UserAttributes, fold_name
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows, Transaction
from strongroom.store.table import Row, Table

ACCOUNTS = Table("accounts", columns=("account_id", "created_ms"), key=("account_id",))
REGIONS = Table("regions", columns=("region", "created_ms"), key=("region",))
USERS = Table(
    "iam_users",
    columns=("account_id", "name_folded", "user_id", "name", "path", "created_ms", "attributes"),
    key=("account_id", "name_folded"),
)
USER_POLICIES = Table("iam_user_policies", columns=("user_id", "name", "document"), key=("user_id", "name"))
ACCESS_KEYS = Table(
    "iam_access_keys",
    columns=("access_key_id", "account_id", "user_id", "status", "created_ms", "sealed_secret"),
    key=("access_key_id",),
)

REGIONS_KEY: Final = "regions"
"""The cache key of the list of Regions."""

T = TypeVar("T")

_decode_attributes = msgspec.msgpack.Decoder(UserAttributes).decode
_encode_attributes = msgspec.msgpack.Encoder().encode


def credential_key(access_key_id: str) -> str:
    """Name the credential of an access key in the cache."""
    return f"credential:{access_key_id}"


def find_user(rows: Rows, account: str, name: str) -> User | None:
    """Read a user by its name, whatever its case, or None."""
    row = rows.find(USERS, account, fold_name(name))
    return None if row is None else _user_of_row(row)


def find_user_by_id(rows: Rows, user_id: str) -> User | None:
    """Read a user by its unique id, or None."""
    found = rows.select(USERS, "WHERE user_id = ?", (user_id,))
    return _user_of_row(found[0]) if found else None


def list_users(rows: Rows, account: str, path_prefix: str, after: str, most: int) -> list[User]:
    """Read users whose path begins with ``path_prefix``, by folded name from behind ``after``."""
    clause = (
        "WHERE account_id = ? AND name_folded > ? AND substr(path, 1, length(?)) = ? "
        "ORDER BY name_folded LIMIT ?"
    )
    found = rows.select(USERS, clause, (account, after, path_prefix, path_prefix, most))
    return [_user_of_row(row) for row in found]


def count_users(rows: Rows, account: str) -> int:
    """Count the users of an account."""
    counted: Any = rows.scalar("SELECT count(*) FROM iam_users WHERE account_id = ?", (account,))
    return int(counted)


def insert_user(transaction: Transaction, user: User) -> None:
    """Add a user."""
    transaction.insert(USERS, _row_of_user(user))


def update_user(transaction: Transaction, user: User) -> None:
    """Replace a user's row; its name stays the same but for its case."""
    transaction.update(USERS, _row_of_user(user))
    credentials_changed(transaction, user.user_id)


def remove_user(transaction: Transaction, user: User) -> None:
    """Remove a user that has neither keys nor policies any more."""
    credentials_changed(transaction, user.user_id)
    transaction.delete(USERS, user.account, fold_name(user.name))


def find_access_key(rows: Rows, access_key_id: str) -> AccessKey | None:
    """Read an access key, or None."""
    row = rows.find(ACCESS_KEYS, access_key_id)
    return None if row is None else _key_of_row(row)


def list_access_keys(rows: Rows, user_id: str) -> list[AccessKey]:
    """Read the keys of a user, oldest first.

    Raises:
        StoreTampered: They are not those that the user's row remembers.
    """
    clause = "WHERE user_id = ? ORDER BY created_ms, access_key_id"
    with rows.snapshot():
        keys = [_key_of_row(row) for row in rows.select(ACCESS_KEYS, clause, (user_id,))]
        user = find_user_by_id(rows, user_id)
    if user is not None and user.attributes.keys != {key.access_key_id: key.status for key in keys}:
        raise StoreTampered("the access keys of a user were changed outside of Strongroom")
    return keys


def check_key(user: User, key: AccessKey) -> None:
    """Compare an access key with what its user's row remembers of it.

    Raises:
        StoreTampered: The key's row was added, or put back to an older state.
    """
    if user.attributes.keys.get(key.access_key_id) != key.status:
        raise StoreTampered("an access key was changed outside of Strongroom")


def insert_access_key(transaction: Transaction, key: AccessKey) -> None:
    """Add an access key."""
    transaction.insert(ACCESS_KEYS, _row_of_key(key))
    _remember_key(transaction, key.user_id, key.access_key_id, key.status)


def update_access_key(transaction: Transaction, key: AccessKey) -> None:
    """Replace an access key's row."""
    transaction.update(ACCESS_KEYS, _row_of_key(key))
    _remember_key(transaction, key.user_id, key.access_key_id, key.status)


def remove_access_key(transaction: Transaction, user_id: str, access_key_id: str) -> None:
    """Remove an access key."""
    transaction.delete(ACCESS_KEYS, access_key_id)
    _remember_key(transaction, user_id, access_key_id, None)


def find_user_policy(rows: Rows, user_id: str, name: str) -> InlinePolicy | None:
    """Read an inline policy of a user, or None."""
    row: Any = rows.find(USER_POLICIES, user_id, name)
    return None if row is None else InlinePolicy(row[1], row[2])


def list_user_policies(rows: Rows, user_id: str) -> list[InlinePolicy]:
    """Read the inline policies of a user, by name.

    Raises:
        StoreTampered: They are not those that the user's row remembers.
    """
    with rows.snapshot():
        found: Any = rows.select(USER_POLICIES, "WHERE user_id = ? ORDER BY name", (user_id,))
        user = find_user_by_id(rows, user_id)
    policies = [InlinePolicy(row[1], row[2]) for row in found]
    if user is not None and user.attributes.policies != {policy.name: policy.digest for policy in policies}:
        raise StoreTampered("the policies of a user were changed outside of Strongroom")
    return policies


def put_user_policy(transaction: Transaction, user_id: str, policy: InlinePolicy) -> None:
    """Add or replace an inline policy of a user."""
    transaction.delete(USER_POLICIES, user_id, policy.name)
    transaction.insert(USER_POLICIES, (user_id, policy.name, policy.document))
    _remember_policy(transaction, user_id, policy.name, policy.digest)


def remove_user_policy(transaction: Transaction, user_id: str, name: str) -> None:
    """Remove an inline policy of a user."""
    transaction.delete(USER_POLICIES, user_id, name)
    _remember_policy(transaction, user_id, name, None)


def credentials_changed(transaction: Transaction, user_id: str) -> None:
    """Invalidate the credentials of all keys of a user."""
    found: Any = transaction.select(ACCESS_KEYS, "WHERE user_id = ?", (user_id,))
    transaction.changed(*(credential_key(row[0]) for row in found))


def find_account(rows: Rows, account: str) -> Instant | None:
    """Read when an account was made, or None when there is no such account."""
    row: Any = rows.find(ACCOUNTS, account)
    return None if row is None else int(row[1])


def insert_account(transaction: Transaction, account: str, now_ms: Instant) -> None:
    """Add an account."""
    transaction.insert(ACCOUNTS, (account, now_ms))


def account_ids(rows: Rows) -> tuple[str, ...]:
    """Read the ids of all accounts, in order."""
    found: Any = rows.select(ACCOUNTS, "ORDER BY account_id")
    return tuple(row[0] for row in found)


def region_names(rows: Rows) -> tuple[str, ...]:
    """Read the names of all Regions, in order."""
    found: Any = rows.select(REGIONS, "ORDER BY region")
    return tuple(row[0] for row in found)


def insert_region(transaction: Transaction, region: str, now_ms: Instant) -> None:
    """Add a Region."""
    transaction.insert(REGIONS, (region, now_ms))
    transaction.changed(REGIONS_KEY)


def _remember_key(transaction: Transaction, user_id: str, access_key_id: str, status: str | None) -> None:
    """Note a key's status in its user's row; None forgets the key."""
    transaction.changed(credential_key(access_key_id))
    user = find_user_by_id(transaction, user_id)
    if user is not None:
        keys = _with(user.attributes.keys, access_key_id, status)
        update_user(transaction, replace(user, attributes=replace(user.attributes, keys=keys)))


def _remember_policy(transaction: Transaction, user_id: str, name: str, digest: bytes | None) -> None:
    """Note an inline policy in its user's row; None forgets it."""
    user = find_user_by_id(transaction, user_id)
    if user is not None:
        policies = _with(user.attributes.policies, name, digest)
        update_user(transaction, replace(user, attributes=replace(user.attributes, policies=policies)))


def _with(entries: Mapping[str, T], name: str, value: T | None) -> dict[str, T]:
    others = {key: held for key, held in entries.items() if key != name}
    return others if value is None else {**others, name: value}


def _user_of_row(row: Row) -> User:
    values: Any = row
    account, _, user_id, name, path, created_ms, attributes = values
    return User(account, user_id, name, path, created_ms, _decode_attributes(attributes))


def _row_of_user(user: User) -> Row:
    return (
        user.account,
        fold_name(user.name),
        user.user_id,
        user.name,
        user.path,
        user.created_ms,
        _encode_attributes(user.attributes),
    )


def _key_of_row(row: Row) -> AccessKey:
    values: Any = row
    return AccessKey(*values)


def _row_of_key(key: AccessKey) -> Row:
    return (
        key.access_key_id,
        key.account,
        key.user_id,
        key.status,
        key.created_ms,
        key.sealed_secret,
    )
