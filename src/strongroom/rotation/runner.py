"""Takes the rotation of one secret on: look, log in, decide, commit; again until there is nothing to do now.

Rules:
 - What to do is decided by ``machine.py``, and committed by ``journal.py``. Here is only how: which log-in, what is
   written down.
 - Before the target is asked to take a value, that it will be asked is durable, and for how long what is sent may
   still take effect (``quiet_until_ms``). An apply is not begun unless it ends before that.

Source: rotation reference 15 to 17.
"""

from __future__ import annotations

import logging
import time
from typing import Final

import msgspec

from strongroom.clock import SECOND_MS, Instant
from strongroom.rotation.acting import Acting, wishes_of
from strongroom.rotation.by_function import ByFunction
from strongroom.rotation.commits import Event
from strongroom.rotation.issuer import Issuer
from strongroom.rotation.issuing import Issuing
from strongroom.rotation.journal import Commit, Journal, LeaseLost
from strongroom.rotation.look import Look
from strongroom.rotation.machine import (
    Aim,
    Evidence,
    State,
    Step,
    best,
    is_contested,
    may_be_touched,
    next_step,
)
from strongroom.rotation.outcomes import abandoned, failed, held, promoted, release, succeeded, tested
from strongroom.rotation.parts import Parts
from strongroom.rotation.rotator import (
    CALL_MOST_S,
    IN_FLIGHT_MOST_S,
    Cause,
    Change,
    Document,
    DocumentRefused,
    Probe,
    Rotator,
    TargetFailed,
)
from strongroom.rotation.tally import FAILURES, SUCCESSES
from strongroom.services.secretsmanager.model import Secret
from strongroom.services.secretsmanager.rotation_rows import RotationRow, save_rotation
from strongroom.services.secretsmanager.tables import find_version, update_version
from strongroom.store.transaction import Transaction

log = logging.getLogger(__name__)

APPLIES_MOST: Final = 3
"""How often one run asks the target before it waits for its next turn."""

SET, TEST, FINISH, CREATE = "setSecret", "testSecret", "finishSecret", "createSecret"
"""AWS's names of the four steps, for events and people."""


class Runner:
    """Takes one rotation on; made for each run.

    Args:
        parts: What it is made of.
        secret_id: Whose rotation.
    """

    def __init__(self, parts: Parts, secret_id: int) -> None:
        self._parts = parts
        self._secret_id = secret_id
        self._journal = Journal(parts, secret_id)
        self._is_sole = False
        self._is_clean = False
        self._applies = 0
        self._logged_in: Probe | None = None
        self._issuing = Issuing(parts, self._commit, self._end)
        self._by_function = ByFunction(parts, self._journal)

    def run(self) -> None:
        """Go on until there is nothing to do now."""
        try:
            look = self._journal.begin()
            if look is not None and not self._parts.admit(self._secret_id, look.row.work.target):
                self._journal.give_back(look)
                return
            while look is not None:
                look = self._advance(look)
        except LeaseLost:
            log.info("the rotation of secret number %d went to another runner", self._secret_id)

    def _advance(self, look: Look) -> Look | None:
        """Do the next step; give the next look, or None when there is nothing to do now."""
        self._parts.hook(f"{look.state.value}-{look.standing.value}")
        if look.by_function:
            return self._by_function.advance(look)
        if look.aim is Aim.STOP:
            return self._commit(look, abandoned)
        if look.problem is not None:
            return self._fail(look, look.problem, CREATE if look.state is State.PLANNED else SET)
        rotator = self._parts.find_rotator(look.function.name) if look.function is not None else None
        if rotator is None:
            failure = TargetFailed(Cause.CONFIGURATION, "no function rotates such a secret")
            return self._fail(look, failure, CREATE)
        if isinstance(rotator, Issuer):
            return self._issuing.advance(look, rotator)
        current = look.current
        assert current is not None, "a look without it has a problem"
        if look.row.work.is_test:
            return self._test(look, rotator, current)
        if look.aim is Aim.STAGE:
            return self._stage(look, rotator, current)
        return self._go_on(look, rotator)

    def _test(self, look: Look, rotator: Rotator, current: Document) -> Look | None:
        """Test the configuration; nothing changes."""
        try:
            rotator.check(current)
            checks = rotator.rehearse(current, look.administrator).checks
            missed = next((f"{check.what}: no; {check.detail}" for check in checks if not check.is_met), "")
        except TargetFailed as problem:
            missed = str(problem)
        return self._commit(look, lambda t, e, s, r, n: tested(t, e, s, r, n, missed))

    def _stage(self, look: Look, rotator: Rotator, current: Document) -> Look | None:
        """Make the new value durable; one that somebody put into the version already is taken."""
        token = look.row.work.token
        pending = look.documents.get(token)
        try:
            if pending is not None:
                rotator.check_pending(pending, current)
            else:
                pending = rotator.propose(current, wishes_of(current))
        except TargetFailed as problem:
            return self._fail(look, problem, CREATE)
        made = pending

        def stage(
            transaction: Transaction, events: list[Event], secret: Secret, row: RotationRow, now_ms: Instant
        ) -> bool:
            version = find_version(transaction, secret.secret_id, token)
            assert version is not None, "a version that is gone has another standing"
            if not version.has_value:
                acting = Acting(transaction, self._parts.keys, self._parts.services, secret, now_ms)
                sealed = acting.seal(token, made)
                update_version(transaction, msgspec.structs.replace(sealed, created_ms=version.created_ms))
                events.extend(acting.records)
            work = msgspec.structs.replace(row.work, state=State.STAGED.value, is_held=False)
            save_rotation(transaction, msgspec.structs.replace(row, work=work))
            return True

        try:
            return self._commit(look, stage)
        except TargetFailed as problem:
            return self._fail(look, problem, CREATE)

    def _go_on(self, look: Look, rotator: Rotator) -> Look | None:
        """Log in with the wanted value and, if need be, with the others; then do what the machine says."""
        logged_in, self._logged_in = self._logged_in, None  # right after the change, which nothing followed
        if self._waits(look):
            return self._commit(look, _until_quiet)
        wanted = look.documents.get(look.wanted)
        pending = look.documents.get(look.row.work.token)
        if wanted is None:
            return self._fail(look, DocumentRefused("the version to be rotated in has no value"), SET)
        if look.aim is Aim.RESTORE and pending is not None and not wanted.names_same_account(pending):
            return self._commit(look, abandoned)  # the account that was touched is not the current one
        found = logged_in or rotator.probe(wanted)
        self._parts.hook("probed")
        holder, others = None, Evidence.REFUSED
        first_other: Probe | None = None
        if found.evidence is not Evidence.ACCEPTED:
            holder, others, first_other = self._probe_others(look, rotator)
        step = next_step(look.aim, look.standing, found.evidence, others)
        if step is Step.APPLY:
            assert holder is not None, "one of the others was accepted"
            return self._apply(look, rotator, holder, first_other)
        if step is Step.PROMOTE:
            return self._commit(look, lambda t, e, s, r, n: promoted(t, e, s, r, n, found.server))
        if step is Step.CONFIRM:
            return self._confirm(look, rotator, found)
        if step is Step.STOP:
            return self._commit(look, abandoned)
        if step is Step.HOLD:
            log.error("the rotation of secret number %d is held: no stored value logs in", self._secret_id)
            return self._end(look, held, FAILURES)
        blamed = found if found.evidence is Evidence.UNKNOWN else first_other
        cause = (blamed.cause if blamed is not None else None) or Cause.UNREACHABLE
        failure = TargetFailed(cause, blamed.detail if blamed is not None else "")
        return self._fail(look, failure, TEST if self._applies else SET)

    def _waits(self, look: Look) -> bool:
        """Whether something else may still take effect at the target."""
        if self._is_clean:
            return False  # nothing else was under way, and the target has answered
        return look.is_contested and self._parts.keys.clock() < look.row.work.quiet_until_ms

    def _probe_others(self, look: Look, rotator: Rotator) -> tuple[Document | None, Evidence, Probe | None]:
        """Log in with the values that may be in force instead, until one is accepted."""
        found: list[Evidence] = []
        blamed: Probe | None = None
        seen = [look.documents[look.wanted].reveal()]
        for version_id, document in look.documents.items():
            members = document.reveal()
            if version_id == look.wanted or members in seen:
                continue
            seen.append(members)
            answer = rotator.probe(document)
            if answer.evidence is Evidence.ACCEPTED:
                return document, Evidence.ACCEPTED, answer
            found.append(answer.evidence)
            if blamed is None or answer.evidence is Evidence.UNKNOWN:
                blamed = answer
        return None, best(found), blamed

    def _apply(self, look: Look, rotator: Rotator, holder: Document, seen: Probe | None) -> Look | None:
        """Make the intent durable, then ask the target."""
        if self._applies >= APPLIES_MOST:
            return self._fail(look, TargetFailed(Cause.UNCERTAIN, "the target did not keep the value"), SET)
        self._applies += 1
        started = time.monotonic()
        look_after = self._commit(look, lambda t, _e, _s, r, n: self._intend(look, t, r, n, seen))
        if look_after is None:
            return None
        if look_after.wanted != look.wanted or look_after.aim is not look.aim:
            return look_after
        self._parts.hook("intended")
        change = Change(
            wanted=look.documents[look.wanted],
            holder=holder,
            administrator=look_after.administrator,
            deadline=started + CALL_MOST_S,
        )
        try:
            self._logged_in = rotator.apply(change)
        except TargetFailed as problem:
            self._is_clean = problem.is_certain and self._is_sole
            self._parts.hook("apply-failed")
            if problem.is_certain:
                return self._fail(look_after, problem, SET)
            log.warning("secret number %d: what the target did is not known, so it is tried", self._secret_id)
            return look_after  # probes decide
        self._is_clean = self._is_sole
        self._parts.hook("applied")
        return look_after

    def _intend(
        self,
        look: Look,
        transaction: Transaction,
        row: RotationRow,
        now_ms: Instant,
        seen: Probe | None,
    ) -> bool:
        work = row.work
        if is_contested(frozenset(work.asked), look.wanted) and now_ms < work.quiet_until_ms:
            return release(transaction, row, work, work.quiet_until_ms)
        self._is_sole, self._is_clean = now_ms >= work.quiet_until_ms, False
        proof = dict(work.proof)
        if seen is not None and look.aim is Aim.FORWARD:
            proof |= {
                "old_worked_before": "yes",
                "server": seen.server.identity,
                "tls": seen.server.tls or "none",
            }
            proof["version"] = seen.server.version
        state = work.state if may_be_touched(State(work.state)) else State.APPLYING.value
        intent = msgspec.structs.replace(
            work,
            state=state,
            asked=tuple(dict.fromkeys((*work.asked, look.wanted))),
            quiet_until_ms=now_ms + round((CALL_MOST_S + IN_FLIGHT_MOST_S) * SECOND_MS),
            is_held=False,
            proof=proof,
        )
        save_rotation(transaction, msgspec.structs.replace(row, work=intent))
        return True

    def _confirm(self, look: Look, rotator: Rotator, found: Probe) -> Look | None:
        """Prove the switch: the value that is current now logs in, the one before does not."""
        proof = {"new_works_after": "yes", "server": found.server.identity, "tls": found.server.tls or "none"}
        base = look.documents.get(look.row.work.base)
        if rotator.old_is_refused and base is not None:
            old = rotator.probe(base).evidence
            proof["old_refused_after"] = {
                Evidence.REFUSED: "yes",
                Evidence.ACCEPTED: "no",
                Evidence.UNKNOWN: "unknown",
            }[old]
            if old is Evidence.ACCEPTED:
                log.warning("secret number %d: the old value still logs in after a rotation", self._secret_id)
        self._parts.hook("confirming")
        return self._end(look, lambda t, e, s, r, n: succeeded(t, e, s, r, n, proof), SUCCESSES)

    def _fail(self, look: Look, problem: TargetFailed, step: str) -> Look | None:
        """Write down why it does not go on, and when it is tried again."""
        log.warning("the rotation of secret number %d failed in %s: %s", self._secret_id, step, problem)
        return self._end(look, lambda t, e, s, r, n: failed(t, e, s, r, n, problem, step), FAILURES)

    def _end(self, look: Look, step: Commit, ending: str) -> Look | None:
        """Commit the end of an attempt, and tell of it."""
        after = self._commit(look, step)
        if after is None:
            self._parts.tell(ending)
        return after

    def _commit(self, look: Look, step: Commit) -> Look | None:
        return self._journal.commit(look, step, is_clean=self._is_clean)


def _until_quiet(
    transaction: Transaction, _events: list[Event], _secret: Secret, row: RotationRow, now_ms: Instant
) -> bool:
    """Let it be looked at again when everything that was sent has arrived."""
    return release(transaction, row, row.work, max(row.work.quiet_until_ms, now_ms))
