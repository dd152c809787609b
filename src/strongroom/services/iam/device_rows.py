"""Rows of virtual MFA devices.

Rules:
 - The row of a user says which devices it has, with the digest of each seed and the last code that was used, and
   decides; a device's row that says otherwise was changed behind our back (K-03).
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from strongroom.services.iam.model import DeviceAttributes, MFADevice, User, fold_name
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

DEVICES: Final = Table(
    "iam_mfa_devices",
    columns=(
        "account_id",
        "serial_folded",
        "serial",
        "created_ms",
        "user_id",
        "attributes",
        "sealed_seed",
    ),
    key=("account_id", "serial_folded"),
)

_decode_attributes = msgspec.msgpack.Decoder(DeviceAttributes).decode
_encode_attributes = msgspec.msgpack.Encoder().encode


def find_device(rows: Rows, account: str, serial: str) -> MFADevice | None:
    """Read a device of an account by its serial number, whatever its case, or None."""
    row = rows.find(DEVICES, account, fold_name(serial))
    return None if row is None else _of_row(row)


def device_of(rows: Rows, user: User, serial: str) -> MFADevice | None:
    """Read a device that a user has, or None when it has no such device.

    Raises:
        StoreTampered: The device's row is not what the user's row remembers.
    """
    held = user.attributes.second_factors.get(serial)
    if held is None:
        return None
    device = find_device(rows, user.account, serial)
    if device is None or device.user_id != user.unique_id or device.digest != held.digest:
        raise StoreTampered("an MFA device of a user was changed outside of Strongroom")
    return device


def page_of_devices(rows: Rows, account: str, after: str, most: int) -> list[MFADevice]:
    """Read the devices of an account by folded serial number from behind ``after``."""
    clause = "WHERE account_id = ? AND serial_folded > ? ORDER BY serial_folded LIMIT ?"
    return [_of_row(row) for row in rows.select(DEVICES, clause, (account, after, most))]


def count_devices(rows: Rows, account: str) -> tuple[int, int]:
    """Count the devices of an account, and those that are in use."""
    every: Any = rows.scalar("SELECT count(*) FROM iam_mfa_devices WHERE account_id = ?", (account,))
    used: Any = rows.scalar("SELECT count(user_id) FROM iam_mfa_devices WHERE account_id = ?", (account,))
    return int(every), int(used)


def insert_device(transaction: Transaction, device: MFADevice) -> None:
    """Add a device."""
    transaction.insert(DEVICES, _row_of(device))


def update_device(transaction: Transaction, device: MFADevice) -> None:
    """Replace a device's row."""
    transaction.update(DEVICES, _row_of(device))


def remove_device(transaction: Transaction, device: MFADevice) -> None:
    """Remove a device."""
    transaction.delete(DEVICES, device.account, fold_name(device.serial))


def _of_row(row: Row) -> MFADevice:
    values: Any = row
    account, _, serial, created_ms, user_id, attributes, sealed_seed = values
    return MFADevice(account, serial, created_ms, user_id, _decode_attributes(attributes), sealed_seed)


def _row_of(device: MFADevice) -> Row:
    return (
        device.account,
        fold_name(device.serial),
        device.serial,
        device.created_ms,
        device.user_id,
        _encode_attributes(device.attributes),
        device.sealed_seed,
    )
