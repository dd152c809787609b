"""RemoveUserFromGroup: take a user out of a group.

The user loses the rights of the group from its next request on, on every worker (S-09).

Errors: NoSuchEntity for the group or the user, also when the user is not in the group.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveUserFromGroup.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import GROUPS, USERS
from strongroom.services.iam.lookup import check_name, existing, find_target
from strongroom.services.iam.memberships import leave
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
    """Let the user leave."""
    group = existing(GROUPS, target)
    user = existing(USERS, find_target(context, USERS, request.user_name))
    if group.unique_id not in user.attributes.groups:
        raise errors.identity_not_found("user", request.user_name)
    leave(context.transaction, user, group)


REMOVE_USER_FROM_GROUP: Operation[Request, Shape] = Operation(
    name="RemoveUserFromGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:RemoveUserFromGroup",
    target=target,
    handle=handle,
    recorded_request=(
        "group_name",
        "user_name",
    ),
)
