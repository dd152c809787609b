"""Takes a rotation on that a function of the Lambda service does, in AWS's four steps.

Rules (threat model F-04, P-08; rotation reference 2):
 - Each step is a synchronous invocation, and its event is AWS's. That a step is being invoked is durable before it
   is, and a process that takes the rotation up invokes the same step again: every step of a function may be repeated.
 - A step that failed ends the attempt. The next one begins with createSecret, as AWS's does.
 - The rotation has succeeded when the function has ended its last step, and AWSCURRENT is on the version.
 - When somebody moves the labels meanwhile it is abandoned. Cancelled before setSecret it ends; from setSecret on
   the remaining steps are still invoked, because the target may have the new value, until one fails.
 - What the function may do is its role's rights, cut down to this rotation (``function_rights.py``).
 - Of what the function said only the type of its error is shown; a message of ours (a timeout, a handler that is not
   there) is shown whole. Its own words may hold a value, and are in its log, scrubbed.

Source: Secrets Manager reference 5.2; audit reference 5.3, 5.4.
"""

from __future__ import annotations

import logging
import re
from typing import Any, Final, NamedTuple

import msgspec

from strongroom.clock import Instant
from strongroom.crypto.material import Plaintext
from strongroom.functions.invocation import Outcome
from strongroom.rotation.acting import Acting
from strongroom.rotation.commits import Event
from strongroom.rotation.function_call import FunctionCall
from strongroom.rotation.function_rights import hosts_of, scrubbed_of, session_policy
from strongroom.rotation.journal import Journal
from strongroom.rotation.look import Look
from strongroom.rotation.machine import Standing, State
from strongroom.rotation.outcomes import abandoned, failed, succeeded, tested
from strongroom.rotation.parts import Parts
from strongroom.rotation.rotator import Cause, TargetFailed
from strongroom.rotation.standing import standing_of
from strongroom.rotation.tally import FAILURES, SUCCESSES
from strongroom.services.secretsmanager.model import Secret
from strongroom.services.secretsmanager.rotation_rows import RotationRow, rotation_token, save_rotation
from strongroom.store.transaction import Transaction

log = logging.getLogger(__name__)

CREATE, SET, TEST, FINISH = STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")
LEASE_MS: Final = 1_000_000
"""As long as a function may wait for its start and run: 15 minutes and one, and some more."""
_OURS: Final = ("Sandbox.", "Runtime.", "Function.")
"""Types of errors whose messages we wrote."""
_TYPE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,99}", re.ASCII)


class Allowed(NamedTuple):
    """What one invocation may do and reach; gathered in the transaction that makes its intent durable."""

    policy: str
    hosts: tuple[tuple[str, int], ...]
    scrubbed: tuple[Plaintext, ...]
    token: str


class ByFunction:
    """Drives one rotation; made for each run.

    Args:
        parts: What the runner is made of.
        journal: Of the rotation.
    """

    def __init__(self, parts: Parts, journal: Journal) -> None:
        self._parts = parts
        self._journal = journal
        self._allowed: Allowed | None = None
        self._ending = ""

    def advance(self, look: Look) -> Look | None:
        """Invoke the next step; give the next look, or None when there is nothing to do now."""
        self._journal.lease_ms = LEASE_MS
        work = look.row.work
        if look.standing in (Standing.DISPLACED, Standing.GONE):
            return self._commit(look, abandoned)
        if look.standing is Standing.CANCELLED and work.invoked in ("", CREATE):
            return self._commit(look, abandoned)
        step = work.invoked or (TEST if work.is_test else CREATE)
        if not work.invoked or self._allowed is None:
            look_after = self._commit(look, lambda t, e, s, r, n: self._intend(t, e, s, r, n, step))
            if look_after is None or look_after.standing is not look.standing:
                return look_after
            look = look_after
        self._parts.hook(f"invoking {step}")
        problem = self._invoke(look, step)
        self._parts.hook(f"invoked {step}")
        if work.is_test:
            missed = "" if problem is None else str(problem)
            return self._commit(look, lambda t, e, s, r, n: tested(t, e, s, r, n, missed))
        look_after = self._commit(look, lambda t, e, s, r, n: self._ended(t, e, s, r, n, step, problem))
        if self._ending:
            self._parts.tell(self._ending)
        return look_after

    def _intend(
        self,
        transaction: Transaction,
        events: list[Event],
        secret: Secret,
        row: RotationRow,
        now_ms: Instant,
        step: str,
    ) -> bool:
        """Make durable which step is invoked, and gather what the function may do."""
        acting = Acting(transaction, self._parts.keys, self._parts.services, secret, now_ms)
        members, administrator, values = acting.readable()
        events.extend(acting.records)
        self._allowed = Allowed(
            session_policy(secret, administrator),
            hosts_of(members),
            scrubbed_of(values),
            rotation_token(transaction, secret, row.work.token),
        )
        state = State.PLANNED if step == CREATE else State.STAGED
        work = msgspec.structs.replace(row.work, invoked=step, state=state.value)
        save_rotation(transaction, msgspec.structs.replace(row, work=work))
        return True

    def _invoke(self, look: Look, step: str) -> TargetFailed | None:
        """Invoke a step, and say what went wrong."""
        allowed, secret = self._allowed, look.secret
        assert allowed is not None, "gathered with the intent"
        if self._parts.invoke is None:
            return TargetFailed(Cause.CONFIGURATION, "functions are not run here")
        event = {
            "Step": step,
            "SecretId": secret.arn,
            "ClientRequestToken": look.row.work.token,
            "RotationToken": allowed.token,
        }
        call = FunctionCall(
            function_arn=look.by_function,
            secret_arn=secret.arn,
            account=secret.account,
            event=Plaintext(msgspec.json.encode(event)),
            policy=allowed.policy,
            hosts=allowed.hosts,
            scrubbed=(*allowed.scrubbed, Plaintext(allowed.token.encode())),
        )
        try:
            return _failure_of(self._parts.invoke(call))
        except TargetFailed as problem:
            return problem

    def _ended(
        self,
        transaction: Transaction,
        events: list[Event],
        secret: Secret,
        row: RotationRow,
        now_ms: Instant,
        step: str,
        problem: TargetFailed | None,
    ) -> bool:
        """Write down how a step ended, and which comes next. The labels may have moved: the function moves them."""
        standing = standing_of(transaction, secret, row)
        if standing in (Standing.DISPLACED, Standing.GONE):
            return abandoned(transaction, events, secret, row, now_ms)
        if problem is None and step == FINISH and standing is not Standing.PROMOTED:
            problem = TargetFailed(Cause.CONFIGURATION, "the function ended without moving AWSCURRENT")
        if standing is Standing.CANCELLED and (problem is not None or step == CREATE):
            return abandoned(transaction, events, secret, row, now_ms)
        if problem is not None:
            work = msgspec.structs.replace(row.work, invoked="", state=State.PLANNED.value)
            row = msgspec.structs.replace(row, work=work)
            self._ending = FAILURES
            log.warning(
                "the rotation of secret number %d failed in %s: %s",
                secret.secret_id,
                step,
                problem.cause.value,
            )
            return failed(transaction, events, secret, row, now_ms, problem, step)
        if step == FINISH:
            work = msgspec.structs.replace(row.work, invoked="")
            self._ending = SUCCESSES
            return succeeded(
                transaction,
                events,
                secret,
                msgspec.structs.replace(row, work=work),
                now_ms,
                {"steps": " ".join(STEPS)},
            )
        return self._intend(transaction, events, secret, row, now_ms, STEPS[STEPS.index(step) + 1])

    def _commit(self, look: Look, step: Any) -> Look | None:
        return self._journal.commit(look, step, is_clean=False, is_guarded=False)


def _failure_of(outcome: Outcome) -> TargetFailed | None:
    """Read how an invocation ended; None when it ended well."""
    if outcome.function_error is None:
        return None
    try:
        told: Any = msgspec.json.decode(outcome.payload.reveal())
    except msgspec.DecodeError:
        told = None
    members = told if isinstance(told, dict) else {}
    kind, message = members.get("errorType"), members.get("errorMessage")
    if not isinstance(kind, str) or _TYPE.fullmatch(kind) is None:
        kind = "an error of a type that is not told"
    elif kind.startswith(_OURS) and isinstance(message, str):
        kind = f"{kind}: {' '.join(message.split())[:300]}"
    return TargetFailed(Cause.FUNCTION, kind, is_certain=False)
