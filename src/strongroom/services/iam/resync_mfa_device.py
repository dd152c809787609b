"""ResyncMFADevice: learn how far the clock of a user's MFA device is off, from two consecutive codes of it.

Errors: NoSuchEntity, InvalidAuthenticationCode.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.device_rows import device_of
from strongroom.services.iam.devices import AuthenticationCode, SerialNumber
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_target
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
    """Check the codes and remember the difference."""
    user = existing(USERS, target)
    device = device_of(context.rows, user, request.serial_number)
    if device is None:
        raise errors.device_not_found(request.serial_number)
    codes = (request.authentication_code1, request.authentication_code2)
    held = synchronise(context, device, codes, user.attributes.second_factors[device.serial])
    if held is None:
        raise errors.invalid_code()
    keep_second_factor(context, user, device.serial, held)


RESYNC_MFA_DEVICE: Operation[Request, Shape] = Operation(
    name="ResyncMFADevice",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:ResyncMFADevice",
    target=target,
    handle=handle,
    recorded_request=(
        "user_name",
        "serial_number",
    ),
)
