"""ListGroups: the groups of the account, by name, perhaps only those under a path.

100 groups a page unless MaxItems says otherwise (1 to 1,000).

Errors: ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroups.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.lookup import list_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import fold_name
from strongroom.services.iam.shapes import (
    MAX_ITEMS_DEFAULT,
    GroupDetail,
    Marker,
    MaxItems,
    PathPrefix,
    show_group,
)
from strongroom.wire.shapes import Shape

NAME = "ListGroups"


class Request(Shape):
    """Which groups, and which page."""

    path_prefix: PathPrefix | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    groups: list[GroupDetail]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the groups under the path."""
    return list_target(context, GROUPS, request.path_prefix)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    prefix = request.path_prefix or "/"
    most = request.max_items or MAX_ITEMS_DEFAULT
    after = open_marker(context, NAME, prefix, request.marker)
    found = GROUPS.page(context.rows, context.account, prefix, after, most + 1)
    page, marker = cut_page(context, NAME, prefix, found, most, lambda group: fold_name(group.name))
    return Response(
        groups=[show_group(group) for group in page], is_truncated=marker is not None, marker=marker
    )


LIST_GROUPS = Operation(
    name="ListGroups",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListGroups",
    target=target,
    handle=handle,
    recorded_request=(
        "path_prefix",
        "max_items",
    ),
)
