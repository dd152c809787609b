"""ListRoleTags: the tags of a role, by key.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoleTags.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import Marker, MaxItems, Tags
from strongroom.services.iam.tags import page_of_tags
from strongroom.wire.shapes import Shape

NAME = "ListRoleTags"


class Request(Shape):
    """Whose tags, and which page."""

    role_name: NewRoleName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    tags: Tags
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return find_target(context, ROLES, request.role_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    role = existing(ROLES, target)
    held = role.attributes.tags or ()
    page, marker = page_of_tags(context, NAME, role.unique_id, held, request.marker, request.max_items)
    return Response(tags=page, is_truncated=marker is not None, marker=marker)


LIST_ROLE_TAGS = Operation(
    name=NAME,
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:ListRoleTags",
    target=target,
    handle=handle,
    recorded_request=("role_name", "max_items"),
)
