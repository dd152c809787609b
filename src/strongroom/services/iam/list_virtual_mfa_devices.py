"""ListVirtualMFADevices: the virtual MFA devices of the account, by serial number.

Perhaps only those that a user has (Assigned), or that none has (Unassigned).

100 devices a page unless MaxItems says otherwise (1 to 1,000). Seeds and tags are left out.

Errors: ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html
"""

from __future__ import annotations

from typing import Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.device_rows import page_of_devices
from strongroom.services.iam.devices import VirtualMFADevice, device_arn, show_device
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.model import MFADevice, fold_name
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Marker, MaxItems
from strongroom.wire.shapes import Shape, renamed

NAME = "ListVirtualMFADevices"


class Request(Shape):
    """Which devices, and which page."""

    assignment_status: Literal["Assigned", "Unassigned", "Any"] | None = None
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    virtual_mfa_devices: list[VirtualMFADevice] = renamed("VirtualMFADevices")
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name all devices of the account."""
    arn = device_arn(context.account, "/", "")
    return Target(arn, context.account, arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read on until the page is full."""
    status = request.assignment_status or "Any"
    most = request.max_items or MAX_ITEMS_DEFAULT
    after = open_marker(context, NAME, status, request.marker)
    found: list[MFADevice] = []
    while len(found) <= most:
        part = page_of_devices(context.rows, context.account, after, most + 1)
        found += [each for each in part if status in ("Any", _status(each))]
        if len(part) <= most:
            break
        after = fold_name(part[-1].serial)
    page, marker = cut_page(context, NAME, status, found, most, lambda device: fold_name(device.serial))
    return Response(
        virtual_mfa_devices=[show_device(context.rows, device) for device in page],
        is_truncated=marker is not None,
        marker=marker,
    )


def _status(device: MFADevice) -> str:
    return "Unassigned" if device.user_id is None else "Assigned"


LIST_VIRTUAL_MFA_DEVICES = Operation(
    name="ListVirtualMFADevices",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListVirtualMFADevices",
    target=target,
    handle=handle,
    recorded_request=(
        "assignment_status",
        "max_items",
    ),
)
