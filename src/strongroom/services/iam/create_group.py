"""CreateGroup: make a group of users, without members and without rights.

Names are unique in an account without regard to case; at most 300 groups.

Errors: EntityAlreadyExists, LimitExceeded, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateGroup.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_unique_id
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.lookup import new_target
from strongroom.services.iam.model import GROUPS_MOST, Group
from strongroom.services.iam.recorded import record_group
from strongroom.services.iam.shapes import GroupDetail, NewGroupName, NewPath, show_group
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The name and the path."""

    path: NewPath | None = None
    group_name: NewGroupName


class Response(Shape):
    """The group that was made."""

    group: GroupDetail


def target(context: Context, request: Request) -> Target:
    """Name the group that will be."""
    return new_target(context, GROUPS, request.path, request.group_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the group."""
    if GROUPS.find(context.rows, context.account, request.group_name) is not None:
        raise errors.identity_exists("group", request.group_name)
    if GROUPS.count(context.rows, context.account) >= GROUPS_MOST:
        raise errors.quota_exceeded("GroupsPerAccount", GROUPS_MOST)
    group = Group(
        account=context.account,
        unique_id=new_unique_id("AGPA"),
        name=request.group_name,
        path=request.path or "/",
        created_ms=context.now_ms,
    )
    GROUPS.insert(context.transaction, group)
    return Response(group=show_group(group))


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the group."""
    return {"group": record_group(response.group)}


CREATE_GROUP = Operation(
    name="CreateGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreateGroup",
    target=target,
    handle=handle,
    recorded_request=(
        "path",
        "group_name",
    ),
    recorded_response=recorded_response,
)
