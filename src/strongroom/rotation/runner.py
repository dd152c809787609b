"""Takes the rotation of one secret on: look, log in, decide, commit; again until there is nothing to do now.

Rules:
 - What to do is decided by ``machine.py``. Here is only how: which transaction, which log-in, what is written down.
 - Every transaction takes or renews the lease and checks its epoch and token; a runner whose lease went to somebody
   else commits nothing more. What was decided is committed only if the labels are still those that were looked at.
 - Before the target is asked to take a value, that it will be asked is durable, and for how long what is sent may
   still take effect (``quiet_until_ms``). An apply is not begun unless it ends before that.
 - When the store does not answer in the middle, the runner tries again: between the target and the label is the one
   moment in which neither tried value of an application may work, so it is kept short.

Source: rotation reference 15 to 17.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

from strongroom.clock import SECOND_MS, Instant
from strongroom.gateway.operation import Service
from strongroom.ids import new_uuid
from strongroom.rotation.acting import Acting, Keys, wishes_of
from strongroom.rotation.commits import Event, Work, commit
from strongroom.rotation.machine import (
    Aim,
    Evidence,
    Standing,
    State,
    Step,
    aim_at,
    best,
    is_contested,
    may_be_touched,
    next_step,
)
from strongroom.rotation.outcomes import (
    abandoned,
    failed,
    held,
    promoted,
    release,
    succeeded,
    tested,
)
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
from strongroom.rotation.standing import standing_of
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, AWSPREVIOUS, Secret
from strongroom.services.secretsmanager.rotation_functions import BuiltIn, built_in_for, find_built_in
from strongroom.services.secretsmanager.rotation_rows import (
    RotationRow,
    find_rotation,
    is_unfinished,
    save_rotation,
    schedule_of,
)
from strongroom.services.secretsmanager.rotation_start import start_rotation
from strongroom.services.secretsmanager.tables import find_secret_by_id, find_version, update_version
from strongroom.store.errors import StoreUnavailable
from strongroom.store.rows import Transaction
from strongroom.store.writer import Writer

log = logging.getLogger(__name__)

LEASE_MS: Final = 30_000
STORE_TRIES: Final = 40
STORE_PAUSE_S: Final = 0.25
APPLIES_MOST: Final = 3
"""How often one run asks the target before it waits for its next turn."""

SET, TEST, FINISH, CREATE = "setSecret", "testSecret", "finishSecret", "createSecret"
"""AWS's names of the four steps, for events and people."""


class Parts(msgspec.Struct, frozen=True):
    """What a runner is made of.

    Attributes:
        writer: Commits.
        keys: The keyring and the clock of the domain.
        services: All services by name.
        find_rotator: Makes the rotator of a built-in function.
        hold_server: Given ``host:port``, holds one of the few places at that server.
        hook: Called at every boundary, with its name; tests stop the process there.
    """

    writer: Writer
    keys: Keys
    services: dict[str, Service]
    find_rotator: Callable[[str], Rotator | None]
    hold_server: Callable[[str], AbstractContextManager[Any]]
    hook: Callable[[str], None] = lambda _: None


class LeaseLost(Exception):
    """Another runner has the rotation now, or it ended."""


class Look(msgspec.Struct, frozen=True):
    """One look at a rotation: the rows and the opened values of one transaction.

    Attributes:
        secret: The secret.
        row: The row, with this runner's lease.
        standing: How the labels stand to it.
        function: Which built-in function rotates it.
        documents: The opened values by version id.
        administrator: The opened administrator's secret.
        problem: Why they could not be opened.
    """

    secret: Secret
    row: RotationRow
    standing: Standing
    function: BuiltIn | None
    documents: dict[str, Document]
    administrator: Document | None
    problem: TargetFailed | None

    @property
    def state(self) -> State:
        """What is durably known."""
        return State(self.row.work.state)

    @property
    def aim(self) -> Aim:
        """What to aim at."""
        return aim_at(self.state, self.standing)

    @property
    def wanted(self) -> str:
        """The version that the target shall take."""
        if self.aim is Aim.RESTORE:
            return self.secret.labels.get(AWSCURRENT, "")
        return self.row.work.token

    @property
    def is_contested(self) -> bool:
        """Whether something else than the wanted version may still be under way."""
        return is_contested(frozenset(self.row.work.asked), self.wanted)


class Runner:
    """Takes one rotation on; made for each run.

    Args:
        parts: What it is made of.
        secret_id: Whose rotation.
    """

    def __init__(self, parts: Parts, secret_id: int) -> None:
        self._parts = parts
        self._secret_id = secret_id
        self._epoch = 0
        self._is_sole = False
        self._is_clean = False
        self._applies = 0
        self._rotator: Rotator | None = None

    def run(self) -> None:
        """Go on until there is nothing to do now."""
        look = self._patiently(self._look)
        while look is not None:
            try:
                look = self._advance(look)
            except LeaseLost:
                log.info("the rotation of secret number %d went to another runner", self._secret_id)
                return

    # ---- looking -------------------------------------------------------------------------------------

    def _look(self, transaction: Transaction, events: list[Event]) -> Look | None:
        """Take the lease, begin what the schedule says, read and open; None when there is nothing to do."""
        now_ms = self._parts.keys.clock()
        row = find_rotation(transaction, self._secret_id)
        secret = find_secret_by_id(transaction, self._secret_id)
        if row is None or secret is None:
            return None
        if self._epoch:
            if row.epoch != self._epoch:
                raise LeaseLost
        elif row.lease_until_ms > now_ms or row.due_ms is None or row.due_ms > now_ms:
            return None
        if not row.work.token:
            found = self._begin(transaction, events, secret, row, now_ms)
            if found is None:
                return None
            secret, row = found
        self._epoch = self._epoch or row.epoch + 1
        row = msgspec.structs.replace(row, epoch=self._epoch, lease_until_ms=now_ms + LEASE_MS)
        save_rotation(transaction, row)
        return self._read(transaction, events, secret, row, now_ms)

    def _begin(
        self, transaction: Transaction, events: list[Event], secret: Secret, row: RotationRow, now_ms: Instant
    ) -> tuple[Secret, RotationRow] | None:
        """Begin the rotation that is due by the schedule."""
        rotation = secret.attributes.rotation
        if rotation is None or not rotation.is_enabled or secret.deleted_ms is not None:
            save_rotation(transaction, msgspec.structs.replace(row, due_ms=None))
            return None
        schedule = schedule_of(rotation)
        if schedule is None or rotation.next_ms is None:
            save_rotation(transaction, msgspec.structs.replace(row, due_ms=None))
            return None
        # An AWSPENDING that somebody left behind is taken up, as AWS does: its rotation is attempted again.
        token = secret.labels[AWSPENDING] if is_unfinished(secret) else new_uuid()
        closes_ms = max(rotation.next_ms + SECOND_MS, now_ms)
        secret, event = start_rotation(transaction, secret, token, now_ms, closes_ms)
        events.append(event)
        begun = find_rotation(transaction, self._secret_id)
        assert begun is not None, "it was just written"
        return secret, begun

    def _read(
        self, transaction: Transaction, events: list[Event], secret: Secret, row: RotationRow, now_ms: Instant
    ) -> Look:
        """Open every value that may have to be tried."""
        work = row.work
        standing = standing_of(transaction, secret, row)
        documents: dict[str, Document] = {}
        administrator: Document | None = None
        function: BuiltIn | None = None
        problem: TargetFailed | None = None
        acting = Acting(transaction, self._parts.keys, self._parts.services, secret, now_ms)
        wanted = [secret.labels.get(AWSCURRENT, ""), work.base, work.token]
        try:
            for version_id in dict.fromkeys((*wanted, *work.asked)):
                document = acting.open(version_id)
                if document is not None:
                    documents[version_id] = document
            previous = secret.labels.get(AWSPREVIOUS, "")
            if previous and previous not in documents:
                with_previous = _open_if_possible(acting, previous)
                if with_previous is not None:
                    documents[previous] = with_previous
            current = documents.get(secret.labels.get(AWSCURRENT, ""))
            if current is None:
                raise DocumentRefused("the secret has no current value")
            function = function_of(secret, current)
            if function is not None and function.needs_administrator:
                administrator = acting.open_administrator(current)
        except TargetFailed as caught:
            problem = caught
        events.extend(acting.records)
        return Look(secret, row, standing, function, documents, administrator, problem)

    # ---- deciding ------------------------------------------------------------------------------------

    def _advance(self, look: Look) -> Look | None:
        """Do the next step; give the next look, or None when there is nothing to do now."""
        self._parts.hook(f"{look.state.value}-{look.standing.value}")
        if look.aim is Aim.STOP:
            return self._commit(look, abandoned)
        if look.problem is not None:
            return self._fail(look, look.problem, CREATE if look.state is State.PLANNED else SET)
        rotator = self._parts.find_rotator(look.function.name) if look.function is not None else None
        if rotator is None:
            failure = TargetFailed(Cause.CONFIGURATION, "no function rotates such a secret")
            return self._fail(look, failure, CREATE)
        self._rotator = rotator
        current = look.documents[look.secret.labels[AWSCURRENT]]
        with self._parts.hold_server(f"{current.reveal().get('host')}:{current.reveal().get('port')}"):
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
        if self._waits(look):
            return self._commit(look, _until_quiet)
        wanted = look.documents.get(look.wanted)
        pending = look.documents.get(look.row.work.token)
        if wanted is None:
            return self._fail(look, DocumentRefused("the version to be rotated in has no value"), SET)
        if look.aim is Aim.RESTORE and pending is not None and not wanted.names_same_account(pending):
            return self._commit(look, abandoned)  # the account that was touched is not the current one
        found = rotator.probe(wanted)
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
            return self._commit(look, held)
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
            rotator.apply(change)
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
        return self._commit(look, lambda t, e, s, r, n: succeeded(t, e, s, r, n, proof))

    def _fail(self, look: Look, problem: TargetFailed, step: str) -> Look | None:
        """Write down why it does not go on, and when it is tried again."""
        return self._commit(look, lambda t, e, s, r, n: failed(t, e, s, r, n, problem, step))

    # ---- committing ----------------------------------------------------------------------------------

    def _commit(self, look: Look, step: Callable[..., bool]) -> Look | None:
        """Commit a step if lease and labels are still those of the look.

        Args:
            look: What the step was decided on.
            step: Given transaction, events, secret, row and instant, does it; whether there is more to do now.

        Returns:
            The next look, made in the same transaction; None when there is nothing more to do now.
        """

        def work(transaction: Transaction, events: list[Event]) -> Look | None:
            now_ms = self._parts.keys.clock()
            row = find_rotation(transaction, self._secret_id)
            secret = find_secret_by_id(transaction, self._secret_id)
            if row is None or row.epoch != self._epoch or row.work.token != look.row.work.token:
                raise LeaseLost
            if secret is None:
                raise LeaseLost
            row = msgspec.structs.replace(row, lease_until_ms=now_ms + LEASE_MS)
            if self._is_clean:
                row = msgspec.structs.replace(row, work=msgspec.structs.replace(row.work, quiet_until_ms=0))
            is_same = _watched(secret) == _watched(look.secret)
            if is_same and standing_of(transaction, secret, row) is look.standing:
                if not step(transaction, events, secret, row, now_ms):
                    return None
            else:
                save_rotation(transaction, row)
            return self._look(transaction, events)

        return self._patiently(work)

    def _patiently(self, work: Work[Look | None]) -> Look | None:
        """Commit, trying again while the store does not answer."""
        for _ in range(STORE_TRIES):
            try:
                return commit(self._parts.writer, work)
            except StoreUnavailable:
                time.sleep(STORE_PAUSE_S)
        return commit(self._parts.writer, work)


def _watched(secret: Secret) -> tuple[str | None, str | None]:
    return secret.labels.get(AWSCURRENT), secret.labels.get(AWSPENDING)


def function_of(secret: Secret, current: Document) -> BuiltIn | None:
    """Give the built-in function that rotates a secret; None when there is none."""
    rotation = secret.attributes.rotation
    if rotation is not None and rotation.function:
        return find_built_in(rotation.function, secret.account, secret.region)
    return built_in_for(current.reveal())


def _open_if_possible(acting: Acting, version_id: str) -> Document | None:
    """Open an older value that helps only when it can be opened."""
    try:
        return acting.open(version_id)
    except TargetFailed:
        return None


def _until_quiet(
    transaction: Transaction, _events: list[Event], _secret: Secret, row: RotationRow, now_ms: Instant
) -> bool:
    """Let it be looked at again when everything that was sent has arrived."""
    return release(transaction, row, row.work, max(row.work.quiet_until_ms, now_ms))
