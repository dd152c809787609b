"""Rows of rotations: what is due, what is under way, what happened.

Rules:
 - A secret has at most one rotation under way. Its row is the journal: every step is committed here before the next
   one begins, together with the labels that it moves.
 - Values are never in these rows; they lie, sealed, in the versions of the secret.
 - ``due_ms`` says when the rotation process looks at a row: rotations begin, go on and are tried again only because
   rows say so.
 - What the order of due rotations hangs on (``target``, ``is_urgent``, ``trouble``) repeats for an index what stands
   in the row under its code. It decides nothing but when a row is looked at, and is compared (K-03).
 - Whoever commits for a rotation shows the epoch of its lease (``still_held``): a process that lost it commits
   nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NamedTuple

import msgspec

from strongroom.clock import DAY_MS, Instant
from strongroom.schedule.rules import Schedule, parse_schedule
from strongroom.schedule.windows import (
    Window,
    days_between_windows,
    make_up_window,
    moment_inside,
    next_window,
)
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, Rotation, Secret
from strongroom.services.secretsmanager.tables import HISTORY, ROTATIONS
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row
from strongroom.store.transaction import Transaction

HISTORY_MOST: Final = 100
UNTOUCHED: Final = frozenset({"planned", "staged"})
"""States in which the target was not yet asked for anything, see ``rotation/machine.py``."""
OVERDUE_AFTER_MS: Final = 900_000
"""A rotation that is due for so long, and in no other trouble, was not begun though it should have been."""
_ORDER: Final = "SELECT target, is_urgent, trouble FROM rotations WHERE secret_id = ?"
_SET_ORDER: Final = "UPDATE rotations SET target = ?, is_urgent = ?, trouble = ? WHERE secret_id = ?"
_DUE_URGENT: Final = (
    "SELECT secret_id, target, is_urgent FROM rotations "
    "WHERE is_urgent = 1 AND due_ms <= ? AND lease_until_ms <= ? ORDER BY due_ms LIMIT ?"
)
_DUE: Final = (
    "SELECT secret_id, target, is_urgent FROM rotations WHERE is_urgent = 0 AND due_ms <= ? AND lease_until_ms <= ? "
    "AND target NOT IN (SELECT value FROM json_each(?)) ORDER BY due_ms LIMIT ?"
)
_TROUBLES: Final = "SELECT trouble, count(*) FROM rotations WHERE trouble <> '' GROUP BY trouble"
_COUNT_DUE: Final = "SELECT count(*) FROM rotations WHERE is_urgent IN (0, 1) AND due_ms <= ?"
_COUNT_LATE: Final = (
    "SELECT count(*) FROM rotations WHERE is_urgent IN (0, 1) AND due_ms <= ? AND trouble = ''"
)
_LATE: Final = (
    "SELECT secret_id FROM rotations WHERE is_urgent IN (0, 1) AND due_ms <= ? AND trouble = '' LIMIT ?"
)
IMMEDIATE_WINDOW_MS: Final = DAY_MS
"""For how long a rotation that was asked for is tried again often."""


class Work(msgspec.Struct, frozen=True, omit_defaults=True):
    """The rotation that is under way; without a token there is none.

    Attributes:
        token: The version that is rotated in.
        is_test: Whether only the configuration is tested (RotateImmediately false).
        state: A state of ``rotation/machine.py``.
        base: The version that had AWSCURRENT when the rotation began.
        attempts: How often it failed since it last got ahead.
        begun_ms: When it began.
        closes_ms: When its window closes.
        quiet_until_ms: Until when something that was sent to the target may still take effect there.
        asked: Versions that the target was asked to take; of the rotation before as well, while it is not quiet.
        is_held: Whether nothing more is done until somebody looks.
        step: The step of the last failure, by AWS's name.
        cause: Why it failed; a sentence without values.
        proof: What was proven so far, see ``HistoryEntry``.
        entries: The number of the newest history entry: one that was removed is missed (K-03).
        target: Where the credential was used when it was last looked at, as a keyed hash: only a few rotations run
            there at once.
        missed: How many windows closed since the last success without one.
        invoked: Which step of a function is being invoked, by AWS's name; a process that takes it up does so again.
    """

    token: str = ""
    is_test: bool = False
    state: str = "planned"
    base: str = ""
    attempts: int = 0
    begun_ms: Instant = 0
    closes_ms: Instant = 0
    quiet_until_ms: Instant = 0
    asked: tuple[str, ...] = ()
    is_held: bool = False
    step: str = ""
    cause: str = ""
    proof: dict[str, str] = {}
    entries: int = 0
    target: str = ""
    missed: int = 0
    invoked: str = ""


class RotationRow(msgspec.Struct, frozen=True):
    """One row of ``ROTATIONS``."""

    secret_id: int
    due_ms: Instant | None
    lease_until_ms: Instant
    epoch: int
    work: Work


class HistoryEntry(msgspec.Struct, frozen=True):
    """What became of a rotation, or of one attempt.

    Attributes:
        outcome: ``succeeded``, ``failed``, ``held``, ``renewed``, ``abandoned``, ``cancelled``, ``missed``,
            ``test-succeeded``, ``test-failed``.
        facts: The token, attempts, cause, and the proof of switch: server, version, tls; ``old_worked_before``,
            ``new_worked_before_promotion``, ``new_works_after``, ``old_refused_after``. No values.
    """

    at_ms: Instant
    outcome: str
    facts: dict[str, str]


_decode_work = msgspec.msgpack.Decoder(Work).decode
_decode_facts = msgspec.msgpack.Decoder(dict[str, str]).decode
_encode = msgspec.msgpack.Encoder().encode


def find_rotation(rows: Rows, secret_id: int) -> RotationRow | None:
    """Read a row, or None."""
    found: Any = rows.find(ROTATIONS, secret_id)
    if found is None:
        return None
    return RotationRow(found[0], found[1], found[2], found[3], _decode_work(found[4]))


def save_rotation(transaction: Transaction, row: RotationRow) -> None:
    """Add or replace a row."""
    stored: Row = (row.secret_id, row.due_ms, row.lease_until_ms, row.epoch, _encode(row.work))
    before: Any = transaction.find(ROTATIONS, row.secret_id)
    order = _order_of(row.work)
    if before is None:
        transaction.insert(ROTATIONS, stored)
    else:
        transaction.update(ROTATIONS, stored)
        if order == _order_of(_decode_work(before[4])):
            return
    transaction.run(_SET_ORDER, (*order, row.secret_id))


def _order_of(work: Work) -> tuple[str, int, str]:
    """Give what the order of due rotations hangs on, and what operators are told of."""
    trouble = "held" if work.is_held else "failing" if work.attempts else "overdue" if work.missed else ""
    return work.target, int(bool(work.token) and work.state not in UNTOUCHED), trouble


def has_its_order(rows: Rows, secret_id: int) -> bool:
    """Whether a row stands in the order in which it should; also when there is none.

    Raises:
        StoreTampered: The row was changed or removed, or is not the newest.
    """
    with rows.snapshot():
        row = find_rotation(rows, secret_id)
        return row is None or rows.listing(_ORDER, (secret_id,)) == [_order_of(row.work)]


def restore_order(transaction: Transaction, secret_id: int) -> None:
    """Put a row back into its place, by what its row says under its code."""
    row = find_rotation(transaction, secret_id)
    if row is not None:
        transaction.run(_SET_ORDER, (*_order_of(row.work), secret_id))


class Due(NamedTuple):
    """A rotation that is to be looked at.

    Attributes:
        target: See ``Work``; empty when it is not known.
        is_urgent: Whether the target may have been asked for something: an application may depend on its end.
    """

    secret_id: int
    target: str
    is_urgent: bool


def list_due_rotations(rows: Rows, now_ms: Instant, most: int, but_at: Collection[str] = ()) -> list[Due]:
    """List rotations that are due and not leased to anybody: urgent ones first, then the longest overdue.

    Args:
        rows: The store.
        now_ms: The instant.
        most: How many of either kind.
        but_at: Targets whose rotations, unless they are urgent, are left out.
    """
    found: list[Any] = [
        *rows.listing(_DUE_URGENT, (now_ms, now_ms, most)),
        *rows.listing(_DUE, (now_ms, now_ms, msgspec.json.encode(sorted(but_at)).decode(), most)),
    ]
    return [Due(secret_id, target, bool(is_urgent)) for secret_id, target, is_urgent in found]


class Standings(NamedTuple):
    """How many rotations are in which situation.

    Attributes:
        due: Are to be looked at now, or are under way.
        failing: Failed at their last attempt, and will be tried again.
        held: Wait for somebody: no stored value logs in.
        overdue: Missed a window, or are due for a while and were not begun.
    """

    due: int
    failing: int
    held: int
    overdue: int


def count_rotations(rows: Rows, now_ms: Instant) -> Standings:
    """Count rotations for the metrics and for operators."""
    counts: dict[Any, Any] = dict(rows.listing(_TROUBLES))  # type: ignore[arg-type]
    due: Any = rows.scalar(_COUNT_DUE, (now_ms,))
    late: Any = rows.scalar(_COUNT_LATE, (now_ms - OVERDUE_AFTER_MS,))
    return Standings(due, counts.get("failing", 0), counts.get("held", 0), counts.get("overdue", 0) + late)


def list_history(rows: Rows, secret: Secret) -> list[HistoryEntry]:
    """Read what happened, the newest last.

    Raises:
        StoreTampered: An entry was changed or removed.
    """
    row = find_rotation(rows, secret.secret_id)
    newest = 0 if row is None else row.work.entries
    found: Any = rows.select(HISTORY, "WHERE secret_id = ? ORDER BY entry", (secret.secret_id,))
    if [number for _, number, _, _ in found] != list(range(max(newest - HISTORY_MOST, 0) + 1, newest + 1)):
        raise StoreTampered("the history of a rotation was changed outside of Strongroom")
    entries = []
    for _, _, at_ms, facts in found:
        told = _decode_facts(facts)
        entries.append(HistoryEntry(at_ms, told.pop("outcome"), told))
    return entries


def add_history(transaction: Transaction, secret_id: int, work: Work, entry: HistoryEntry) -> Work:
    """Add what happened; of each secret the last hundred entries are kept.

    Returns:
        The work, which knows of the entry; it is to be saved in the same transaction.
    """
    number = work.entries + 1
    facts = _encode({"outcome": entry.outcome, **entry.facts})
    transaction.insert(HISTORY, (secret_id, number, entry.at_ms, facts))
    if number > HISTORY_MOST:
        transaction.delete(HISTORY, secret_id, number - HISTORY_MOST)
    return msgspec.structs.replace(work, entries=number)


def list_in_trouble(rows: Rows, now_ms: Instant, most: int) -> list[int]:
    """List some of the secrets whose rotations ``count_rotations`` counts as failing, held or overdue."""
    found: list[Any] = rows.column(
        "SELECT secret_id FROM rotations WHERE trouble <> '' LIMIT ?", (most,)
    ) or rows.column(_LATE, (now_ms - OVERDUE_AFTER_MS, most))
    return found


def rotation_token(rows: Rows, secret: Secret, version_id: str) -> str:
    """Give the RotationToken of the rotation to a version: only who was given it for that rotation knows it.

    It is made of keyed hashes and kept nowhere.
    """
    named = f"{secret.secret_id} {version_id}"
    return "-".join(rows.alias(f"rotation token {half}", named) for half in ("a", "b"))


# Schedules


def schedule_of(rotation: Rotation) -> Schedule | None:
    """Give the schedule of a secret; None when it has none."""
    if rotation.days is None and not rotation.expression:
        return None
    return parse_schedule(rotation.days, rotation.expression or None, rotation.duration or None)


def scheduled(secret: Secret, rotation: Rotation, changed_ms: Instant) -> tuple[Rotation, Instant | None]:
    """Find the window that follows a change of the value.

    Returns:
        The rotation with its next date, and when it is due; no date and None when nothing is scheduled.
    """
    schedule = schedule_of(rotation) if rotation.is_enabled else None
    window = next_window(schedule, changed_ms) if schedule is not None else None
    return _due_in(window, secret, rotation)


def made_up_for(secret: Secret, rotation: Rotation, from_ms: Instant) -> tuple[Rotation, Instant | None]:
    """Find the window for a rotation that did not succeed in its own.

    Args:
        secret: The secret.
        rotation: Its configuration.
        from_ms: Nothing begins before.

    Returns:
        As ``scheduled``.
    """
    schedule = schedule_of(rotation) if rotation.is_enabled else None
    window = make_up_window(schedule, from_ms) if schedule is not None else None
    rotation, due_ms = _due_in(window, secret, rotation)
    return rotation, None if due_ms is None else max(due_ms, from_ms)


def _due_in(window: Window | None, secret: Secret, rotation: Rotation) -> tuple[Rotation, Instant | None]:
    if window is None:
        return msgspec.structs.replace(rotation, next_ms=None), None
    return (
        msgspec.structs.replace(rotation, next_ms=window.last_second_ms),
        moment_inside(window, secret.arn),
    )


def with_derived_days(rotation: Rotation, changed_ms: Instant) -> Rotation:
    """Note the days between two windows, as AWS shows them after a rotation by an expression succeeded."""
    schedule = schedule_of(rotation)
    if schedule is None or not rotation.expression:
        return rotation
    return msgspec.structs.replace(rotation, derived_days=days_between_windows(schedule, changed_ms))


# What changes of a secret mean for its rotation


def is_unfinished(secret: Secret) -> bool:
    """Whether AWSPENDING is on another version than AWSCURRENT: a rotation is taken to be in progress."""
    pending = secret.labels.get(AWSPENDING)
    return pending is not None and pending != secret.labels.get(AWSCURRENT)


def wake(transaction: Transaction, secret_id: int, now_ms: Instant) -> None:
    """Let the rotation process look at a rotation that is under way, at once."""
    row = find_rotation(transaction, secret_id)
    if row is not None and row.work.token:
        save_rotation(transaction, msgspec.structs.replace(row, due_ms=now_ms))


def after_labels(
    transaction: Transaction, before: Secret, after: Secret, now_ms: Instant, *, is_new_value: bool = False
) -> Secret:
    """Note for the rotation of a secret that somebody moved its labels.

    Args:
        transaction: The change.
        before: The secret before.
        after: The secret after; not yet written.
        now_ms: The instant of the change.
        is_new_value: Whether a new value became current: it counts as a rotation, so the next one is later.

    Returns:
        The secret to be written: its next date may have changed.
    """
    rotation = after.attributes.rotation
    if rotation is None or after.labels == before.labels:
        return after
    row = find_rotation(transaction, after.secret_id)
    is_under_way = row is not None and bool(row.work.token)
    due_ms: Instant | None = now_ms
    if is_new_value and rotation.is_enabled:
        rotation, scheduled_ms = scheduled(after, rotation, now_ms)
        due_ms = now_ms if is_under_way else scheduled_ms
        attributes = msgspec.structs.replace(after.attributes, rotation=rotation)
        after = msgspec.structs.replace(after, attributes=attributes)
    elif not is_under_way:
        return after
    if row is not None:
        work = msgspec.structs.replace(row.work, missed=0) if is_new_value else row.work
        save_rotation(transaction, msgspec.structs.replace(row, due_ms=due_ms, work=work))
    return after


def rescheduled(transaction: Transaction, secret: Secret, now_ms: Instant) -> Secret:
    """Give a secret with the next window from now on, and let its row be due then; for one that was restored."""
    rotation, row = secret.attributes.rotation, find_rotation(transaction, secret.secret_id)
    if rotation is None or row is None:
        return secret
    rotation, due_ms = scheduled(secret, rotation, now_ms)
    save_rotation(transaction, msgspec.structs.replace(row, due_ms=now_ms if row.work.token else due_ms))
    attributes = msgspec.structs.replace(secret.attributes, rotation=rotation)
    return msgspec.structs.replace(secret, attributes=attributes)
