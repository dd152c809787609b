"""DeleteRole: remove a role to which nothing is attached any more, and which is in no instance profile.

Its sessions end with it: a role that is made anew under the name is another one (P-07).

Errors: NoSuchEntity, DeleteConflict.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.boundaries import delete_boundary
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.instance_profiles import profiles_of_role
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which role."""

    role_name: NewRoleName


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return find_target(context, ROLES, request.role_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove it, when nothing hangs on it."""
    role = existing(ROLES, target)
    if profiles_of_role(context.rows, role.unique_id, "", 1):
        raise errors.must_remove_roles()
    if role.attributes.attached:
        raise errors.must_detach_policies()
    if ROLES.list_policies(context.rows, role.unique_id):
        raise errors.must_delete_policies()
    ROLES.remove(context.transaction, delete_boundary(context, ROLES, role))


DELETE_ROLE: Operation[Request, Shape] = Operation(
    name="DeleteRole",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteRole",
    target=target,
    handle=handle,
    recorded_request=("role_name",),
)
