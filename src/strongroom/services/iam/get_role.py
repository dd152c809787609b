"""GetRole: describe a role, with its trust policy, boundary and tags.

In the trust policy the present ARN stands for a principal that was renamed, and the unique id for one that is gone.
``RoleLastUsed`` is the last use of a session of the role that was noted, at most an hour old; empty before the first.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName, RoleDetail, show_role
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role."""

    role_name: NewRoleName


class Response(Shape):
    """The role."""

    role: RoleDetail


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return find_target(context, ROLES, request.role_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    return Response(role=show_role(context.rows, existing(ROLES, target)))


GET_ROLE = Operation(
    name="GetRole",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetRole",
    target=target,
    handle=handle,
    recorded_request=("role_name",),
)
