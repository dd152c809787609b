"""Rows of customers' managed policies, their versions, and what they are attached to.

Rules:
 - The text in force of a managed policy, AWS's or a customer's, is one cache entry (``policy_key``); whatever was
   made of it depends on that key, so that a new default version holds on the next request (S-09).
 - A policy's row remembers the digest of every version (K-03). The rows of users, groups and roles say what is
   attached to them; the table of attachments answers the other way round, and a customer's policy remembers how many
   it has there.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec.structs import replace

from strongroom.policy.managed import find_managed_policy
from strongroom.services.iam.model import CustomerPolicy, PolicyAttributes, PolicyVersion, fold_name
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

POLICIES: Final = Table(
    "iam_policies",
    columns=("account_id", "name_folded", "policy_id", "name", "path", "created_ms", "attributes"),
    key=("account_id", "name_folded"),
)
VERSIONS: Final = Table(
    "iam_policy_versions",
    columns=("policy_id", "number", "created_ms", "document"),
    key=("policy_id", "number"),
)
ATTACHMENTS: Final = Table(
    "iam_attachments",
    columns=("account_id", "policy_arn", "use", "unique_id"),
    key=("account_id", "policy_arn", "use", "unique_id"),
)

Use = Literal["policy", "boundary"]
"""Whether a policy is attached to an identity or is its permissions boundary."""

_decode_attributes = msgspec.msgpack.Decoder(PolicyAttributes).decode
_encode_attributes = msgspec.msgpack.Encoder().encode


def policy_key(arn: str) -> str:
    """Name a managed policy in the cache."""
    return f"iam-policy:{arn}"


def find_policy(rows: Rows, account: str, name: str) -> CustomerPolicy | None:
    """Read a customer's managed policy by its name, whatever its case, or None."""
    row = rows.find(POLICIES, account, fold_name(name))
    return None if row is None else _of_row(row)


def find_policy_by_arn(rows: Rows, arn: str) -> CustomerPolicy | None:
    """Read a customer's managed policy by its ARN, path included, or None."""
    head, _, resource = arn.partition(":policy/")
    account = head.removeprefix("arn:aws:iam::")
    policy = find_policy(rows, account, resource.rpartition("/")[2])
    return policy if policy is not None and policy.arn == arn else None


def page_of_policies(
    rows: Rows, account: str, path_prefix: str, after: str, most: int
) -> list[CustomerPolicy]:
    """Read those whose path begins with ``path_prefix``, by folded name from behind ``after``."""
    clause = (
        "WHERE account_id = ? AND name_folded > ? AND substr(path, 1, length(?)) = ? "
        "ORDER BY name_folded LIMIT ?"
    )
    found = rows.select(POLICIES, clause, (account, after, path_prefix, path_prefix, most))
    return [_of_row(row) for row in found]


def count_policies(rows: Rows, account: str) -> int:
    """Count the managed policies of a customer."""
    counted: Any = rows.scalar("SELECT count(*) FROM iam_policies WHERE account_id = ?", (account,))
    return int(counted)


def insert_policy(transaction: Transaction, policy: CustomerPolicy) -> None:
    """Add a policy; its versions are rows of their own."""
    transaction.insert(POLICIES, _row_of(policy))
    transaction.changed(policy_key(policy.arn))


def update_policy(transaction: Transaction, policy: CustomerPolicy) -> None:
    """Replace a policy's row."""
    transaction.update(POLICIES, _row_of(policy))
    transaction.changed(policy_key(policy.arn))


def remove_policy(transaction: Transaction, policy: CustomerPolicy) -> None:
    """Remove a policy with all its versions."""
    for number in policy.attributes.versions:
        transaction.delete(VERSIONS, policy.policy_id, number)
    transaction.delete(POLICIES, policy.account, fold_name(policy.name))
    transaction.changed(policy_key(policy.arn))


def insert_version(transaction: Transaction, version: PolicyVersion) -> None:
    """Add a version; the policy's row must remember its digest."""
    transaction.insert(VERSIONS, (version.policy_id, version.number, version.created_ms, version.document))


def remove_version(transaction: Transaction, policy_id: str, number: int) -> None:
    """Remove a version; the policy's row must forget it."""
    transaction.delete(VERSIONS, policy_id, number)


def find_version(rows: Rows, policy: CustomerPolicy, number: int) -> PolicyVersion | None:
    """Read a version of a policy, or None when the policy has no such version.

    Raises:
        StoreTampered: It is not what the policy's row remembers.
    """
    digest = policy.attributes.versions.get(number)
    row: Any = rows.find(VERSIONS, policy.policy_id, number)
    version = None if row is None else PolicyVersion(*row)
    if (None if version is None else version.digest) != digest:
        raise StoreTampered("a version of a managed policy was changed outside of Strongroom")
    return version


def text_in_force(rows: Rows, arn: str) -> str | None:
    """Return the document of a managed policy in its default version, or None when there is no such policy."""
    managed = find_managed_policy(arn)
    if managed is not None:
        return managed.document
    with rows.snapshot():
        policy = find_policy_by_arn(rows, arn)
        if policy is None:
            return None
        version = find_version(rows, policy, policy.attributes.default)
    return None if version is None else version.document


def insert_attachment(transaction: Transaction, account: str, arn: str, use: Use, unique_id: str) -> None:
    """Note that an identity of an account has a policy."""
    transaction.insert(ATTACHMENTS, (account, arn, use, unique_id))
    _count_attachment(transaction, arn, use, 1)


def remove_attachment(transaction: Transaction, account: str, arn: str, use: Use, unique_id: str) -> None:
    """Note that it has it no longer."""
    transaction.delete(ATTACHMENTS, account, arn, use, unique_id)
    _count_attachment(transaction, arn, use, -1)


def attached_ids(rows: Rows, account: str, arn: str, use: Use) -> list[str]:
    """Read the unique ids of the identities of an account that have a policy, in order.

    Raises:
        StoreTampered: There are not as many as the policy's row says.
    """
    clause = "WHERE account_id = ? AND policy_arn = ? AND use = ? ORDER BY unique_id"
    with rows.snapshot():
        found: Any = rows.select(ATTACHMENTS, clause, (account, arn, use))
        policy = find_policy_by_arn(rows, arn)
    if policy is not None and len(found) != attachment_count(policy, use):
        raise StoreTampered("the attachments of a managed policy were changed outside of Strongroom")
    return [row[3] for row in found]


def attachment_count(policy: CustomerPolicy, use: Use) -> int:
    """Give how many identities have a customer's policy."""
    return policy.attributes.attached if use == "policy" else policy.attributes.bounding


def _count_attachment(transaction: Transaction, arn: str, use: Use, by: int) -> None:
    """Note in the row of a customer's policy how many have it; policies of AWS have no row."""
    policy = find_policy_by_arn(transaction, arn)
    if policy is not None:
        count = attachment_count(policy, use) + by
        held = policy.attributes
        changed = replace(held, attached=count) if use == "policy" else replace(held, bounding=count)
        update_policy(transaction, replace(policy, attributes=changed))


def _of_row(row: Row) -> CustomerPolicy:
    values: Any = row
    account, _, policy_id, name, path, created_ms, attributes = values
    return CustomerPolicy(account, policy_id, name, path, created_ms, _decode_attributes(attributes))


def _row_of(policy: CustomerPolicy) -> Row:
    return (
        policy.account,
        fold_name(policy.name),
        policy.policy_id,
        policy.name,
        policy.path,
        policy.created_ms,
        _encode_attributes(policy.attributes),
    )
