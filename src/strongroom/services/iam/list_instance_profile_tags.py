"""ListInstanceProfileTags: the tags of an instance profile, by key.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.instance_profiles import existing_profile, profile_target
from strongroom.services.iam.profile_shapes import NewProfileName
from strongroom.services.iam.shapes import Marker, MaxItems, Tags
from strongroom.services.iam.tags import page_of_tags
from strongroom.wire.shapes import Shape

NAME = "ListInstanceProfileTags"


class Request(Shape):
    """Whose tags, and which page."""

    instance_profile_name: NewProfileName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    tags: Tags
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the profile."""
    return profile_target(context, request.instance_profile_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    profile = existing_profile(target)
    held = profile.attributes.tags
    page, marker = page_of_tags(
        context, NAME, profile.profile_id, held, request.marker, request.max_items, folds_case=False
    )
    return Response(tags=page, is_truncated=marker is not None, marker=marker)


LIST_INSTANCE_PROFILE_TAGS = Operation(
    name=NAME,
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:ListInstanceProfileTags",
    target=target,
    handle=handle,
    recorded_request=("instance_profile_name", "max_items"),
)
