"""ListAttachedUserPolicies: the managed policies attached to a user, by name, perhaps only those under a path.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAttachedUserPolicies.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.attachments import AttachedPolicy, page_of_attached
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.policy_shapes import PolicyPath
from strongroom.services.iam.shapes import Marker, MaxItems, NewUserName
from strongroom.wire.shapes import Shape

NAME = "ListAttachedUserPolicies"


class Request(Shape):
    """Whose policies, and which page."""

    user_name: NewUserName
    path_prefix: PolicyPath | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    attached_policies: list[AttachedPolicy] | None = None
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_target(context, USERS, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    user = existing(USERS, target)
    page, marker = page_of_attached(
        context, NAME, user, request.path_prefix, request.marker, request.max_items
    )
    return Response(attached_policies=page, is_truncated=marker is not None, marker=marker)


LIST_ATTACHED_USER_POLICIES = Operation(
    name=NAME,
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:ListAttachedUserPolicies",
    target=target,
    handle=handle,
    recorded_request=("user_name", "path_prefix", "max_items"),
)
