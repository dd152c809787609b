"""EnableMFADevice: give a virtual MFA device to a user, who shows two consecutive codes of it.

A user has at most eight devices.

Errors: NoSuchEntity, EntityAlreadyExists, InvalidAuthenticationCode, LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.device_rows import update_device
from strongroom.services.iam.devices import AuthenticationCode, SerialNumber, existing_device
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
from strongroom.services.iam.model import SECOND_FACTORS_MOST
from strongroom.services.iam.second_factors import keep_second_factor, synchronise
from strongroom.services.iam.shapes import ExistingUserName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose device, which one, and two codes of it."""

    user_name: ExistingUserName
    serial_number: SerialNumber
    authentication_code1: AuthenticationCode
    authentication_code2: AuthenticationCode


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_target(context, USERS, request.user_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Check the codes and give the device to the user."""
    user = existing(USERS, target)
    device = existing_device(context, request.serial_number)
    if device.user_id is not None:
        raise errors.device_in_use()
    if len(user.attributes.second_factors) >= SECOND_FACTORS_MOST:
        raise errors.quota_exceeded("MFADevicesPerUser", SECOND_FACTORS_MOST)
    codes = (request.authentication_code1, request.authentication_code2)
    held = synchronise(context, device, codes, None)
    if held is None:
        raise errors.invalid_code()
    update_device(context.transaction, replace(device, user_id=user.unique_id))
    keep_second_factor(context, user, device.serial, held)


ENABLE_MFA_DEVICE: Operation[Request, Shape] = Operation(
    name="EnableMFADevice",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:EnableMFADevice",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "serial_number",
    ),
)
