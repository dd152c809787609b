"""TagMFADevice: add tags to a virtual MFA device, or replace those of the same keys; case counts.

Errors: NoSuchEntity, InvalidInput, LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagMFADevice.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.device_rows import update_device
from strongroom.services.iam.devices import SerialNumber, device_target, existing_device
from strongroom.services.iam.model import DeviceAttributes
from strongroom.services.iam.shapes import Tags
from strongroom.services.iam.tags import merged_tags, request_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which device, and the tags."""

    serial_number: SerialNumber
    tags: Tags


def target(context: Context, request: Request) -> Target:
    """Name the device; the tags it is to have are condition keys."""
    return device_target(context, request.serial_number, request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the tags."""
    device = existing_device(context, request.serial_number)
    tags = merged_tags(device.attributes.tags, request.tags, folds_case=False)
    update_device(context.transaction, replace(device, attributes=DeviceAttributes(tags)))


TAG_MFA_DEVICE: Operation[Request, Shape] = Operation(
    name="TagMFADevice",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:TagMFADevice",
    target=target,
    handle=handle,
    recorded_request=(
        "serial_number",
        "tags",
    ),
)
