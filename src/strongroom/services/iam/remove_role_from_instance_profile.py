"""RemoveRoleFromInstanceProfile: take a role out of an instance profile.

Errors: NoSuchEntity, also when the role is not in it.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.instance_profiles import existing_profile, profile_target, update_profile
from strongroom.services.iam.lookup import check_name
from strongroom.services.iam.profile_shapes import NewProfileName
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which profile, and which role."""

    instance_profile_name: NewProfileName
    role_name: NewRoleName


def target(context: Context, request: Request) -> Target:
    """Name the profile."""
    check_name("roleName", request.role_name)
    return profile_target(context, request.instance_profile_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Take the role out."""
    profile = existing_profile(target)
    role = ROLES.find(context.rows, context.account, request.role_name)
    if role is None or profile.role_id != role.unique_id:
        raise errors.role_not_in_profile(request.role_name, profile.name)
    update_profile(context.transaction, profile, role_id=None)


REMOVE_ROLE_FROM_INSTANCE_PROFILE: Operation[Request, Shape] = Operation(
    name="RemoveRoleFromInstanceProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:RemoveRoleFromInstanceProfile",
    target=target,
    handle=handle,
    recorded_request=("instance_profile_name", "role_name"),
)
