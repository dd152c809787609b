"""Which users are in which groups.

Rules:
 - A user's row says which groups it is in, and decides; the table of memberships answers the other way round.
 - Both are changed here together.
"""

from __future__ import annotations

from typing import Any, Final

from strongroom.clock import Instant
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import Group, User
from strongroom.store.rows import Rows, Transaction
from strongroom.store.table import Table

MEMBERSHIPS: Final = Table(
    "iam_memberships", columns=("group_id", "user_id", "joined_ms"), key=("group_id", "user_id")
)


def join(transaction: Transaction, user: User, group: Group, now_ms: Instant) -> None:
    """Put a user into a group; nothing happens when it is in it already."""
    if group.unique_id in user.attributes.groups:
        return
    transaction.insert(MEMBERSHIPS, (group.unique_id, user.unique_id, now_ms))
    USERS.change_attributes(transaction, user, groups=(*user.attributes.groups, group.unique_id))


def leave(transaction: Transaction, user: User, group: Group) -> None:
    """Take a user out of a group."""
    transaction.delete(MEMBERSHIPS, group.unique_id, user.unique_id)
    others = tuple(each for each in user.attributes.groups if each != group.unique_id)
    USERS.change_attributes(transaction, user, groups=others)


def member_ids(rows: Rows, group_id: str, after: str, most: int) -> list[str]:
    """Read the unique ids of the users of a group, in order, from behind ``after``."""
    clause = "WHERE group_id = ? AND user_id > ? ORDER BY user_id LIMIT ?"
    found: Any = rows.select(MEMBERSHIPS, clause, (group_id, after, most))
    return [row[1] for row in found]
