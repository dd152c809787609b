"""CreateVirtualMFADevice: make a virtual MFA device: a seed, as text and as a QR code, for an authenticator app.

The seed stands in this answer and nowhere else: it is stored sealed. The device is nobody's until EnableMFADevice.

Errors: EntityAlreadyExists, InvalidInput, LimitExceeded, ValidationError.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Annotated, Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.device_rows import count_devices, find_device, insert_device
from strongroom.services.iam.devices import VirtualMFADevice, device_arn, draw_qr_code
from strongroom.services.iam.lookup import check_name, check_path
from strongroom.services.iam.model import SERIAL_CHARACTERS_MOST, USERS_MOST, DeviceAttributes, MFADevice
from strongroom.services.iam.second_factors import seal_new_seed
from strongroom.services.iam.shapes import NewPath, Tags
from strongroom.services.iam.tags import new_tags, request_conditions, show_tags
from strongroom.wire.shapes import Shape, limits, renamed


class Request(Shape):
    """The name, and what else the device is to have."""

    path: NewPath | None = None
    virtual_mfa_device_name: Annotated[str, limits(1)] = renamed("VirtualMFADeviceName")
    tags: Tags | None = None


class Response(Shape):
    """The device with its seed."""

    virtual_mfa_device: VirtualMFADevice = renamed("VirtualMFADevice")


def target(context: Context, request: Request) -> Target:
    """Name the device that will be; the tags it is to have are condition keys."""
    check_name("virtualMFADeviceName", request.virtual_mfa_device_name)
    if request.path is not None:
        check_path("path", request.path)
    arn = device_arn(context.account, request.path or "/", request.virtual_mfa_device_name)
    if len(arn) > SERIAL_CHARACTERS_MOST:
        raise errors.serial_too_long(SERIAL_CHARACTERS_MOST)
    return Target(arn, context.account, arn, conditions=request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Draw the seed and store it sealed."""
    serial = target.arn
    tags = new_tags(request.tags, folds_case=False)
    if find_device(context.rows, context.account, serial) is not None:
        raise errors.device_exists()
    if count_devices(context.rows, context.account)[0] >= USERS_MOST:
        raise errors.quota_exceeded("VirtualMFADevicesPerAccount", USERS_MOST)
    sealed, seed = seal_new_seed(context.deployment.keyring, context.account, serial)
    device = MFADevice(context.account, serial, context.now_ms, None, DeviceAttributes(tags), sealed)
    insert_device(context.transaction, device)
    text = base64.b32encode(seed.reveal()).decode("ascii")
    return Response(
        virtual_mfa_device=VirtualMFADevice(
            serial_number=serial,
            base32_string_seed=text.encode("ascii"),
            qr_code_png=draw_qr_code(request.virtual_mfa_device_name, context.account, text),
            tags=show_tags(tags) if request.tags else None,
        )
    )


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the device; never its seed."""
    return {"virtualMFADevice": {"serialNumber": response.virtual_mfa_device.serial_number}}


CREATE_VIRTUAL_MFA_DEVICE = Operation(
    name="CreateVirtualMFADevice",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="iam:CreateVirtualMFADevice",
    target=target,
    handle=handle,
    recorded_request=(
        "path",
        "virtual_mfa_device_name",
        "tags",
    ),
    recorded_response=recorded_response,
    is_unbuffered=True,
)
