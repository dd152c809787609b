"""Which users are in which groups.

Rules:
 - A user's row says which groups it is in, and decides; the table of memberships answers the other way round.
 - A group's row says how many users are in it.
 - All three are changed here together.
"""

from __future__ import annotations

from typing import Any, Final

from strongroom.clock import Instant
from strongroom.services.iam.identity_rows import GROUPS, USERS
from strongroom.services.iam.model import Group, User
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Table
from strongroom.store.transaction import Transaction

MEMBERSHIPS: Final = Table(
    "iam_memberships", columns=("group_id", "user_id", "joined_ms"), key=("group_id", "user_id")
)


def join(transaction: Transaction, user: User, group: Group, now_ms: Instant) -> None:
    """Put a user into a group; nothing happens when it is in it already."""
    if group.unique_id in user.attributes.groups:
        return
    transaction.insert(MEMBERSHIPS, (group.unique_id, user.unique_id, now_ms))
    USERS.change_attributes(transaction, user, groups=(*user.attributes.groups, group.unique_id))
    GROUPS.change_attributes(transaction, group, members=group.attributes.members + 1)


def leave(transaction: Transaction, user: User, group: Group) -> None:
    """Take a user out of a group."""
    transaction.delete(MEMBERSHIPS, group.unique_id, user.unique_id)
    others = tuple(each for each in user.attributes.groups if each != group.unique_id)
    USERS.change_attributes(transaction, user, groups=others)
    GROUPS.change_attributes(transaction, group, members=group.attributes.members - 1)


def members_of(rows: Rows, group: Group, after: str, most: int) -> list[User]:
    """Read the users of a group in order of their unique ids, from behind ``after``.

    Raises:
        StoreTampered: A user of the group is gone, its row does not say that it is in the group, or there are not as
            many as the group's row says.
    """
    clause = "WHERE group_id = ? AND user_id > ? ORDER BY user_id LIMIT ?"
    with rows.snapshot():
        current = GROUPS.find_by_id(rows, group.unique_id)
        counted: Any = rows.scalar(
            "SELECT count(*) FROM iam_memberships WHERE group_id = ?", (group.unique_id,)
        )
        found: Any = rows.select(MEMBERSHIPS, clause, (group.unique_id, after, most))
        users = [USERS.find_by_id(rows, row[1]) for row in found]
    members = [user for user in users if user is not None and group.unique_id in user.attributes.groups]
    expected = 0 if current is None else current.attributes.members
    if len(members) < len(users) or counted != expected:
        raise StoreTampered("the members of a group were changed outside of Strongroom")
    return members


def groups_of(rows: Rows, user: User) -> list[Group]:
    """Read the groups that a user is in, in order of joining.

    Raises:
        StoreTampered: One of them is gone.
    """
    groups = [GROUPS.find_by_id(rows, group_id) for group_id in user.attributes.groups]
    found = [group for group in groups if group is not None]
    if len(found) < len(groups):
        raise StoreTampered("a group of a user is gone")
    return found
