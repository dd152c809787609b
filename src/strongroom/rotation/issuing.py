"""Takes a rotation on whose target issues the value: probe, decide, ask, commit.

Rules:
 - What to do is decided by ``issue_machine.py``, and committed by ``journal.py``.
 - Whatever could go wrong on our side (the secret's JSON, the right to its key) is tried before the target is asked:
   a credential that was issued and cannot be stored is lost.
 - What was sent may take effect late. The end of a rotation that somebody displaced waits for that; the others need
   not, because a request to revoke names one credential.
 - A target that may have acted and did not answer is asked again at once, a few times; one that wants to be left
   alone is left alone.

Source: rotation reference 11.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from strongroom.clock import SECOND_MS, Instant
from strongroom.ids import new_uuid
from strongroom.rotation.acting import Acting
from strongroom.rotation.commits import Event
from strongroom.rotation.issue_machine import IssueStep, next_issue_step
from strongroom.rotation.issuer import Issuer
from strongroom.rotation.journal import Commit
from strongroom.rotation.look import Look
from strongroom.rotation.machine import Aim, Evidence, State, may_be_touched
from strongroom.rotation.outcomes import (
    abandoned,
    failed,
    held,
    next_try_ms,
    promoted,
    release,
    succeeded,
    tested,
)
from strongroom.rotation.parts import Parts
from strongroom.rotation.rotator import (
    CALL_MOST_S,
    IN_FLIGHT_MOST_S,
    Cause,
    Document,
    DocumentRefused,
    Probe,
    TargetFailed,
)
from strongroom.rotation.tally import FAILURES, SUCCESSES
from strongroom.services.secretsmanager.model import AWSCURRENT, Secret
from strongroom.services.secretsmanager.rotation_rows import (
    HistoryEntry,
    RotationRow,
    add_history,
    find_rotation,
    save_rotation,
)
from strongroom.services.secretsmanager.rotation_start import start_rotation
from strongroom.services.secretsmanager.service_events import rotation_event
from strongroom.services.secretsmanager.tables import find_version, update_version
from strongroom.store.transaction import Transaction

log = logging.getLogger(__name__)

ASKS_MOST: Final = 3
"""How often one run asks the target before it waits for its next turn."""
TRIES_OF_A_VALUE: Final = 4
"""So often a value that was just issued is tried before it is given up: it may not be known everywhere yet."""
VALUES_MOST: Final = 3
"""So many values are obtained before the rotation is held."""
REVOKED_WITHIN_TRIES: Final = 4
"""So often it is looked whether a revoked credential is refused; after that the history says that it is not."""

QUIET_MS: Final = round((3 * CALL_MOST_S + IN_FLIGHT_MOST_S) * SECOND_MS)
"""So long after the intent to ask for a credential something that was sent may take effect: three calls."""

CREATE, SET, TEST, FINISH = "createSecret", "setSecret", "testSecret", "finishSecret"
_LOST: Final = "answers_lost"


class Issuing:
    """Drives one rotation; made for each run.

    Args:
        parts: What the runner is made of.
        commit: Commits a step that was decided on a look, and gives the next look.
        end: Commits the end of an attempt, and tells of it.
    """

    def __init__(
        self,
        parts: Parts,
        commit: Callable[[Look, Commit], Look | None],
        end: Callable[[Look, Commit, str], Look | None],
    ) -> None:
        self._parts = parts
        self._commit = commit
        self._end = end
        self._asks = 0
        self._revoked_at: float | None = None
        self._outage_ms: int | None = None

    def advance(self, look: Look, issuer: Issuer) -> Look | None:
        """Do the next step; give the next look, or None when there is nothing to do now."""
        administrator = look.administrator
        current = look.documents[look.secret.labels[AWSCURRENT]]
        if administrator is None:
            return self._fail(look, DocumentRefused("the member masterarn is missing"), CREATE)
        try:
            issuer.check(current, administrator)
        except TargetFailed as problem:
            if look.row.work.is_test:
                return self._tested(look, str(problem))
            return self._fail(look, problem, CREATE if look.state is State.PLANNED else SET)
        if look.row.work.is_test:
            return self._test(look, issuer, current, administrator)
        return self._go_on(look, issuer, current, administrator)

    def _test(self, look: Look, issuer: Issuer, current: Document, administrator: Document) -> Look | None:
        try:
            checks = issuer.rehearse(current, administrator).checks
            missed = next((f"{check.what}: no; {check.detail}" for check in checks if not check.is_met), "")
        except TargetFailed as problem:
            missed = str(problem)
        return self._tested(look, missed)

    def _tested(self, look: Look, missed: str) -> Look | None:
        return self._commit(look, lambda t, e, s, r, n: tested(t, e, s, r, n, missed))

    def _go_on(self, look: Look, issuer: Issuer, current: Document, administrator: Document) -> Look | None:
        pending = look.documents.get(look.row.work.token)
        with_pending = with_current = None
        if pending is not None and look.aim is not Aim.RESTORE:
            with_pending = issuer.probe(pending, administrator)
        else:  # the current one is not looked at otherwise: every call prolongs a moment in which no token works
            with_current = issuer.probe(current, administrator)
        self._parts.hook("probed")
        step = next_issue_step(
            look.state, look.aim, look.standing, _evidence(with_pending), _evidence(with_current)
        )
        if step is IssueStep.OBTAIN:
            assert with_current is not None, "nothing is pending"
            return self._obtain(look, issuer, current, administrator, with_current)
        if step is IssueStep.PROMOTE:
            assert with_pending is not None, "only what was accepted is promoted"
            return self._promote(look, with_pending)
        if step is IssueStep.CONFIRM:
            assert with_pending is not None, "as above"
            return self._confirm(look, issuer, administrator, with_pending)
        if step is IssueStep.RENEW:
            return self._renew(look, issuer, administrator)
        if step is IssueStep.REFUSE:
            refused = DocumentRefused("the pending version has a value that is refused; take AWSPENDING away")
            return self._fail(look, refused, TEST)
        if step is IssueStep.RETREAT:
            return self._retreat(look, issuer, current, administrator)
        if step is IssueStep.HOLD:
            return self._end(look, held, FAILURES)
        blamed = with_pending or with_current
        assert blamed is not None, "one of them was used"
        return self._fail(look, _failure_of(blamed), TEST if pending is not None else CREATE)

    # ---- obtaining -----------------------------------------------------------------------------------

    def _obtain(
        self, look: Look, issuer: Issuer, current: Document, administrator: Document, seen: Probe
    ) -> Look | None:
        """Make the intent durable, ask, and store the answer."""
        if self._asks >= ASKS_MOST:
            return self._fail(look, TargetFailed(Cause.UNCERTAIN, "no answer to several requests"), CREATE)
        self._asks += 1
        try:
            look_after = self._commit(look, lambda t, e, s, r, n: self._intend(look, t, e, s, r, n, seen))
        except TargetFailed as problem:  # the key of the secret cannot be used; nothing was asked
            return self._fail(look, problem, CREATE)
        if look_after is None:
            return None
        if look_after.row.work.token != look.row.work.token or look_after.standing is not look.standing:
            return look_after
        self._parts.hook("intended")
        try:
            made = self._ask(look_after, issuer, current, administrator)
        except TargetFailed as problem:
            self._parts.hook("ask-failed")
            if problem.cause is Cause.UNCERTAIN and not problem.retry_after_s:
                log.warning("secret number %d: the answer with a token was lost", look.secret.secret_id)
                return look_after  # it is asked again
            return self._fail(look_after, problem, CREATE)
        self._parts.hook("issued")
        return self._store(look_after, issuer, administrator, made)

    def _intend(
        self,
        look: Look,
        transaction: Transaction,
        events: list[Event],
        secret: Secret,
        row: RotationRow,
        now_ms: Instant,
        seen: Probe,
    ) -> bool:
        work = row.work
        # Tried once before the target is asked: an answer that cannot be sealed would be lost.
        acting = Acting(transaction, self._parts.keys, self._parts.services, secret, now_ms)
        acting.seal(work.token, look.documents[secret.labels[AWSCURRENT]])
        events.extend(acting.records)
        proof = dict(work.proof)
        if seen.evidence is Evidence.ACCEPTED:
            proof |= {"old_worked_before": "yes"}
        if may_be_touched(State(work.state)):  # it was asked before, and nothing came of it
            proof[_LOST] = str(int(proof.get(_LOST, "0")) + 1)
        intent = msgspec.structs.replace(
            work,
            state=State.APPLYING.value,
            quiet_until_ms=now_ms + QUIET_MS,
            is_held=False,
            proof=proof,
        )
        save_rotation(transaction, msgspec.structs.replace(row, work=intent))
        return True

    def _ask(self, look: Look, issuer: Issuer, current: Document, administrator: Document) -> Document:
        """Ask for a credential; revoke the one that is there if the target holds only one.

        Raises:
            TargetFailed: There is no other one, or whether one was made is not known.
        """
        token = look.row.work.token
        made = issuer.issue(current, administrator, token)
        if not issuer.is_same(made, current):
            return made
        if not issuer.can_revoke(administrator):
            raise TargetFailed(
                Cause.CONFIGURATION, "the target issues the same token again, and no revoke_url is given"
            )
        self._parts.hook("revoking first")
        self._revoked_at = time.monotonic()
        try:
            issuer.revoke(current, administrator)
        except TargetFailed as problem:
            if issuer.probe(current, administrator).evidence is not Evidence.REFUSED:
                raise
            log.info("secret number %d: revoked though the answer said %s", look.secret.secret_id, problem)
        self._parts.hook("revoked first")
        made = issuer.issue(current, administrator, f"{token}-again")
        if issuer.is_same(made, current):
            raise TargetFailed(Cause.SERVER, "the target issues the token again that it just revoked")
        return made

    def _store(self, look: Look, issuer: Issuer, administrator: Document, made: Document) -> Look | None:
        """Make what was issued durable, at once; what is not wanted any more is revoked."""
        token = look.row.work.token
        is_stored = False

        def store(
            transaction: Transaction, events: list[Event], secret: Secret, row: RotationRow, now_ms: Instant
        ) -> bool:
            nonlocal is_stored
            version = find_version(transaction, secret.secret_id, token)
            assert version is not None, "a version that is gone has another standing"
            if not version.has_value:
                acting = Acting(transaction, self._parts.keys, self._parts.services, secret, now_ms)
                sealed = acting.seal(token, made)
                update_version(transaction, msgspec.structs.replace(sealed, created_ms=version.created_ms))
                events.extend(acting.records)
            save_rotation(transaction, row)
            is_stored = True
            return True

        try:
            look_after = self._commit(look, store)
        except TargetFailed as problem:
            return self._fail(look, problem, CREATE)
        if not is_stored and look_after is not None:
            # Somebody moved the labels meanwhile. The token is known here and nowhere else.
            current = look_after.documents.get(look_after.secret.labels.get(AWSCURRENT, ""))
            if issuer.can_revoke(administrator) and (current is None or not issuer.is_same(made, current)):
                try:
                    issuer.revoke(made, administrator)
                except TargetFailed as problem:
                    log.warning(
                        "secret number %d: a token is left behind: %s", look.secret.secret_id, problem
                    )
        return look_after

    # ---- what follows --------------------------------------------------------------------------------

    def _promote(self, look: Look, found: Probe) -> Look | None:
        def promote(
            transaction: Transaction, events: list[Event], secret: Secret, row: RotationRow, now_ms: Instant
        ) -> bool:
            proof = {**row.work.proof, "tls": found.server.tls or "none"}
            work = msgspec.structs.replace(row.work, proof=proof)
            row = msgspec.structs.replace(row, work=work)
            return promoted(transaction, events, secret, row, now_ms, found.server)

        look_after = self._commit(look, promote)
        if self._revoked_at is not None:
            self._outage_ms = round((time.monotonic() - self._revoked_at) * 1_000)
        return look_after

    def _confirm(self, look: Look, issuer: Issuer, administrator: Document, found: Probe) -> Look | None:
        """Revoke the old credential, and prove the switch."""
        proof = {"new_works_after": "yes", "server": found.server.identity, "tls": found.server.tls or "none"}
        if self._outage_ms is not None:  # for so long no token worked; not known after a crash in between
            proof["no_token_worked_for_ms"] = str(self._outage_ms)
        base = look.documents.get(look.row.work.base)
        wanted = look.documents[look.row.work.token]
        if base is not None and issuer.has_credential(base) and not issuer.is_same(base, wanted):
            evidence, problem = self._revoked(look, issuer, base, administrator)
            if problem is not None:
                return self._fail(look, problem, FINISH)
            proof["old_refused_after"] = {
                Evidence.REFUSED: "yes",
                Evidence.ACCEPTED: "no",
                Evidence.UNKNOWN: "unknown",
            }[evidence]
            if evidence is not Evidence.REFUSED:
                log.warning("secret number %d: the old token may still be accepted", look.secret.secret_id)
        self._parts.hook("confirming")
        return self._end(look, lambda t, e, s, r, n: succeeded(t, e, s, r, n, proof), SUCCESSES)

    def _revoked(
        self, look: Look, issuer: Issuer, old: Document, administrator: Document
    ) -> tuple[Evidence, TargetFailed | None]:
        """Revoke a credential unless it is refused already.

        Returns:
            What is known of it afterwards, and why that has to be tried again; None when it need not, or would be in
            vain: the history says then that it is still accepted.
        """
        before = issuer.probe(old, administrator)
        if before.evidence is Evidence.REFUSED or not issuer.can_revoke(administrator):
            return before.evidence, None  # what cannot be revoked lives until it expires
        problem: TargetFailed | None = None
        try:
            issuer.revoke(old, administrator)
        except TargetFailed as caught:
            problem = caught
        self._parts.hook("revoked")
        after = issuer.probe(old, administrator)
        if after.evidence is Evidence.REFUSED or (problem is not None and problem.is_final):
            return after.evidence, None
        if problem is None and after.evidence is Evidence.UNKNOWN:
            problem = _failure_of(after)
        elif problem is None and look.row.work.attempts < REVOKED_WITHIN_TRIES:
            problem = TargetFailed(Cause.UNCERTAIN, "the old token was revoked and is still accepted")
        return after.evidence, problem

    def _retreat(self, look: Look, issuer: Issuer, current: Document, administrator: Document) -> Look | None:
        """Somebody else's value is current, and works: what was issued for this rotation goes."""
        quiet_ms = look.row.work.quiet_until_ms
        if self._parts.keys.clock() < quiet_ms:  # a request to revoke this very token may still arrive
            return self._commit(look, lambda t, _e, _s, r, _n: release(t, r, r.work, quiet_ms))
        issued = look.documents.get(look.row.work.token)
        if issued is not None and issuer.has_credential(issued) and not issuer.is_same(issued, current):
            _, problem = self._revoked(look, issuer, issued, administrator)
            if problem is not None:
                return self._fail(look, problem, FINISH)
        return self._commit(look, abandoned)

    def _renew(self, look: Look, issuer: Issuer, administrator: Document) -> Look | None:
        """What was issued is refused: try it a few times, then begin again with another version."""
        attempts = look.row.work.attempts
        problem = TargetFailed(Cause.AUTHENTICATION, "the token that was issued is refused")
        if attempts + 1 >= TRIES_OF_A_VALUE * VALUES_MOST:
            return self._end(look, held, FAILURES)
        if (attempts + 1) % TRIES_OF_A_VALUE:
            return self._fail(look, problem, TEST)
        if issuer.can_revoke(administrator):
            try:
                issuer.revoke(look.documents[look.row.work.token], administrator)
            except TargetFailed as caught:
                log.info("secret number %d: a token was given up: %s", look.secret.secret_id, caught)
        return self._commit(look, lambda t, e, s, r, n: _begin_again(t, e, s, r, n, problem))

    def _fail(self, look: Look, problem: TargetFailed, step: str) -> Look | None:
        log.warning("the rotation of secret number %d failed in %s: %s", look.secret.secret_id, step, problem)
        return self._end(look, lambda t, e, s, r, n: failed(t, e, s, r, n, problem, step), FAILURES)


def _begin_again(
    transaction: Transaction,
    events: list[Event],
    secret: Secret,
    row: RotationRow,
    now_ms: Instant,
    problem: TargetFailed,
) -> bool:
    """Let the rotation go on with a new version; the label goes there, and the count of failures stays."""
    attempts = row.work.attempts + 1
    work = msgspec.structs.replace(row.work, attempts=attempts, step=TEST, cause=str(problem))
    events.append(rotation_event("RotationAbandoned", secret, work.token, now_ms))
    entry = HistoryEntry(now_ms, "renewed", {"token": work.token, "step": TEST, "cause": work.cause})
    work = add_history(transaction, secret.secret_id, work, entry)
    save_rotation(transaction, msgspec.structs.replace(row, work=work))
    _, event = start_rotation(transaction, secret, new_uuid(), now_ms, work.closes_ms)
    events.append(event)
    begun = find_rotation(transaction, secret.secret_id)
    assert begun is not None, "it was just written"
    again = msgspec.structs.replace(begun.work, attempts=attempts, step=TEST, cause=work.cause)
    due_ms = next_try_ms(again, now_ms)
    save_rotation(transaction, msgspec.structs.replace(begun, due_ms=due_ms, work=again))
    return False


def _evidence(found: Probe | None) -> Evidence | None:
    return None if found is None else found.evidence


def _failure_of(found: Probe) -> TargetFailed:
    """Say why nothing is known of a credential."""
    return TargetFailed(found.cause or Cause.UNREACHABLE, found.detail, retry_after_s=found.retry_after_s)
