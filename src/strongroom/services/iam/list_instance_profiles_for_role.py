"""ListInstanceProfilesForRole: the instance profiles that hold a role, by name.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.instance_profiles import profiles_of_role
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import fold_name
from strongroom.services.iam.profile_shapes import ProfileDetail, show_profile
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Marker, MaxItems
from strongroom.wire.shapes import Shape

NAME = "ListInstanceProfilesForRole"


class Request(Shape):
    """Which role, and which page."""

    role_name: NewRoleName
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    instance_profiles: list[ProfileDetail]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return find_target(context, ROLES, request.role_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    role = existing(ROLES, target)
    most = request.max_items or MAX_ITEMS_DEFAULT
    after = open_marker(context, NAME, role.unique_id, request.marker)
    found = profiles_of_role(context.rows, role.unique_id, after, most + 1)
    page, marker = cut_page(
        context, NAME, role.unique_id, found, most, lambda profile: fold_name(profile.name)
    )
    return Response(
        instance_profiles=[show_profile(context.rows, profile, is_listed=True) for profile in page],
        is_truncated=marker is not None,
        marker=marker,
    )


LIST_INSTANCE_PROFILES_FOR_ROLE = Operation(
    name=NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListInstanceProfilesForRole",
    target=target,
    handle=handle,
    recorded_request=("role_name", "max_items"),
)
