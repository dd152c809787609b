"""ListGroupsForUser: the groups that a user is in, by name.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupsForUser.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.memberships import groups_of
from strongroom.services.iam.model import fold_name
from strongroom.services.iam.shapes import (
    MAX_ITEMS_DEFAULT,
    ExistingUserName,
    GroupDetail,
    Marker,
    MaxItems,
    show_group,
)
from strongroom.wire.shapes import Shape

NAME = "ListGroupsForUser"


class Request(Shape):
    """Whose groups, and which page."""

    user_name: ExistingUserName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    groups: list[GroupDetail]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_target(context, USERS, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page; a user is in so few groups that all are read."""
    user = existing(USERS, target)
    most = request.max_items or MAX_ITEMS_DEFAULT
    after = open_marker(context, NAME, user.unique_id, request.marker)
    found = sorted(groups_of(context.rows, user), key=lambda group: fold_name(group.name))
    found = [group for group in found if fold_name(group.name) > after]
    page, marker = cut_page(context, NAME, user.unique_id, found, most, lambda group: fold_name(group.name))
    return Response(
        groups=[show_group(group) for group in page], is_truncated=marker is not None, marker=marker
    )


LIST_GROUPS_FOR_USER = Operation(
    name="ListGroupsForUser",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListGroupsForUser",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "max_items",
    ),
)
