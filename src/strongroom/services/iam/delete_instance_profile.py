"""DeleteInstanceProfile: remove an instance profile that holds no role.

Errors: NoSuchEntity, DeleteConflict.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.instance_profiles import existing_profile, profile_target, remove_profile
from strongroom.services.iam.profile_shapes import NewProfileName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which profile."""

    instance_profile_name: NewProfileName


def target(context: Context, request: Request) -> Target:
    """Name the profile."""
    return profile_target(context, request.instance_profile_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove it, when it is empty."""
    profile = existing_profile(target)
    if profile.role_id is not None:
        raise errors.must_remove_roles()
    remove_profile(context.transaction, profile)


DELETE_INSTANCE_PROFILE: Operation[Request, Shape] = Operation(
    name="DeleteInstanceProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteInstanceProfile",
    target=target,
    handle=handle,
    recorded_request=("instance_profile_name",),
)
