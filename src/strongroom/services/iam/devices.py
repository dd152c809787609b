"""Step 5 for virtual MFA devices, and how they are shown.

Rules:
 - A serial number is the ARN of the device; the policy is evaluated on the ARN of the stored row, and for an
   absent device on the one that it would have in the caller's account (P-01, P-09).
 - The seed is shown when it is made and never again.
"""

from __future__ import annotations

import io
from typing import Annotated
from urllib.parse import quote

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.services.iam import errors
from strongroom.services.iam.device_rows import find_device
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.lookup import NO_CONDITIONS, Conditions, tag_conditions
from strongroom.services.iam.model import MFADevice
from strongroom.services.iam.shapes import Tags, UserDetail, UserName, show_user
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.wire.shapes import SENSITIVE, Shape, Timestamp, limits, renamed, timestamp

SerialNumber = Annotated[str, limits(9, 256, pattern=r"[\w+=/:,.@-]+")]
AuthenticationCode = Annotated[str, limits(6, 6, pattern=r"[\d]+")]


class VirtualMFADevice(Shape):
    """A virtual device; its seed is there in the answer that makes it only."""

    serial_number: SerialNumber
    base32_string_seed: Annotated[bytes, SENSITIVE] | None = renamed("Base32StringSeed", default=None)
    qr_code_png: Annotated[bytes, SENSITIVE] | None = renamed("QRCodePNG", default=None)
    user: UserDetail | None = None
    enable_date: Timestamp | None = None
    tags: Tags | None = None


class MFADeviceDetail(Shape):
    """A device of a user."""

    user_name: UserName
    serial_number: SerialNumber
    enable_date: Timestamp


def device_arn(account: str, path: str, name: str) -> str:
    """Write the serial number of a virtual device."""
    return f"arn:aws:iam::{account}:mfa{path}{name}"


def device_target(context: Context, serial: str, conditions: Conditions = NO_CONDITIONS) -> Target:
    """Resolve a serial number; the tags of the device are condition keys."""
    device = find_device(context.rows, context.account, serial)
    if device is None:
        arn = device_arn(context.account, "/", serial.rpartition("/")[2])
        return Target(arn, context.account, serial, conditions=conditions)
    own = tag_conditions(device.attributes.tags)
    return Target(device.serial, context.account, serial, device, {**own, **conditions})


def existing_device(context: Context, serial: str) -> MFADevice:
    """Return a virtual device of the caller's account.

    Raises:
        Fault: There is none.
    """
    device = find_device(context.rows, context.account, serial)
    if device is None:
        raise errors.device_not_found(serial)
    return device


def show_device(rows: Rows, device: MFADevice) -> VirtualMFADevice:
    """Show a device in a listing.

    Raises:
        StoreTampered: Its user does not have it.
    """
    if device.user_id is None:
        return VirtualMFADevice(serial_number=device.serial)
    user = USERS.find_by_id(rows, device.user_id)
    held = None if user is None else user.attributes.second_factors.get(device.serial)
    if user is None or held is None:
        raise StoreTampered("an MFA device was changed outside of Strongroom")
    return VirtualMFADevice(
        serial_number=device.serial,
        user=show_user(user, is_listed=True),
        enable_date=timestamp(held.enabled_ms),
    )


def draw_qr_code(name: str, account: str, seed: str) -> bytes:
    """Draw the picture that an authenticator app reads: ``otpauth://totp/name@account?secret=seed``."""
    # Only this operation needs it; where it is not installed, types are checked all the same.
    import segno  # type: ignore[import-not-found,unused-ignore]

    address = f"otpauth://totp/{quote(name, safe='')}@{account}?secret={seed}&issuer=Strongroom"
    picture = io.BytesIO()
    segno.make(address, micro=False).save(picture, kind="png", scale=4)
    return picture.getvalue()
