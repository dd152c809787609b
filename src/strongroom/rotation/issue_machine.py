"""The state machine of a rotation whose target issues the value. No clock, no store, no network.

::

    PLANNED ──intend──▶ APPLYING ──obtain, store──▶ APPLYING ──promote──▶ COMMITTED ──revoke the old, confirm──▶ ok
       │                (no value)                 (with value)
       └─STOP─▶ (abandoned)      with a value that is refused: RENEW, a new version from PLANNED on

The states and what to aim at are those of ``machine.py``; from APPLYING on the target may have been asked. Such a
rotation is never STAGED: its value comes from the target.

Rules (rotation reference 11):
 - That the target will be asked is durable before it is asked. What it answers is stored before anything else.
 - Targets that hold one credential, several, or replace the one that there is are driven in the same way: ask; if
   it is the one that is there already, revoke that one and ask again. So a target with room for two never has a
   moment in which none works, and one without has the shortest.
 - After a crash it is asked again, and what it gives is adopted, whether or not it gave it before.
 - A value that cannot be had any more (it was issued, and is refused) is given up with its version, because a version
   never gets a second value.
 - The old credential is revoked only after AWSCURRENT has moved.
 - The target cannot be brought back to a value that it does not take any more: when somebody moved AWSCURRENT to one,
   the rotation is held and somebody is told.
"""

from __future__ import annotations

from enum import StrEnum

from strongroom.rotation.machine import Aim, Evidence, Standing, State, may_be_touched


class IssueStep(StrEnum):
    """What to do next."""

    OBTAIN = "obtain"
    """Make the intent durable, ask the target for a value, and store it."""
    PROMOTE = "promote"
    CONFIRM = "confirm"
    """Revoke the old value, and see that it is refused."""
    RENEW = "renew"
    """Give the version up; begin again with another one."""
    REFUSE = "refuse"
    """The value that somebody put into the version does not work: say so."""
    RETREAT = "retreat"
    """AWSCURRENT works, and is not ours: revoke what was issued for this rotation, and end."""
    WAIT = "wait"
    HOLD = "hold"


def next_issue_step(
    state: State, aim: Aim, standing: Standing, pending: Evidence | None, current: Evidence | None
) -> IssueStep:
    """Choose the next step of a rotation that is not to stop.

    Args:
        state: What is durably known.
        aim: ``STAGE``, ``FORWARD`` or ``RESTORE``.
        standing: Of the labels.
        pending: Of the value in the rotation's version; None while it has none.
        current: Of the value under AWSCURRENT; it counts only when nothing is pending, or when aiming back, and may
            be None otherwise.
    """
    if aim is Aim.RESTORE:
        assert current is not None, "to aim back is to ask for it"
        return {
            Evidence.ACCEPTED: IssueStep.RETREAT,
            Evidence.REFUSED: IssueStep.HOLD,
            Evidence.UNKNOWN: IssueStep.WAIT,
        }[current]
    if pending is None:
        return IssueStep.WAIT if current in (None, Evidence.UNKNOWN) else IssueStep.OBTAIN
    if pending is Evidence.UNKNOWN:
        return IssueStep.WAIT
    if pending is Evidence.REFUSED:
        return IssueStep.RENEW if may_be_touched(state) else IssueStep.REFUSE
    return IssueStep.CONFIRM if standing is Standing.PROMOTED else IssueStep.PROMOTE
