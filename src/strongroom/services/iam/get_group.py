"""GetGroup: describe a group and list the users in it, in order of their unique ids.

100 users a page unless MaxItems says otherwise (1 to 1,000). Tags and boundaries of the users are left out, as
AWS does.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroup.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.memberships import members_of
from strongroom.services.iam.shapes import (
    MAX_ITEMS_DEFAULT,
    GroupDetail,
    Marker,
    MaxItems,
    NewGroupName,
    UserDetail,
    show_group,
    show_user,
)
from strongroom.wire.shapes import Shape

NAME = "GetGroup"


class Request(Shape):
    """Which group, and which page of its users."""

    group_name: NewGroupName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """The group and one page of its users."""

    group: GroupDetail
    users: list[UserDetail]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return find_target(context, GROUPS, request.group_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    group = existing(GROUPS, target)
    most = request.max_items or MAX_ITEMS_DEFAULT
    after = open_marker(context, NAME, group.unique_id, request.marker)
    found = members_of(context.rows, group, after, most + 1)
    page, marker = cut_page(context, NAME, group.unique_id, found, most, lambda user: user.unique_id)
    return Response(
        group=show_group(group),
        users=[show_user(user, is_listed=True) for user in page],
        is_truncated=marker is not None,
        marker=marker,
    )


GET_GROUP = Operation(
    name="GetGroup",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:GetGroup",
    target=target,
    handle=handle,
    recorded_request=(
        "group_name",
        "max_items",
    ),
)
