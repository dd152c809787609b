"""What operators ask of rotations over the local socket: history, where one stands, and to go on with it at once.

It shows names, labels, causes and proofs; never a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from strongroom.clock import Instant, render_iso
from strongroom.errors import StrongroomError
from strongroom.opening import Opened
from strongroom.rotation.machine import Standing, State
from strongroom.rotation.standing import standing_of
from strongroom.services.secretsmanager.model import Rotation, Secret
from strongroom.services.secretsmanager.rotation_rows import (
    RotationRow,
    count_rotations,
    find_rotation,
    list_history,
    list_in_trouble,
    save_rotation,
)
from strongroom.services.secretsmanager.tables import find_secret, find_secret_by_id
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction

_STATES: Final[Mapping[State, str]] = {
    State.PLANNED: "has begun; it has no new value yet",
    State.STAGED: "has stored the new value; the target does not know it yet",
    State.APPLYING: "has asked the target to take the new value, and AWSCURRENT still has the old one",
    State.COMMITTED: "has moved AWSCURRENT to the new value, which is still to be confirmed",
}
_NEXT: Final[Mapping[Standing, str]] = {
    Standing.PENDING: "It goes on",
    Standing.PROMOTED: "It goes on",
    Standing.DISPLACED: "Its labels were moved by somebody: it makes the target agree with AWSCURRENT and ends",
    Standing.CANCELLED: "Rotation was turned off: it ends, after its new value is in force if it reached the target",
    Standing.GONE: "The secret is gone: it ends",
}


NAMED_MOST: Final = 5


class NoSuchRotation(StrongroomError):
    """The secret does not exist, or was never rotated; the sentence says which."""


def locate_secret(rows: Rows, wanted: str) -> Secret:
    """Find a secret by its ARN, or by its name where only one secret has it.

    Raises:
        NoSuchRotation: There is none, or there are several.
    """
    if wanted.startswith("arn:"):
        parts = wanted.split(":", 6)
        found = find_secret(rows, parts[4], parts[3], parts[6][:-7]) if len(parts) == 7 else None
        if found is None or found.arn != wanted:
            raise NoSuchRotation("There is no secret with this ARN.")
        return found
    ids: list[Any] = rows.column("SELECT secret_id FROM secrets WHERE name = ? LIMIT 2", (wanted,))
    if not ids:
        raise NoSuchRotation("There is no secret of this name.")
    if len(ids) > 1:
        raise NoSuchRotation("Several accounts or Regions have a secret of this name; give its ARN.")
    secret = find_secret_by_id(rows, ids[0])
    assert secret is not None, "it was just found"
    return secret


def rotation_history(
    transaction: Transaction, _opened: Opened, _now_ms: Instant, details: Mapping[str, Any]
) -> list[dict[str, str]]:
    """List what happened, the newest last."""
    secret = locate_secret(transaction, str(details.get("secret")))
    return [
        {"at": render_iso(entry.at_ms), "outcome": entry.outcome, **_dated(entry.facts)}
        for entry in list_history(transaction, secret)
    ]


def explain_rotation(
    transaction: Transaction, _opened: Opened, now_ms: Instant, details: Mapping[str, Any]
) -> dict[str, str]:
    """Say in a few sentences where the rotation of a secret stands, and what comes next."""
    secret = locate_secret(transaction, str(details.get("secret")))
    rotation = secret.attributes.rotation
    row = find_rotation(transaction, secret.secret_id)
    if rotation is None or row is None:
        return {"arn": secret.arn, "state": "never", "explanation": "Rotation was never configured."}
    if not row.work.token:
        return {"arn": secret.arn, "state": "idle", "explanation": _explain_idle(secret, rotation, row)}
    state = "held" if row.work.is_held else row.work.state
    standing = standing_of(transaction, secret, row)
    return {"arn": secret.arn, "state": state, "explanation": _explain_work(row, standing, now_ms)}


def resume_rotation(
    transaction: Transaction, _opened: Opened, now_ms: Instant, details: Mapping[str, Any]
) -> dict[str, str]:
    """Let a rotation that waits for its next try, or is held, be tried at once."""
    secret = locate_secret(transaction, str(details.get("secret")))
    row = find_rotation(transaction, secret.secret_id)
    if row is None or not row.work.token:
        raise NoSuchRotation("No rotation of this secret is under way.")
    work = msgspec.structs.replace(row.work, attempts=0)
    save_rotation(transaction, msgspec.structs.replace(row, due_ms=now_ms, work=work))
    return {"arn": secret.arn, "token": row.work.token}


def rotation_troubles(
    transaction: Transaction, _opened: Opened, now_ms: Instant, _details: Mapping[str, Any]
) -> dict[str, Any]:
    """Count the rotations in trouble, and name some of them."""
    found = count_rotations(transaction, now_ms)
    named = [
        find_secret_by_id(transaction, number) for number in list_in_trouble(transaction, now_ms, NAMED_MOST)
    ]
    return {
        "failing": found.failing,
        "held": found.held,
        "overdue": found.overdue,
        "arns": [secret.arn for secret in named if secret is not None],
    }


def _explain_idle(secret: Secret, rotation: Rotation, row: RotationRow) -> str:
    if secret.deleted_ms is not None:
        return "The secret is marked for deletion; nothing is rotated."
    if not rotation.is_enabled:
        return "Rotation is turned off."
    last = "It was never rotated"
    if rotation.rotated_ms is not None:
        last = f"It was last rotated at {render_iso(rotation.rotated_ms)}"
    if row.work.missed:
        last += f", and has missed {row.work.missed} windows since"
    if row.due_ms is None:
        return f"{last}; it is rotated when RotateSecret is called."
    return f"{last}; the next rotation begins at {render_iso(row.due_ms)}."


def _explain_work(row: RotationRow, standing: Standing, now_ms: Instant) -> str:
    work = row.work
    what = "The test of the configuration" if work.is_test else f"The rotation to version {work.token}"
    is_at = f"is at {work.invoked} of its function" if work.invoked else _STATES[State(work.state)]
    said = f"{what} {is_at}."
    if work.is_held:
        said += " It is held: no stored value logs in. Give the target a stored value again, then resume."
    elif work.cause:
        said += f" It failed {work.attempts} times in a row, last in {work.step}: {work.cause}."
    when = "now"
    if row.due_ms is not None and row.due_ms > now_ms:
        when = f"at {render_iso(row.due_ms)}"
    elif row.lease_until_ms > now_ms:
        when = "and is under way"
    return f"{said} {_NEXT[standing]} {when}."


def _dated(facts: dict[str, str]) -> dict[str, str]:
    begun = facts.get("begun_ms", "")
    return {name: value for name, value in facts.items() if name != "begun_ms"} | (
        {"begun": render_iso(int(begun))} if begun else {}
    )
