"""DeleteVirtualMFADevice: remove a virtual MFA device that no user has.

Errors: NoSuchEntity, DeleteConflict.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.device_rows import remove_device
from strongroom.services.iam.devices import SerialNumber, device_target, existing_device
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which device."""

    serial_number: SerialNumber


def target(context: Context, request: Request) -> Target:
    """Name the device."""
    return device_target(context, request.serial_number)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove it with its sealed seed."""
    device = existing_device(context, request.serial_number)
    if device.user_id is not None:
        raise errors.device_must_be_deactivated()
    remove_device(context.transaction, device)


DELETE_VIRTUAL_MFA_DEVICE: Operation[Request, Shape] = Operation(
    name="DeleteVirtualMFADevice",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteVirtualMFADevice",
    target=target,
    handle=handle,
    recorded_request=("serial_number",),
)
