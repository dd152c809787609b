"""Rows of accounts, Regions and access keys, and the cache keys that their changes invalidate.

Rules:
 - Every change of a key names its credential, so that it holds on the next request, whichever worker answers
   (S-09). That is done here, where nobody can forget it.
 - A user's row remembers the status of its keys, so that none of their rows can be removed, added or put back to
   an older state outside of Strongroom (K-03).
"""

from __future__ import annotations

from typing import Any, Final

from strongroom.clock import Instant
from strongroom.services.iam.identity_rows import USERS, with_entry
from strongroom.services.iam.model import AccessKey, User
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

ACCOUNTS = Table("accounts", columns=("account_id", "created_ms"), key=("account_id",))
REGIONS = Table("regions", columns=("region", "created_ms"), key=("region",))
ACCESS_KEYS = Table(
    "iam_access_keys",
    columns=("access_key_id", "account_id", "user_id", "status", "created_ms", "sealed_secret"),
    key=("access_key_id",),
)

REGIONS_KEY: Final = "regions"
"""The cache key of the list of Regions."""


def credential_key(access_key_id: str) -> str:
    """Name the credential of an access key in the cache."""
    return f"credential:{access_key_id}"


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
        user = USERS.find_by_id(rows, user_id)
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
    user = USERS.find_by_id(transaction, user_id)
    if user is not None:
        keys = with_entry(user.attributes.keys, access_key_id, status)
        USERS.change_attributes(transaction, user, keys=keys)


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
