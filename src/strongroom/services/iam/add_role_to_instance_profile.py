"""AddRoleToInstanceProfile: put a role into an instance profile.

A profile holds one role. The caller needs ``iam:PassRole`` on the role besides, with ``iam:PassedToService``
``ec2.amazonaws.com``.

Errors: NoSuchEntity, also for the role; LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.instance_profiles import existing_profile, profile_target, update_profile
from strongroom.services.iam.pass_role import pass_role
from strongroom.services.iam.profile_shapes import NewProfileName
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.wire.shapes import Shape

_SERVICE = "ec2.amazonaws.com"


class Request(Shape):
    """Which profile, and which role."""

    instance_profile_name: NewProfileName
    role_name: NewRoleName


def target(context: Context, request: Request) -> Target:
    """Name the profile."""
    return profile_target(context, request.instance_profile_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Put the role in."""
    role = pass_role(context, request.role_name, _SERVICE)
    profile = existing_profile(target)
    if profile.role_id is not None:
        raise errors.quota_exceeded("InstanceSessionsPerInstanceProfile", 1)
    update_profile(context.transaction, profile, role_id=role.unique_id)


ADD_ROLE_TO_INSTANCE_PROFILE: Operation[Request, Shape] = Operation(
    name="AddRoleToInstanceProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:AddRoleToInstanceProfile",
    target=target,
    handle=handle,
    recorded_request=("instance_profile_name", "role_name"),
)
