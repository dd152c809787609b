"""CreateInstanceProfile: make an instance profile without a role.

Names are unique in an account without regard to case; at most 1,000 profiles.

Errors: EntityAlreadyExists, LimitExceeded, InvalidInput, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_unique_id
from strongroom.services.iam import errors
from strongroom.services.iam.instance_profiles import (
    PROFILES_MOST,
    InstanceProfile,
    ProfileAttributes,
    count_profiles,
    find_profile,
    insert_profile,
    profile_arn,
)
from strongroom.services.iam.lookup import check_name, check_path
from strongroom.services.iam.profile_shapes import NewProfileName, ProfileDetail, record_profile, show_profile
from strongroom.services.iam.shapes import NewPath, Tags
from strongroom.services.iam.tags import new_tags, request_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The name, and what else the profile is to have."""

    instance_profile_name: NewProfileName
    path: NewPath | None = None
    tags: Tags | None = None


class Response(Shape):
    """The profile that was made."""

    instance_profile: ProfileDetail


def target(context: Context, request: Request) -> Target:
    """Name the profile that will be; the tags it is to have are condition keys."""
    name = check_name("instanceProfileName", request.instance_profile_name)
    path = request.path or "/"
    check_path("path", path)
    arn = profile_arn(context.account, path, name)
    return Target(arn, context.account, arn, conditions=request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Make the profile."""
    tags = new_tags(request.tags, folds_case=False)
    name = request.instance_profile_name
    if find_profile(context.rows, context.account, name) is not None:
        raise errors.profile_exists(name)
    if count_profiles(context.rows, context.account) >= PROFILES_MOST:
        raise errors.quota_exceeded("InstanceProfilesPerAccount", PROFILES_MOST)
    profile = InstanceProfile(
        account=context.account,
        profile_id=new_unique_id("AIPA"),
        name=name,
        path=request.path or "/",
        created_ms=context.now_ms,
        attributes=ProfileAttributes(tags=tags),
    )
    insert_profile(context.transaction, profile)
    return Response(instance_profile=show_profile(context.rows, profile))


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the profile."""
    return {"instanceProfile": record_profile(response.instance_profile)}


CREATE_INSTANCE_PROFILE = Operation(
    name="CreateInstanceProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreateInstanceProfile",
    target=target,
    handle=handle,
    recorded_request=("instance_profile_name", "path", "tags"),
    recorded_response=recorded_response,
)
