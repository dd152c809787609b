"""DeleteRolePermissionsBoundary: take the permissions boundary from a role.

From the next request on the role may do all that its policies allow.

Errors: NoSuchEntity, also when it has none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePermissionsBoundary.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.boundaries import delete_boundary
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role."""

    role_name: NewRoleName


def target(context: Context, request: Request) -> Target:
    """Name the role; the boundary it has is a condition key."""
    return find_target(context, ROLES, request.role_name, with_boundary=True)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the boundary."""
    role = existing(ROLES, target)
    if role.attributes.boundary is None:
        raise errors.no_boundary("role", role.name)
    delete_boundary(context, ROLES, role)


DELETE_ROLE_PERMISSIONS_BOUNDARY: Operation[Request, Shape] = Operation(
    name="DeleteRolePermissionsBoundary",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteRolePermissionsBoundary",
    target=target,
    handle=handle,
    recorded_request=("role_name",),
)
