"""ListGroupPolicies: the names of the inline policies of a group, in order.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListGroupPolicies.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.inline_policies import page_of_inline_policies
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.shapes import Marker, MaxItems, NewGroupName, PolicyName
from strongroom.wire.shapes import Shape

NAME = "ListGroupPolicies"


class Request(Shape):
    """Whose policies, and which page."""

    group_name: NewGroupName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    policy_names: list[PolicyName]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return find_target(context, GROUPS, request.group_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    group = existing(GROUPS, target)
    page, marker = page_of_inline_policies(context, NAME, GROUPS, group, request.marker, request.max_items)
    return Response(policy_names=page, is_truncated=marker is not None, marker=marker)


LIST_GROUP_POLICIES = Operation(
    name="ListGroupPolicies",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListGroupPolicies",
    target=target,
    handle=handle,
    recorded_request=(
        "group_name",
        "max_items",
    ),
)
