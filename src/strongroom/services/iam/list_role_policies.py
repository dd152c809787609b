"""ListRolePolicies: the names of the inline policies of a role, in order.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRolePolicies.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.inline_policies import page_of_inline_policies
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import Marker, MaxItems, PolicyName
from strongroom.wire.shapes import Shape

NAME = "ListRolePolicies"


class Request(Shape):
    """Whose policies, and which page."""

    role_name: NewRoleName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    policy_names: list[PolicyName]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return find_target(context, ROLES, request.role_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    role = existing(ROLES, target)
    page, marker = page_of_inline_policies(context, NAME, ROLES, role, request.marker, request.max_items)
    return Response(policy_names=page, is_truncated=marker is not None, marker=marker)


LIST_ROLE_POLICIES = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListRolePolicies",
    target=target,
    handle=handle,
    recorded_request=("role_name", "max_items"),
)
