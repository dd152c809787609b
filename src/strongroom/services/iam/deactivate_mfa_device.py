"""DeactivateMFADevice: take a virtual MFA device from a user; without a name from the caller.

The device is nobody's then.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.device_rows import device_of, update_device
from strongroom.services.iam.devices import SerialNumber
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.second_factors import keep_second_factor
from strongroom.services.iam.shapes import ExistingUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose device, and which one."""

    user_name: ExistingUserName | None = None
    serial_number: SerialNumber


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Take the device away."""
    user = existing(USERS, target)
    device = device_of(context.rows, user, request.serial_number)
    if device is None:
        raise errors.device_not_found(request.serial_number)
    update_device(context.transaction, replace(device, user_id=None))
    keep_second_factor(context, user, device.serial, None)


DEACTIVATE_MFA_DEVICE: Operation[Request, Shape] = Operation(
    name="DeactivateMFADevice",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeactivateMFADevice",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "serial_number",
    ),
)
