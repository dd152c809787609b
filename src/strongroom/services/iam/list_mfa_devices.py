"""ListMFADevices: the MFA devices of a user, in the order of their serial numbers; without a name the caller's own.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.devices import MFADeviceDetail
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, ExistingUserName, Marker, MaxItems
from strongroom.wire.shapes import Shape, renamed, timestamp

NAME = "ListMFADevices"


class Request(Shape):
    """Whose devices, and which page."""

    user_name: ExistingUserName | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    mfa_devices: list[MFADeviceDetail] = renamed("MFADevices")
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page; a user has so few devices that its row holds them all."""
    user = existing(USERS, target)
    after = open_marker(context, NAME, user.unique_id, request.marker)
    found = sorted(each for each in user.attributes.second_factors.items() if each[0] > after)
    most = request.max_items or MAX_ITEMS_DEFAULT
    page, marker = cut_page(context, NAME, user.unique_id, found, most, lambda each: each[0])
    return Response(
        mfa_devices=[
            MFADeviceDetail(user_name=user.name, serial_number=serial, enable_date=timestamp(held.enabled_ms))
            for serial, held in page
        ],
        is_truncated=marker is not None,
        marker=marker,
    )


LIST_MFA_DEVICES = Operation(
    name="ListMFADevices",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListMFADevices",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "max_items",
    ),
)
