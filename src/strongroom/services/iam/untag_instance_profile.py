"""UntagInstanceProfile: remove tags from an instance profile, by their keys.

Keys that it does not have do no harm.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagInstanceProfile.html
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
from strongroom.services.iam.shapes import TagKeys
from strongroom.services.iam.tags import key_conditions, remaining_tags
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which profile, and the keys."""

    instance_profile_name: NewProfileName
    tag_keys: TagKeys


def target(context: Context, request: Request) -> Target:
    """Name the profile; the keys are a condition key."""
    return profile_target(context, request.instance_profile_name, key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    profile = existing_profile(target)
    tags = remaining_tags(profile.attributes.tags, request.tag_keys, folds_case=False)
    update_profile(context.transaction, profile, attributes=ProfileAttributes(tags=tags))


UNTAG_INSTANCE_PROFILE: Operation[Request, Shape] = Operation(
    name="UntagInstanceProfile",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UntagInstanceProfile",
    target=target,
    handle=handle,
    recorded_request=("instance_profile_name", "tag_keys"),
)
