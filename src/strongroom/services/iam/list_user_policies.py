"""ListUserPolicies: the names of the inline policies of a user, in order.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUserPolicies.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.shapes import (
    MAX_ITEMS_DEFAULT,
    ExistingUserName,
    Marker,
    MaxItems,
    PolicyName,
)
from strongroom.wire.shapes import Shape

NAME = "ListUserPolicies"


class Request(Shape):
    """Whose policies, and which page."""

    user_name: ExistingUserName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    policy_names: list[PolicyName]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_target(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page; their sum of characters keeps policies so few that all are read."""
    user = existing(target)
    after = open_marker(context, NAME, user.unique_id, request.marker)
    names = [
        policy.name for policy in USERS.list_policies(context.rows, user.unique_id) if policy.name > after
    ]
    most = request.max_items or MAX_ITEMS_DEFAULT
    page, marker = cut_page(context, NAME, user.unique_id, names, most, lambda name: name)
    return Response(policy_names=page, is_truncated=marker is not None, marker=marker)


LIST_USER_POLICIES = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListUserPolicies",
    target=target,
    handle=handle,
    recorded_request=("user_name", "max_items"),
)
