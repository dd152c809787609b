"""GetInstanceProfile: describe an instance profile with its role.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.instance_profiles import existing_profile, profile_target
from strongroom.services.iam.profile_shapes import NewProfileName, ProfileDetail, show_profile
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which profile."""

    instance_profile_name: NewProfileName


class Response(Shape):
    """The profile."""

    instance_profile: ProfileDetail


def target(context: Context, request: Request) -> Target:
    """Name the profile."""
    return profile_target(context, request.instance_profile_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    return Response(instance_profile=show_profile(context.rows, existing_profile(target)))


GET_INSTANCE_PROFILE = Operation(
    name="GetInstanceProfile",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetInstanceProfile",
    target=target,
    handle=handle,
    recorded_request=("instance_profile_name",),
)
