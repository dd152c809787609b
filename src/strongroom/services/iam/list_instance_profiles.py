"""ListInstanceProfiles: the instance profiles of the account, by name, perhaps only those under a path.

100 a page unless MaxItems says otherwise (1 to 1,000). Tags are left out, as AWS does.

Errors: ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.instance_profiles import page_of_profiles, profile_arn
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import fold_name
from strongroom.services.iam.profile_shapes import ProfileDetail, show_profile
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Marker, MaxItems, PathPrefix
from strongroom.wire.shapes import Shape

NAME = "ListInstanceProfiles"


class Request(Shape):
    """Which profiles, and which page."""

    path_prefix: PathPrefix | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    instance_profiles: list[ProfileDetail]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the profiles under the path."""
    arn = profile_arn(context.account, request.path_prefix or "/", "")
    return Target(arn, context.account, arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    prefix = request.path_prefix or "/"
    most = request.max_items or MAX_ITEMS_DEFAULT
    after = open_marker(context, NAME, prefix, request.marker)
    found = page_of_profiles(context.rows, context.account, prefix, after, most + 1)
    page, marker = cut_page(context, NAME, prefix, found, most, lambda profile: fold_name(profile.name))
    return Response(
        instance_profiles=[show_profile(context.rows, profile, is_listed=True) for profile in page],
        is_truncated=marker is not None,
        marker=marker,
    )


LIST_INSTANCE_PROFILES = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListInstanceProfiles",
    target=target,
    handle=handle,
    recorded_request=("path_prefix", "max_items"),
)
