"""ListRoles: the roles of the account, by name, perhaps only those under a path.

100 roles a page unless MaxItems says otherwise (1 to 1,000). Tags, boundaries and the last use are left out, as AWS
does.

Errors: ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import list_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import fold_name
from strongroom.services.iam.role_shapes import RoleDetail, show_role
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Marker, MaxItems, PathPrefix
from strongroom.wire.shapes import Shape

NAME = "ListRoles"


class Request(Shape):
    """Which roles, and which page."""

    path_prefix: PathPrefix | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    roles: list[RoleDetail]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the roles under the path."""
    return list_target(context, ROLES, request.path_prefix)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    prefix = request.path_prefix or "/"
    most = request.max_items or MAX_ITEMS_DEFAULT
    after = open_marker(context, NAME, prefix, request.marker)
    found = ROLES.page(context.rows, context.account, prefix, after, most + 1)
    page, marker = cut_page(context, NAME, prefix, found, most, lambda role: fold_name(role.name))
    return Response(
        roles=[show_role(context.rows, role, is_listed=True) for role in page],
        is_truncated=marker is not None,
        marker=marker,
    )


LIST_ROLES = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListRoles",
    target=target,
    handle=handle,
    recorded_request=("path_prefix", "max_items"),
)
