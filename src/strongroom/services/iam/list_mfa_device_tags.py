"""ListMFADeviceTags: the tags of a virtual MFA device, sorted by key.

Errors: NoSuchEntity; ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADeviceTags.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.devices import SerialNumber, device_target, existing_device
from strongroom.services.iam.shapes import Marker, MaxItems, Tags
from strongroom.services.iam.tags import page_of_tags
from strongroom.wire.shapes import Shape

NAME = "ListMFADeviceTags"


class Request(Shape):
    """Whose tags, and which page."""

    serial_number: SerialNumber
    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    tags: Tags
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the device."""
    return device_target(context, request.serial_number)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read a page."""
    device = existing_device(context, request.serial_number)
    page, marker = page_of_tags(
        context,
        NAME,
        device.serial,
        device.attributes.tags,
        request.marker,
        request.max_items,
        folds_case=False,
    )
    return Response(tags=page, is_truncated=marker is not None, marker=marker)


LIST_MFA_DEVICE_TAGS = Operation(
    name="ListMFADeviceTags",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:ListMFADeviceTags",
    target=target,
    handle=handle,
    recorded_request=(
        "serial_number",
        "max_items",
    ),
)
