"""AddUserToGroup: put a user into a group; nothing happens when it is in it already.

The user has the rights of the group from its next request on, on every worker (S-09). A user is in at most 10 groups.

Errors: NoSuchEntity for the group or the user, LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddUserToGroup.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import GROUPS, USERS
from strongroom.services.iam.lookup import check_name, existing, find_target
from strongroom.services.iam.memberships import join
from strongroom.services.iam.model import GROUPS_PER_USER_MOST
from strongroom.services.iam.shapes import ExistingUserName, NewGroupName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which group and which user."""

    group_name: NewGroupName
    user_name: ExistingUserName


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    check_name("userName", request.user_name)
    return find_target(context, GROUPS, request.group_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Let the user join."""
    group = existing(GROUPS, target)
    user = existing(USERS, find_target(context, USERS, request.user_name))
    is_full = len(user.attributes.groups) >= GROUPS_PER_USER_MOST
    if is_full and group.unique_id not in user.attributes.groups:
        raise errors.quota_exceeded("GroupsPerUser", GROUPS_PER_USER_MOST)
    join(context.transaction, user, group, context.now_ms)


ADD_USER_TO_GROUP: Operation[Request, Shape] = Operation(
    name="AddUserToGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:AddUserToGroup",
    target=target,
    handle=handle,
    recorded_request=(
        "group_name",
        "user_name",
    ),
)
