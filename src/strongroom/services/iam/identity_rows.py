"""Rows of users, groups and roles and of their inline policies.

Rules:
 - Every change of an identity names its cache key (``identity_key``). What was made of it, a credential or the
   policies of a role, depends on that key, so that the change holds on the next request, whichever worker answers
   (S-09). That is done here, where nobody can forget it.
 - An identity's row remembers its inline policies, so that none of their rows can be removed, added or put back to
   an older state outside of Strongroom (K-03).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar

import msgspec
from msgspec.structs import replace

from strongroom.services.iam.model import (
    Group,
    GroupAttributes,
    Identity,
    InlinePolicy,
    Role,
    RoleAttributes,
    User,
    UserAttributes,
    fold_name,
)
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

I = TypeVar("I", bound=Identity)  # noqa: E741 - the one identity of this module
T = TypeVar("T")

_encode_attributes = msgspec.msgpack.Encoder().encode


def identity_key(unique_id: str) -> str:
    """Name a user, group or role in the cache, with all that is its own."""
    return f"iam:{unique_id}"


def inline_source_id(unique_id: str, name: str) -> str:
    """Name an inline policy of a user, group or role in explanations."""
    return f"{unique_id}/{name}"


class IdentityRows(Generic[I]):
    """Rows of one kind of identity.

    Args:
        word: What such an identity is called in ARNs and messages: ``user``.
        inline_most: How many characters the inline policies of one may have together, without white space.
        kind: The type of the identities.
        attributes: The type of their attributes.
        table: Columns account_id, name_folded, the unique id, name, path, created_ms, attributes.
        policies: Columns: the unique id, name, document.
    """

    def __init__(
        self,
        word: str,
        inline_most: int,
        kind: type[I],
        attributes: type[msgspec.Struct],
        table: Table,
        policies: Table,
    ) -> None:
        self.word = word
        self.inline_most = inline_most
        self.kind = kind
        self.table = table
        self.policy_table = policies
        self._decode_attributes = msgspec.msgpack.Decoder(attributes).decode
        id_column = table.columns[2]
        self._by_id = (id_column,)
        self._policies_by_name = f"WHERE {id_column} = ? ORDER BY name"
        self._count = f"SELECT count(*) FROM {table.name} WHERE account_id = ?"  # noqa: S608 - constants (D-07)

    def arn(self, account: str, path: str, name: str) -> str:
        """Write the ARN that one of this path and name has."""
        return f"arn:aws:iam::{account}:{self.word}{path}{name}"

    def find(self, rows: Rows, account: str, name: str) -> I | None:
        """Read one by its name, whatever its case, or None."""
        row = rows.find(self.table, account, fold_name(name))
        return None if row is None else self._of_row(row)

    def find_by_id(self, rows: Rows, unique_id: str) -> I | None:
        """Read one by its unique id, or None."""
        row = rows.find_by(self.table, self._by_id, unique_id)
        return None if row is None else self._of_row(row)

    def page(self, rows: Rows, account: str, path_prefix: str, after: str, most: int) -> list[I]:
        """Read those whose path begins with ``path_prefix``, by folded name from behind ``after``."""
        clause = (
            "WHERE account_id = ? AND name_folded > ? AND substr(path, 1, length(?)) = ? "
            "ORDER BY name_folded LIMIT ?"
        )
        found = rows.select(self.table, clause, (account, after, path_prefix, path_prefix, most))
        return [self._of_row(row) for row in found]

    def count(self, rows: Rows, account: str) -> int:
        """Count those of an account."""
        counted: Any = rows.scalar(self._count, (account,))
        return int(counted)

    def insert(self, transaction: Transaction, identity: I) -> None:
        """Add one."""
        transaction.insert(self.table, self._row_of(identity))

    def update(self, transaction: Transaction, identity: I) -> None:
        """Replace the row of one; its name stays the same but for its case."""
        transaction.update(self.table, self._row_of(identity))
        transaction.changed(identity_key(identity.unique_id))

    def rename(self, transaction: Transaction, before: I, after: I) -> None:
        """Replace the row of one that gets another name or path."""
        transaction.delete(self.table, before.account, fold_name(before.name))
        transaction.insert(self.table, self._row_of(after))
        transaction.changed(identity_key(after.unique_id))

    def remove(self, transaction: Transaction, identity: I) -> None:
        """Remove one that has nothing of its own any more."""
        transaction.delete(self.table, identity.account, fold_name(identity.name))
        transaction.changed(identity_key(identity.unique_id))

    def find_policy(self, rows: Rows, unique_id: str, name: str) -> InlinePolicy | None:
        """Read an inline policy, or None."""
        row: Any = rows.find(self.policy_table, unique_id, name)
        return None if row is None else InlinePolicy(row[1], row[2])

    def list_policies(self, rows: Rows, unique_id: str) -> list[InlinePolicy]:
        """Read the inline policies of one, by name.

        Raises:
            StoreTampered: They are not those that its row remembers.
        """
        with rows.snapshot():
            found: Any = rows.select(self.policy_table, self._policies_by_name, (unique_id,))
            identity: Any = self.find_by_id(rows, unique_id)
        policies = [InlinePolicy(row[1], row[2]) for row in found]
        remembered = {} if identity is None else identity.attributes.policies
        if identity is not None and remembered != {policy.name: policy.digest for policy in policies}:
            raise StoreTampered(f"the policies of a {self.word} were changed outside of Strongroom")
        return policies

    def put_policy(self, transaction: Transaction, unique_id: str, policy: InlinePolicy) -> None:
        """Add or replace an inline policy."""
        transaction.delete(self.policy_table, unique_id, policy.name)
        transaction.insert(self.policy_table, (unique_id, policy.name, policy.document))
        self._remember(transaction, unique_id, policy.name, policy.digest)

    def remove_policy(self, transaction: Transaction, unique_id: str, name: str) -> None:
        """Remove an inline policy."""
        transaction.delete(self.policy_table, unique_id, name)
        self._remember(transaction, unique_id, name, None)

    def change_attributes(self, transaction: Transaction, identity: I, **changes: Any) -> I:
        """Replace some attributes of one; return it as it is then."""
        held: Any = identity
        changed: I = replace(held, attributes=replace(held.attributes, **changes))
        self.update(transaction, changed)
        return changed

    def _remember(self, transaction: Transaction, unique_id: str, name: str, digest: bytes | None) -> None:
        """Note an inline policy in the row of its owner; None forgets it."""
        identity: Any = self.find_by_id(transaction, unique_id)
        if identity is not None:
            policies = with_entry(identity.attributes.policies, name, digest)
            self.change_attributes(transaction, identity, policies=policies)

    def _of_row(self, row: Row) -> I:
        values: Any = row
        account, _, unique_id, name, path, created_ms, attributes = values
        return self.kind(account, unique_id, name, path, created_ms, self._decode_attributes(attributes))  # type: ignore[call-arg]  # every kind adds its attributes

    def _row_of(self, identity: Any) -> Row:
        return (
            identity.account,
            fold_name(identity.name),
            identity.unique_id,
            identity.name,
            identity.path,
            identity.created_ms,
            _encode_attributes(identity.attributes),
        )


def with_entry(entries: Mapping[str, T], name: str, value: T | None) -> dict[str, T]:
    """Give ``entries`` with one replaced or added; None leaves it out."""
    others = {key: held for key, held in entries.items() if key != name}
    return others if value is None else {**others, name: value}


def _table(name: str, id_column: str) -> Table:
    columns = ("account_id", "name_folded", id_column, "name", "path", "created_ms", "attributes")
    return Table(name, columns=columns, key=("account_id", "name_folded"), unique=((id_column,),))


def _policy_table(name: str, id_column: str) -> Table:
    return Table(name, columns=(id_column, "name", "document"), key=(id_column, "name"))


USERS: Final = IdentityRows(
    "user",
    2_048,
    User,
    UserAttributes,
    _table("iam_users", "user_id"),
    _policy_table("iam_user_policies", "user_id"),
)
GROUPS: Final = IdentityRows(
    "group",
    5_120,
    Group,
    GroupAttributes,
    _table("iam_groups", "group_id"),
    _policy_table("iam_group_policies", "group_id"),
)
ROLES: Final = IdentityRows(
    "role",
    10_240,
    Role,
    RoleAttributes,
    _table("iam_roles", "role_id"),
    _policy_table("iam_role_policies", "role_id"),
)
