"""What a rotation writes down at its turning points: labels, dates, events, history. Each is part of one transaction.

Source: Secrets Manager reference 5.1, 5.5, 5.6, 15.2; rotation reference 17.
"""

from __future__ import annotations

from typing import Final

import msgspec

from strongroom.clock import SECOND_MS, Instant
from strongroom.rotation.commits import Event
from strongroom.rotation.machine import State, may_be_touched
from strongroom.rotation.rotator import Server, TargetFailed
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, Rotation, Secret, move_current
from strongroom.services.secretsmanager.rotation_rows import (
    HistoryEntry,
    RotationRow,
    Work,
    add_history,
    made_up_for,
    save_rotation,
    scheduled,
    with_derived_days,
)
from strongroom.services.secretsmanager.service_events import rotation_event
from strongroom.services.secretsmanager.tables import remove_version, update_secret
from strongroom.store.transaction import Transaction

FIRST_TRY_MS: Final = 1_000
FIRST_URGENT_TRY_MS: Final = 125
LAST_TRY_MS: Final = 300_000
LAST_URGENT_TRY_MS: Final = 30_000
AFTER_WINDOW_MS: Final = 3_600_000
HELD_AGAIN_MS: Final = 900_000


def next_try_ms(work: Work, now_ms: Instant) -> Instant:
    """Give when a rotation is tried again: later each time.

    One that has reached the target does not wait for long, a quarter of a second at first: applications may depend on
    its end, and what failed may have been a log-in that took too long.
    """
    doublings = min(work.attempts, 20)
    if may_be_touched(State(work.state)):
        return now_ms + min(FIRST_URGENT_TRY_MS << doublings, LAST_URGENT_TRY_MS)
    return now_ms + min(FIRST_TRY_MS << doublings, LAST_TRY_MS)


def release(transaction: Transaction, row: RotationRow, work: Work, due_ms: Instant | None) -> bool:
    """Give the lease back, and say when to look again; there is nothing more to do now."""
    save_rotation(transaction, msgspec.structs.replace(row, work=work, due_ms=due_ms, lease_until_ms=0))
    return False


def failed(
    transaction: Transaction,
    events: list[Event],
    secret: Secret,
    row: RotationRow,
    now_ms: Instant,
    problem: TargetFailed,
    step: str,
) -> bool:
    """Write down a failed attempt."""
    work = msgspec.structs.replace(
        row.work, attempts=row.work.attempts + 1, step=step, cause=str(problem), is_held=False
    )
    events.append(_event_of_failure(secret, work, now_ms))
    work = _told(transaction, secret, work, "failed", now_ms)
    due_ms = max(next_try_ms(work, now_ms), now_ms + problem.retry_after_s * SECOND_MS)
    if due_ms > work.closes_ms and not may_be_touched(State(work.state)):
        work, due_ms = _missed(transaction, secret, work, due_ms)
    return release(transaction, row, work, due_ms)


def window_missed(
    transaction: Transaction, secret: Secret, row: RotationRow, now_ms: Instant, cause: str
) -> None:
    """Write down that the window of a rotation closed before it was begun, and wait for the next one."""
    rotation, due_ms = made_up_for(secret, _rotation_of(secret), now_ms)
    work = msgspec.structs.replace(row.work, missed=row.work.missed + 1)
    work = add_history(transaction, secret.secret_id, work, HistoryEntry(now_ms, "missed", {"cause": cause}))
    attributes = msgspec.structs.replace(secret.attributes, rotation=rotation)
    update_secret(transaction, msgspec.structs.replace(secret, attributes=attributes))
    save_rotation(transaction, msgspec.structs.replace(row, due_ms=due_ms, work=work))


def _missed(transaction: Transaction, secret: Secret, work: Work, try_ms: Instant) -> tuple[Work, Instant]:
    """Let a rotation that failed until its window closed go on in the next one; without a schedule, seldom."""
    rotation, due_ms = made_up_for(secret, _rotation_of(secret), try_ms)
    if due_ms is None or rotation.next_ms is None:
        return work, try_ms - LAST_TRY_MS + AFTER_WINDOW_MS
    attributes = msgspec.structs.replace(secret.attributes, rotation=rotation)
    update_secret(transaction, msgspec.structs.replace(secret, attributes=attributes))
    closes_ms = rotation.next_ms + SECOND_MS
    return msgspec.structs.replace(work, missed=work.missed + 1, closes_ms=closes_ms), due_ms


def _rotation_of(secret: Secret) -> Rotation:
    return secret.attributes.rotation or Rotation(is_enabled=False)


def held(
    transaction: Transaction, events: list[Event], secret: Secret, row: RotationRow, now_ms: Instant
) -> bool:
    """Write down that no stored value logs in: nothing is guessed."""
    cause = "no stored value logs in: the credential was changed by somebody else, or restored from a backup"
    work = msgspec.structs.replace(
        row.work, attempts=row.work.attempts + 1, step="setSecret", cause=cause, is_held=True
    )
    if not row.work.is_held:
        events.append(rotation_event("RotationHeld", secret, work.token, now_ms, cause))
        events.append(_event_of_failure(secret, work, now_ms))
        work = _told(transaction, secret, work, "held", now_ms)
    return release(transaction, row, work, now_ms + HELD_AGAIN_MS)


def promoted(
    transaction: Transaction,
    _events: list[Event],
    secret: Secret,
    row: RotationRow,
    now_ms: Instant,
    server: Server,
) -> bool:
    """Move AWSCURRENT to the version: applications read the new value from here on."""
    labels = dict(secret.labels)
    move_current(labels, row.work.token)
    attributes = msgspec.structs.replace(secret.attributes, labels=labels)
    update_secret(transaction, msgspec.structs.replace(secret, changed_ms=now_ms, attributes=attributes))
    proof = {"new_worked_before_promotion": "yes", "server": server.identity, "version": server.version}
    work = msgspec.structs.replace(
        row.work,
        state=State.COMMITTED.value,
        attempts=0,
        proof={**row.work.proof, **proof},
    )
    save_rotation(transaction, msgspec.structs.replace(row, work=work))
    return True


def succeeded(
    transaction: Transaction,
    events: list[Event],
    secret: Secret,
    row: RotationRow,
    now_ms: Instant,
    proof: dict[str, str],
) -> bool:
    """End a rotation well: AWSPENDING goes, the next date is set."""
    work = msgspec.structs.replace(row.work, proof={**row.work.proof, **proof}, step="", cause="", missed=0)
    labels = dict(secret.labels)
    if labels.get(AWSPENDING) == work.token:
        del labels[AWSPENDING]
    rotation = _rotation_of(secret)
    rotation = with_derived_days(msgspec.structs.replace(rotation, rotated_ms=now_ms), now_ms)
    events.append(rotation_event("RotationSucceeded", secret, work.token, now_ms))
    work = _told(transaction, secret, work, "succeeded", now_ms)
    return _end(transaction, secret, row, work, labels, rotation, now_ms)


def abandoned(
    transaction: Transaction, events: list[Event], secret: Secret, row: RotationRow, now_ms: Instant
) -> bool:
    """End a rotation that somebody interfered with. Labels that it does not own any more stay as they are."""
    work = row.work
    labels = dict(secret.labels)
    rotation = _rotation_of(secret)
    is_displaced = secret.labels.get(AWSCURRENT) != work.base or labels.get(AWSPENDING) != work.token
    if is_displaced and labels.get(AWSPENDING) == work.token:
        del labels[AWSPENDING]
    if is_displaced:
        events.append(rotation_event("RotationAbandoned", secret, work.token, now_ms))
    outcome = "abandoned" if is_displaced else "cancelled"
    if work.is_test:
        labels = {label: version for label, version in labels.items() if version != work.token}
        remove_version(transaction, secret.secret_id, work.token)
    work = _told(transaction, secret, work, outcome, now_ms)
    return _end(transaction, secret, row, work, labels, rotation, now_ms)


def tested(
    transaction: Transaction,
    events: list[Event],
    secret: Secret,
    row: RotationRow,
    now_ms: Instant,
    problem: str,
) -> bool:
    """End the test of a configuration: the version that it used goes."""
    work = msgspec.structs.replace(row.work, cause=problem, step="testSecret" if problem else "")
    if problem:
        message = f"{_where(secret, 'testSecret')}: {problem}"
        events.append(rotation_event("TestRotationFailed", secret, work.token, now_ms, message))
    else:
        events.append(rotation_event("TestRotationSucceeded", secret, work.token, now_ms))
    outcome = "test-failed" if problem else "test-succeeded"
    work = _told(transaction, secret, work, outcome, now_ms)
    labels = {label: version for label, version in secret.labels.items() if version != work.token}
    remove_version(transaction, secret.secret_id, work.token)
    rotation = _rotation_of(secret)
    return _end(transaction, secret, row, work, labels, rotation, now_ms)


def _end(
    transaction: Transaction,
    secret: Secret,
    row: RotationRow,
    work: Work,
    labels: dict[str, str],
    rotation: Rotation,
    now_ms: Instant,
) -> bool:
    """Clear the row, and let it be due in the next window."""
    rotation, due_ms = scheduled(secret, rotation, now_ms)
    attributes = msgspec.structs.replace(secret.attributes, labels=labels, rotation=rotation)
    update_secret(transaction, msgspec.structs.replace(secret, changed_ms=now_ms, attributes=attributes))
    is_loud = now_ms < work.quiet_until_ms
    rest = Work(entries=work.entries, target=work.target, missed=work.missed)
    if is_loud:
        rest = msgspec.structs.replace(rest, quiet_until_ms=work.quiet_until_ms, asked=work.asked)
    return release(transaction, row, rest, due_ms)


def _told(transaction: Transaction, secret: Secret, work: Work, outcome: str, now_ms: Instant) -> Work:
    entry = HistoryEntry(now_ms, outcome, facts_of(work, secret))
    return add_history(transaction, secret.secret_id, work, entry)


def facts_of(work: Work, secret: Secret) -> dict[str, str]:
    """Give what the history says of a rotation; no values."""
    rotation = secret.attributes.rotation
    facts = {
        "token": work.token,
        "function": rotation.function if rotation is not None else "",
        "state": work.state,
        "attempts": str(work.attempts),
        "step": work.step,
        "cause": work.cause,
        "begun_ms": str(work.begun_ms),
        **work.proof,
    }
    return {name: value for name, value in facts.items() if value}


def _event_of_failure(secret: Secret, work: Work, now_ms: Instant) -> Event:
    message = f"{_where(secret, work.step)}: {work.cause}"
    return rotation_event("RotationFailed", secret, work.token, now_ms, message)


def _where(secret: Secret, step: str) -> str:
    rotation = secret.attributes.rotation
    function = rotation.function if rotation is not None else ""
    named = f" {function}" if function else ""
    return f"Error when executing lambda{named} during {step} step"
