"""Rows of Secrets Manager, and the cache keys that their changes invalidate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

import msgspec
from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.crypto.material import Sealed
from strongroom.services.secretsmanager.model import (
    VERSIONS_MOST,
    Attributes,
    BoundPolicy,
    Secret,
    Version,
)
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

SECRETS = Table(
    "secrets",
    columns=(
        "secret_id",
        "account_id",
        "region",
        "name",
        "suffix",
        "created_ms",
        "changed_ms",
        "accessed_ms",
        "deleted_ms",
        "purge_ms",
        "attributes",
    ),
    key=("secret_id",),
    family="secret",
    unique=(("account_id", "region", "name"),),
)
VERSIONS = Table(
    "secret_versions",
    columns=("secret_id", "version_id", "created_ms", "accessed_ms", "key_ids", "field", "sealed"),
    key=("secret_id", "version_id"),
    family="secret",
)
ROTATIONS = Table(
    "rotations",
    columns=("secret_id", "due_ms", "lease_until_ms", "epoch", "work"),
    key=("secret_id",),
    family="secret",
)
HISTORY = Table(
    "rotation_history",
    columns=("secret_id", "entry", "at_ms", "facts"),
    key=("secret_id", "entry"),
    family="secret",
)
POLICIES = Table("secret_policies", columns=("secret_id", "document"), key=("secret_id",), family="secret")

_BY_NAME = ("account_id", "region", "name")
_FOREVER_MS = (1 << 63) - 1
_WRITTEN_BYTES = 500
_decode_attributes = msgspec.msgpack.Decoder(Attributes).decode
_encode_attributes = msgspec.msgpack.Encoder().encode


def secret_key(account: str, region: str, name: str) -> str:
    """Name a secret in the cache."""
    return f"secret:{account}:{region}:{name}"


def version_key(secret_id: int, version_id: str) -> str:
    """Name a version in the cache."""
    return f"version:{secret_id}:{version_id}"


def policy_key(secret_id: int) -> str:
    """Name a secret's resource policy in the cache."""
    return f"secret-policy:{secret_id}"


def find_secret(rows: Rows, account: str, region: str, name: str) -> Secret | None:
    """Read a secret by its name, or None."""
    key = secret_key(account, region, name)
    kept: Secret | None = rows.cache.get(key)
    if kept is not None:
        return kept
    return rows.cached(key, lambda fresh: _read_secret(fresh, account, region, name), _weigh_secret)


def secret_of_row(row: Row) -> Secret:
    """Make a secret of a row of ``SECRETS``."""
    values: Any = row
    parts: tuple[Any, ...] = (*values[:10], _decode_attributes(values[10]))
    return Secret(*parts)


def insert_secret(transaction: Transaction, secret: Secret) -> None:
    """Add a secret."""
    transaction.insert(SECRETS, _row_of_secret(secret))
    transaction.changed(secret_key(secret.account, secret.region, secret.name))


def update_secret(transaction: Transaction, secret: Secret) -> None:
    """Replace a secret's row; the next change of it in this process needs not read it again."""
    key = secret_key(secret.account, secret.region, secret.name)
    written = transaction.cache.written(key)
    if written is None:
        kept: Secret | None = transaction.cache.get(key)
        was, tag = None if kept is None else _row_of_secret(kept), None
    else:
        was, tag = written
    written = transaction.update(SECRETS, _row_of_secret(secret), was, tag)
    transaction.changed(key)
    transaction.cache.put(key, secret, _WRITTEN_BYTES + _weigh_secret(secret), written=written)


def new_secret_id(transaction: Transaction, now_ms: Instant) -> int:
    """Give an id that is greater than that of every secret made before, even when the clock stood or went back."""
    newest: Any = transaction.scalar("SELECT max(secret_id) FROM secrets")
    return max(now_ms << 20, (newest or 0) + 1)


def find_secret_by_id(rows: Rows, secret_id: int) -> Secret | None:
    """Read a secret by our own id, or None; not kept in the cache."""
    row = rows.find(SECRETS, secret_id)
    return secret_of_row(row) if row is not None else None


def list_secret_ids(rows: Rows, after: int, most: int) -> list[int]:
    """List the ids of secrets from behind ``after``, whoever's they are."""
    found: list[Any] = rows.column(
        "SELECT secret_id FROM secrets WHERE secret_id > ? ORDER BY secret_id LIMIT ?", (after, most)
    )
    return found


def list_due_secrets(rows: Rows, now_ms: Instant, most: int) -> list[int]:
    """List secrets whose recovery window is over, the longest overdue first."""
    due: list[Any] = rows.column(
        "SELECT secret_id FROM secrets WHERE purge_ms <= ? ORDER BY purge_ms, secret_id LIMIT ?",
        (now_ms, most),
    )
    return due


def last_of_window(rows: Rows, after: int, most: int) -> int | None:
    """Return the last of the ``most`` secrets that follow the id ``after``; None when none follows."""
    last: Any = rows.scalar(
        "SELECT max(secret_id) FROM (SELECT secret_id FROM secrets WHERE secret_id > ? ORDER BY secret_id LIMIT ?)",
        (after, most),
    )
    return None if last is None else int(last)


def list_crowded_secrets(rows: Rows, after: int, last: int) -> list[int]:
    """List the secrets with ids above ``after``, up to ``last``, that have more versions than they should."""
    crowded: list[Any] = rows.column(
        "SELECT secret_id FROM secret_versions WHERE secret_id > ? AND secret_id <= ? "
        "GROUP BY secret_id HAVING count(*) > ?",
        (after, last, VERSIONS_MOST),
    )
    return crowded


def remove_secret(transaction: Transaction, secret: Secret) -> list[str]:
    """Remove a secret with its versions and its policy; return the ids of the versions, oldest first.

    The versions are not read: one whose row was tampered with can be removed, but not opened.
    """
    version_ids = list_version_ids(transaction, secret.secret_id)
    for version_id in version_ids:
        remove_version(transaction, secret.secret_id, version_id)
    transaction.delete(POLICIES, secret.secret_id)
    for entry in transaction.column(
        "SELECT entry FROM rotation_history WHERE secret_id = ?", (secret.secret_id,)
    ):
        transaction.delete(HISTORY, secret.secret_id, entry)
    transaction.delete(ROTATIONS, secret.secret_id)
    transaction.delete(SECRETS, secret.secret_id)
    transaction.changed(policy_key(secret.secret_id), secret_key(secret.account, secret.region, secret.name))
    return version_ids


def find_version(rows: Rows, secret_id: int, version_id: str) -> Version | None:
    """Read a version, or None."""
    key = version_key(secret_id, version_id)
    kept: Version | None = rows.cache.get(key)
    if kept is not None:
        return kept
    return rows.cached(key, lambda fresh: _read_version(fresh, secret_id, version_id), _weigh_version)


def list_versions(rows: Rows, secret_id: int) -> list[Version]:
    """Read all versions of a secret, oldest first."""
    clause = "WHERE secret_id = ? ORDER BY created_ms, version_id"
    return [version_of_row(row) for row in rows.select(VERSIONS, clause, (secret_id,))]


def list_version_ids(rows: Rows, secret_id: int, until_ms: Instant | None = None) -> list[str]:
    """List the ids of the versions of a secret that were made until ``until_ms``, oldest first."""
    found: list[Any] = rows.column(
        "SELECT version_id FROM secret_versions WHERE secret_id = ? AND created_ms <= ? "
        "ORDER BY created_ms, version_id",
        (secret_id, _FOREVER_MS if until_ms is None else until_ms),
    )
    return found


def find_new_version(transaction: Transaction, secret_id: int, version_id: str) -> Version | None:
    """Read a version that most likely does not exist yet, or None."""
    if not transaction.is_listed(VERSIONS, secret_id, version_id):
        return None
    return find_version(transaction, secret_id, version_id)


def page_versions(rows: Rows, secret_id: int, after: tuple[str | int, ...], most: int) -> list[Version]:
    """Read versions of a secret, oldest first, from the one that follows ``(created_ms, version_id)``."""
    clause = (
        "WHERE secret_id = ? AND (created_ms, version_id) > (?, ?) ORDER BY created_ms, version_id LIMIT ?"
    )
    return [version_of_row(row) for row in rows.select(VERSIONS, clause, (secret_id, *after, most))]


def keys_beside(rows: Rows, key_arn: str) -> list[tuple[str, ...]]:
    """List, for the versions that can be opened with a KMS key, the other keys that open them.

    Looks at every version, so it is for the background; an empty text stands for the default key.
    """
    found: list[Any] = rows.column(
        "SELECT DISTINCT key_ids FROM secret_versions "
        "WHERE instr(char(10) || key_ids || char(10), char(10) || ? || char(10))",
        (key_arn,),
    )
    return [tuple(arn for arn in text.split("\n") if arn != key_arn) for text in found]


def count_versions(rows: Rows, secret_id: int) -> int:
    """Count the versions of a secret."""
    counted: Any = rows.scalar("SELECT count(*) FROM secret_versions WHERE secret_id = ?", (secret_id,))
    return int(counted)


def is_far_from_full(transaction: Transaction, secret_id: int) -> bool:
    """Whether a secret certainly has fewer versions than it may have; nothing is counted for that."""
    return transaction.most_in_family(VERSIONS, secret_id) < VERSIONS_MOST


def version_of_row(row: Row) -> Version:
    """Make a version of a row of ``VERSIONS``."""
    values: Any = row
    keys = tuple(values[4].split("\n")) if values[4] else ()
    return Version(values[0], values[1], values[2], values[3], keys, values[5], values[6])


def insert_version(transaction: Transaction, version: Version) -> None:
    """Add a version. Nobody can have it in a cache, because absent rows are not kept there."""
    transaction.insert(VERSIONS, _row_of_version(version))


def insert_version_later(transaction: Transaction, version: Version, seal: Callable[[], Sealed]) -> None:
    """Add a version whose value is sealed when its row goes in; ``version`` has none yet."""

    def make() -> Row:
        row = _row_of_version(version)
        return (*row[:-1], seal())

    transaction.insert_made(VERSIONS, (version.secret_id, version.version_id), make)


def update_version(transaction: Transaction, version: Version) -> None:
    """Replace a version's row."""
    transaction.update(VERSIONS, _row_of_version(version))
    transaction.changed(version_key(version.secret_id, version.version_id))


def remove_version(transaction: Transaction, secret_id: int, version_id: str) -> None:
    """Remove one version."""
    transaction.delete(VERSIONS, secret_id, version_id)
    transaction.changed(version_key(secret_id, version_id))


def find_policy(rows: Rows, secret: Secret) -> BoundPolicy | None:
    """Read a secret's resource policy, or None.

    Raises:
        StoreTampered: It is not the one that the secret's row remembers.
    """
    if not secret.attributes.policy:
        return None
    with rows.snapshot():
        # Not the secret from the cache: between the two the policy may have been replaced, as it should be.
        present = find_secret_by_id(rows, secret.secret_id)
        row: Any = rows.find(POLICIES, secret.secret_id)
    remembered = present.attributes.policy if present is not None else b""
    if (b"" if row is None else _digest(row[1])) != remembered:
        raise StoreTampered("the resource policy of a secret was changed outside of Strongroom")
    if row is None or present is None:
        return None
    return BoundPolicy(row[1], present.attributes.principal_ids)


def put_policy(transaction: Transaction, secret: Secret, policy: BoundPolicy, now_ms: Instant) -> None:
    """Set a secret's resource policy, and note it in the secret's row."""
    transaction.delete(POLICIES, secret.secret_id)
    transaction.insert(POLICIES, (secret.secret_id, policy.document))
    _remember_policy(transaction, secret, _digest(policy.document), policy.principal_ids, now_ms)


def remove_policy(transaction: Transaction, secret: Secret, now_ms: Instant) -> None:
    """Remove a secret's resource policy."""
    transaction.delete(POLICIES, secret.secret_id)
    _remember_policy(transaction, secret, b"", {}, now_ms)


def _remember_policy(
    transaction: Transaction,
    secret: Secret,
    digest: bytes,
    principal_ids: Mapping[str, str],
    now_ms: Instant,
) -> None:
    attributes = replace(secret.attributes, policy=digest, principal_ids=principal_ids)
    update_secret(transaction, replace(secret, changed_ms=now_ms, attributes=attributes))
    transaction.changed(policy_key(secret.secret_id))


def _digest(document: str) -> bytes:
    return sha256(document.encode()).digest()


def _read_secret(rows: Rows, account: str, region: str, name: str) -> Secret | None:
    row = rows.find_by(SECRETS, _BY_NAME, account, region, name)
    return secret_of_row(row) if row is not None else None


def _read_version(rows: Rows, secret_id: int, version_id: str) -> Version | None:
    row = rows.find(VERSIONS, secret_id, version_id)
    return version_of_row(row) if row is not None else None


def _row_of_secret(secret: Secret) -> Row:
    return (
        secret.secret_id,
        secret.account,
        secret.region,
        secret.name,
        secret.suffix,
        secret.created_ms,
        secret.changed_ms,
        secret.accessed_ms,
        secret.deleted_ms,
        secret.purge_ms,
        _encode_attributes(secret.attributes),
    )


def _row_of_version(version: Version) -> Row:
    return (
        version.secret_id,
        version.version_id,
        version.created_ms,
        version.accessed_ms,
        "\n".join(version.keys),
        version.field,
        version.sealed,
    )


def _weigh_secret(secret: Secret) -> int:
    attributes = secret.attributes
    tags = attributes.tags or ()
    return (
        700
        + 120 * len(attributes.labels)
        + len(attributes.description or "")
        + sum(110 + len(k) + len(v) for k, v in tags)
    )


def _weigh_version(version: Version) -> int:
    # With the data key that it keeps once it was opened, and the form of the record under a customer's key.
    return 1_900 + len(version.sealed) + 1_300 * len(version.keys)
