"""The state machine of a rotation: from what is known to the next step. No clock, no store, no network.

::

    PLANNED ──STAGE──▶ STAGED ──INTEND──▶ APPLYING ──PROMOTE──▶ COMMITTED ──CONFIRM──▶ (succeeded)
       │                  │                  │  ▲                   │
       └──────STOP────────┴───STOP──▶ (abandoned) ◀──STOP──  once the target agrees with AWSCURRENT again

    PLANNED    the version of the token exists and carries AWSPENDING, without a value
    STAGED     its value is durable; the target was never asked to take it
    APPLYING   from here on the target may have the value: the intent is durable
    COMMITTED  AWSCURRENT is on the version

Rules (rotation reference 16):
 - What is recorded says only whether the target may have been touched. What to do is decided by log-ins: with the
   wanted value, and with those that may be in force instead. So it does not matter where a crash struck.
 - Only a refusal of the log-in is evidence about a value. Whatever else goes wrong is unknown, and waits.
 - A rotation that may have touched the target is never simply dropped: it goes forward, and when somebody moved
   AWSCURRENT meanwhile the target is brought back to what AWSCURRENT says.
 - When no known value logs in, nothing is guessed: the rotation is held and somebody is told.
 - What was sent may take effect late. While something else than the wanted value may be under way, nothing is
   decided:
   what is seen before it arrives says nothing about what is in force after it.
 - AWSCURRENT is moved only right after a log-in with the new value, and only from where it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """What is durably known of a rotation."""

    PLANNED = "planned"
    STAGED = "staged"
    APPLYING = "applying"
    COMMITTED = "committed"


class Standing(StrEnum):
    """How the labels of the secret stand to the rotation, read in the transaction that acts on it."""

    PENDING = "pending"
    """AWSPENDING is on the version, AWSCURRENT where it was when the rotation began."""
    PROMOTED = "promoted"
    """AWSCURRENT is on the version."""
    DISPLACED = "displaced"
    """Somebody moved AWSCURRENT elsewhere, or took AWSPENDING away."""
    CANCELLED = "cancelled"
    """As pending, but rotation was turned off or the secret is marked for deletion."""
    GONE = "gone"
    """The secret, or the version, does not exist any more."""


class Aim(StrEnum):
    """What a rotation tries to reach from where it is."""

    STAGE = "stage"
    """Give the version its value."""
    FORWARD = "forward"
    """Let the target take the version's value, and AWSCURRENT move to it."""
    RESTORE = "restore"
    """Let the target agree with AWSCURRENT again."""
    STOP = "stop"
    """End it; the target was never touched, or is none of ours any more."""


class Evidence(StrEnum):
    """What a log-in says about a value."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    """The server refused the credentials themselves."""
    UNKNOWN = "unknown"
    """Unreachable, overloaded, no TLS, not permitted from here: nothing is said about the value."""


class Step(StrEnum):
    """What to do next."""

    STAGE = "stage"
    APPLY = "apply"
    """Make the intent durable, then ask the target to take the wanted value."""
    PROMOTE = "promote"
    CONFIRM = "confirm"
    WAIT = "wait"
    """Try again later."""
    HOLD = "hold"
    """Tell somebody, and try again seldom."""
    STOP = "stop"


AIMS: Final[Mapping[tuple[State, Standing], Aim]] = {
    (State.PLANNED, Standing.PENDING): Aim.STAGE,
    (State.PLANNED, Standing.PROMOTED): Aim.STOP,
    (State.PLANNED, Standing.DISPLACED): Aim.STOP,
    (State.PLANNED, Standing.CANCELLED): Aim.STOP,
    (State.PLANNED, Standing.GONE): Aim.STOP,
    (State.STAGED, Standing.PENDING): Aim.FORWARD,
    # Promoted by hand before the target knew of it: applications wait for the target to take it.
    (State.STAGED, Standing.PROMOTED): Aim.FORWARD,
    (State.STAGED, Standing.DISPLACED): Aim.STOP,
    (State.STAGED, Standing.CANCELLED): Aim.STOP,
    (State.STAGED, Standing.GONE): Aim.STOP,
    (State.APPLYING, Standing.PENDING): Aim.FORWARD,
    (State.APPLYING, Standing.PROMOTED): Aim.FORWARD,
    (State.APPLYING, Standing.DISPLACED): Aim.RESTORE,
    # Going back might be refused by a password history; forward ends in a value that is known and works.
    (State.APPLYING, Standing.CANCELLED): Aim.FORWARD,
    (State.APPLYING, Standing.GONE): Aim.STOP,
    # AWSCURRENT was moved back by hand: whoever did it wants the old value in force.
    (State.COMMITTED, Standing.PENDING): Aim.RESTORE,
    (State.COMMITTED, Standing.PROMOTED): Aim.FORWARD,
    (State.COMMITTED, Standing.DISPLACED): Aim.RESTORE,
    (State.COMMITTED, Standing.CANCELLED): Aim.RESTORE,
    (State.COMMITTED, Standing.GONE): Aim.STOP,
}
"""What to aim at. Every pair has an entry."""

_BY_EVIDENCE: Final[Mapping[tuple[Evidence, Evidence], Step]] = {
    (Evidence.REFUSED, Evidence.ACCEPTED): Step.APPLY,
    (Evidence.REFUSED, Evidence.REFUSED): Step.HOLD,
    (Evidence.REFUSED, Evidence.UNKNOWN): Step.WAIT,
    (Evidence.UNKNOWN, Evidence.ACCEPTED): Step.WAIT,
    (Evidence.UNKNOWN, Evidence.REFUSED): Step.WAIT,
    (Evidence.UNKNOWN, Evidence.UNKNOWN): Step.WAIT,
}
"""By the evidence of the wanted value, and the best evidence of the others, when the wanted one is not accepted."""


def aim_at(state: State, standing: Standing) -> Aim:
    """Give what a rotation aims at."""
    return AIMS[state, standing]


def next_step(aim: Aim, standing: Standing, wanted: Evidence, others: Evidence) -> Step:
    """Choose the next step of a rotation that aims forward or back.

    Args:
        aim: ``FORWARD`` or ``RESTORE``.
        standing: Of the labels.
        wanted: Of the value that the target shall take.
        others: The best of the values that may be in force instead.
    """
    if wanted is not Evidence.ACCEPTED:
        return _BY_EVIDENCE[wanted, others]
    if aim is Aim.RESTORE:
        return Step.STOP
    return Step.CONFIRM if standing is Standing.PROMOTED else Step.PROMOTE


def best(found: list[Evidence]) -> Evidence:
    """Take the evidence of several values together: one that is accepted is enough; all must be refused."""
    if Evidence.ACCEPTED in found:
        return Evidence.ACCEPTED
    return Evidence.UNKNOWN if Evidence.UNKNOWN in found else Evidence.REFUSED


def may_be_touched(state: State) -> bool:
    """Whether the target may have been asked to take the value."""
    return state in (State.APPLYING, State.COMMITTED)


def is_contested(asked: AbstractSet[str], wanted: str) -> bool:
    """Whether the target was asked to take another version than the wanted one.

    While what was sent may still take effect, a contested rotation waits.
    """
    return bool(asked - {wanted})
