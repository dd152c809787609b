"""UntagMFADevice: remove tags from a virtual MFA device by their keys; keys it does not have do no harm.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagMFADevice.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.device_rows import update_device
from strongroom.services.iam.devices import SerialNumber, device_target, existing_device
from strongroom.services.iam.model import DeviceAttributes
from strongroom.services.iam.shapes import TagKeys
from strongroom.services.iam.tags import key_conditions, remaining_tags
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which device, and the keys."""

    serial_number: SerialNumber
    tag_keys: TagKeys


def target(context: Context, request: Request) -> Target:
    """Name the device; the keys are a condition key."""
    return device_target(context, request.serial_number, key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    device = existing_device(context, request.serial_number)
    tags = remaining_tags(device.attributes.tags, request.tag_keys, folds_case=False)
    update_device(context.transaction, replace(device, attributes=DeviceAttributes(tags)))


UNTAG_MFA_DEVICE: Operation[Request, Shape] = Operation(
    name="UntagMFADevice",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UntagMFADevice",
    target=target,
    handle=handle,
    recorded_request=(
        "serial_number",
        "tag_keys",
    ),
)
