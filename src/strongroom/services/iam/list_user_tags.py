"""ListUserTags: the tags of a user, sorted by key.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserTags.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.shapes import ExistingUserName, Marker, MaxItems, Tags
from strongroom.services.iam.tags import page_of_tags
from strongroom.wire.shapes import Shape

NAME = "ListUserTags"


class Request(Shape):
    """Whose tags, and which page."""

    user_name: ExistingUserName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    tags: Tags
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_target(context, USERS, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    user = existing(USERS, target)
    held = user.attributes.tags or ()
    page, marker = page_of_tags(context, NAME, user.unique_id, held, request.marker, request.max_items)
    return Response(tags=page, is_truncated=marker is not None, marker=marker)


LIST_USER_TAGS = Operation(
    name="ListUserTags",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListUserTags",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "max_items",
    ),
)
