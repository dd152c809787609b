"""ListUsers: the users of the account, by name, perhaps only those under a path.

100 users a page unless MaxItems says otherwise (1 to 1,000). Tags and boundaries are left out, as AWS does.

Errors: ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import list_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import fold_name
from strongroom.services.iam.shapes import (
    MAX_ITEMS_DEFAULT,
    Marker,
    MaxItems,
    PathPrefix,
    UserDetail,
    show_user,
)
from strongroom.wire.shapes import Shape

NAME = "ListUsers"


class Request(Shape):
    """Which users, and which page."""

    path_prefix: PathPrefix | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    users: list[UserDetail]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the users under the path."""
    return list_target(context, USERS, request.path_prefix)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    prefix = request.path_prefix or "/"
    most = request.max_items or MAX_ITEMS_DEFAULT
    after = open_marker(context, NAME, prefix, request.marker)
    found = USERS.page(context.rows, context.account, prefix, after, most + 1)
    page, marker = cut_page(context, NAME, prefix, found, most, lambda user: fold_name(user.name))
    return Response(
        users=[show_user(user, is_listed=True) for user in page],
        is_truncated=marker is not None,
        marker=marker,
    )


LIST_USERS = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListUsers",
    target=target,
    handle=handle,
    recorded_request=("path_prefix", "max_items"),
)
