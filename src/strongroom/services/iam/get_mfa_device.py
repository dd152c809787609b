"""GetMFADevice: when an MFA device of a user was enabled; without a name a device of the caller.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetMFADevice.html
"""

from __future__ import annotations

from typing import Annotated

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.device_rows import device_of
from strongroom.services.iam.devices import SerialNumber
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import existing, find_user_or_self
from strongroom.services.iam.shapes import NewUserName, UserName
from strongroom.wire.shapes import Shape, Timestamp, limits, timestamp


class Request(Shape):
    """Which device of whom."""

    serial_number: SerialNumber
    user_name: NewUserName | None = None


class Response(Shape):
    """The device; certifications are for hardware keys, which are not served."""

    user_name: UserName | None = None
    serial_number: SerialNumber
    enable_date: Timestamp | None = None
    certifications: (
        dict[
            Annotated[str, limits(1, 128, pattern=r"[\u0020-\u00FF]+")],
            Annotated[str, limits(1, 32, pattern=r"[\u0020-\u00FF]+")],
        ]
        | None
    ) = None


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return find_user_or_self(context, request.user_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the device."""
    user = existing(USERS, target)
    device = device_of(context.rows, user, request.serial_number)
    if device is None:
        raise errors.device_not_found(request.serial_number)
    held = user.attributes.second_factors[device.serial]
    return Response(user_name=user.name, serial_number=device.serial, enable_date=timestamp(held.enabled_ms))


GET_MFA_DEVICE = Operation(
    name="GetMFADevice",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetMFADevice",
    target=target,
    handle=handle,
    recorded_request=(
        "serial_number",
        "user_name",
    ),
)
