"""ListAccessKeys: the access keys of a user, oldest first, without their secrets; without a name the caller's own.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import AccessKey
from strongroom.services.iam.shapes import (
    MAX_ITEMS_DEFAULT,
    AccessKeyMetadata,
    ExistingUserName,
    Marker,
    MaxItems,
    show_key,
)
from strongroom.services.iam.tables import list_access_keys
from strongroom.wire.shapes import Shape

NAME = "ListAccessKeys"


class Request(Shape):
    """Whose keys, and which page."""

    user_name: ExistingUserName | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    access_key_metadata: list[AccessKeyMetadata]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page; a user has so few keys that all are read."""
    user = existing(USERS, target)
    after = open_marker(context, NAME, user.unique_id, request.marker)
    keys = [key for key in list_access_keys(context.rows, user.unique_id) if _position(key) > after]
    most = request.max_items or MAX_ITEMS_DEFAULT
    page, marker = cut_page(context, NAME, user.unique_id, keys, most, _position)
    return Response(
        access_key_metadata=[show_key(key, user) for key in page],
        is_truncated=marker is not None,
        marker=marker,
    )


def _position(key: AccessKey) -> str:
    # Sorts as the rows do: by creation, then by id.
    return f"{key.created_ms:020d}{key.access_key_id}"


LIST_ACCESS_KEYS = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListAccessKeys",
    target=target,
    handle=handle,
    recorded_request=("user_name", "max_items"),
)
