"""The beginning of a rotation: the version that is to be rotated in, its label, and the row that drives it.

Called by RotateSecret for the caller, and by the rotation process for the schedule.

Source: Secrets Manager reference 5.1, 5.2.
"""

from __future__ import annotations

import msgspec

from strongroom.clock import Instant
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, Secret, Version
from strongroom.services.secretsmanager.rotation_rows import (
    UNTOUCHED,
    HistoryEntry,
    RotationRow,
    Work,
    add_history,
    find_rotation,
    save_rotation,
)
from strongroom.services.secretsmanager.service_events import rotation_event
from strongroom.services.secretsmanager.tables import (
    find_version,
    insert_version,
    remove_version,
    update_secret,
)
from strongroom.store.transaction import Transaction

Event = tuple[str, bytes]


def give_up_displaced(
    transaction: Transaction, secret: Secret, row: RotationRow, now_ms: Instant
) -> Event | None:
    """End a rotation whose label somebody took away before the target was asked, without waiting for its process.

    Returns:
        The event for the audit record; None when there is none of that kind, and nothing was changed.
    """
    work = row.work
    if work.state not in UNTOUCHED or secret.labels.get(AWSPENDING) == work.token:
        return None
    if work.is_test:
        remove_version(transaction, secret.secret_id, work.token)
    entry = HistoryEntry(now_ms, "abandoned", {"token": work.token, "state": work.state})
    told = add_history(transaction, secret.secret_id, work, entry)
    rest = Work(
        entries=told.entries,
        quiet_until_ms=work.quiet_until_ms,
        asked=work.asked,
        target=work.target,
        missed=work.missed,
    )
    save_rotation(transaction, RotationRow(row.secret_id, None, 0, row.epoch + 1, rest))
    return rotation_event("RotationAbandoned", secret, work.token, now_ms)


def start_rotation(
    transaction: Transaction,
    secret: Secret,
    token: str,
    now_ms: Instant,
    closes_ms: Instant,
    *,
    tested: Version | None = None,
) -> tuple[Secret, Event]:
    """Begin a rotation: AWSPENDING goes to a version without a value, and the row is due at once.

    Args:
        transaction: The change.
        secret: The secret with the configuration that shall hold.
        token: The version to be; it may exist already, without AWSCURRENT.
        now_ms: The instant of the beginning.
        closes_ms: When the window closes.
        tested: For a test of the configuration: a version ``token`` with the current value.

    Returns:
        The secret as it was written, and the event for the audit record.
    """
    if tested is not None:
        insert_version(transaction, tested)
    elif find_version(transaction, secret.secret_id, token) is None:
        insert_version(transaction, Version(secret.secret_id, token, now_ms, 0, (), "", b""))
    labels = {**secret.labels, AWSPENDING: token}
    attributes = msgspec.structs.replace(secret.attributes, labels=labels)
    changed = msgspec.structs.replace(secret, changed_ms=now_ms, attributes=attributes)
    update_secret(transaction, changed)
    row = find_rotation(transaction, secret.secret_id) or RotationRow(secret.secret_id, None, 0, 0, Work())
    work = Work(
        token=token,
        is_test=tested is not None,
        base=secret.labels.get(AWSCURRENT, ""),
        begun_ms=now_ms,
        closes_ms=closes_ms,
        quiet_until_ms=row.work.quiet_until_ms,
        asked=row.work.asked,
        entries=row.work.entries,
        target=row.work.target,
        missed=row.work.missed,
    )
    # Who still holds the lease of an older rotation of this secret finds another epoch.
    save_rotation(
        transaction, RotationRow(secret.secret_id, now_ms, lease_until_ms=0, epoch=row.epoch + 1, work=work)
    )
    name = "TestRotationStarted" if tested is not None else "RotationStarted"
    return changed, rotation_event(name, changed, token, now_ms)  # type: ignore[arg-type]
