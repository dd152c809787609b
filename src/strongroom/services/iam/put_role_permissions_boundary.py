"""PutRolePermissionsBoundary: set or replace the permissions boundary of a role.

It is a managed policy, AWS's or one of the own account. From the next request on the role may do at most what it
allows.

Errors: NoSuchEntity, also for the policy; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePermissionsBoundary.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.boundaries import boundary_conditions, put_boundary
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role, and which policy."""

    role_name: NewRoleName
    permissions_boundary: Arn


def target(context: Context, request: Request) -> Target:
    """Name the role; the boundary it is to have is a condition key."""
    conditions = boundary_conditions(request.permissions_boundary)
    return find_target(context, ROLES, request.role_name, conditions)


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the boundary."""
    put_boundary(context, ROLES, existing(ROLES, target), request.permissions_boundary)


PUT_ROLE_PERMISSIONS_BOUNDARY: Operation[Request, Shape] = Operation(
    name="PutRolePermissionsBoundary",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:PutRolePermissionsBoundary",
    target=target,
    handle=handle,
    recorded_request=(
        "role_name",
        "permissions_boundary",
    ),
)
