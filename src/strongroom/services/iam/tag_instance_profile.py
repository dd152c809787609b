"""TagInstanceProfile: add tags to an instance profile, or give tags that it has another value.

Keys are told apart by case. At most 50 tags.

Errors: NoSuchEntity, InvalidInput, LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagInstanceProfile.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.instance_profiles import (
    ProfileAttributes,
    existing_profile,
    profile_target,
    update_profile,
)
from strongroom.services.iam.profile_shapes import NewProfileName
from strongroom.services.iam.shapes import Tags
from strongroom.services.iam.tags import merged_tags, request_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which profile, and the tags."""

    instance_profile_name: NewProfileName
    tags: Tags


def target(context: Context, request: Request) -> Target:
    """Name the profile; its tags and those of the request are condition keys."""
    return profile_target(context, request.instance_profile_name, request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the tags."""
    profile = existing_profile(target)
    tags = merged_tags(profile.attributes.tags, request.tags, folds_case=False)
    update_profile(context.transaction, profile, attributes=ProfileAttributes(tags=tags))


TAG_INSTANCE_PROFILE: Operation[Request, Shape] = Operation(
    name="TagInstanceProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:TagInstanceProfile",
    target=target,
    handle=handle,
    recorded_request=("instance_profile_name", "tags"),
)
