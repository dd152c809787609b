"""The request path. Every AWS request walks these ten steps, and nothing else answers one.

::

     1 edge.py            read at most the limit; a request id               -> RawRequest
     2 routing.py         the operation, by protocol                         -> Route
     3 authentication.py  signature, scope, skew, session                    -> Caller
     4 wire               parse, check constraints                           -> typed request
     5 the operation      target(): name or ARN -> stored row                -> the ARN *we* build + condition keys
     6 policy/evaluate    identity, resource, boundary, session policies     -> Decision with its reasons
     7 the operation      handle(): rules (model), rows (tables), kms, envelope
     8 recording, audit   the event, no secret material; no record, no answer
     9 store              commit: the change and its record in one transaction
    10 wire               shape -> bytes: only now does anything leave

Rules:
 - Requests that arrive together walk abreast: a step is done for all of them before the next one is. Its code and
   what it reads stay in the processor's caches then; one request after the other took 1.6 times as long
   (decision 12). What goes wrong with one of them is that one's fault and disturbs no other.
 - A denied, malformed or failed call of an authenticated caller passes step 8 as well; exactly one record.
 - What was not authenticated is counted, not recorded (L-05).
 - An error of any step is a ``Fault``, written by ``wire/faults.py`` alone. What nobody foresaw is a 500 whose
   cause is logged without values.
 - An answer that is not durable within two seconds is refused with a 500 (promise 3); it never hangs. The two seconds
   do not run while a large body is read, while a heavy change is prepared, and while a call stands apart: waits for
   something else than the store, holding nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

from strongroom.audit.rejects import RejectCounter
from strongroom.clock import Clock, Instant
from strongroom.errors import Fault
from strongroom.gateway.answering import Answers
from strongroom.gateway.authentication import Authenticator
from strongroom.gateway.call import Call
from strongroom.gateway.caller import NOBODY, Credential
from strongroom.gateway.changes import Afterthought, Leftover, PendingChange
from strongroom.gateway.compiling import PolicyNotCompiled
from strongroom.gateway.context import Context, refuse_unserved
from strongroom.gateway.deployment import Deployment
from strongroom.gateway.exchange import Exchange
from strongroom.gateway.failures import as_fault, not_durable
from strongroom.gateway.known_reads import KnownReads
from strongroom.gateway.operation import Mode
from strongroom.gateway.routing import Route, Router, Unroutable
from strongroom.gateway.speech import parse_request
from strongroom.gateway.steps import Steps
from strongroom.gateway.temporary import refuse_temporary
from strongroom.gateway.waiting import WaitingCalls, WaitingForPolicies
from strongroom.store.errors import StoreError
from strongroom.store.rows import Rows
from strongroom.store.writer import Change
from strongroom.strict_json import MAX_TOKENS

log = logging.getLogger(__name__)

INLINE_BODY_BYTES: Final = 1_048_576
"""Larger bodies are hashed and read on a thread, not on the event loop."""
SMALL_BODY_BYTES: Final = 131_072
"""So are larger ones than this, where an operation takes more names and values than others do."""

MOST_UNSIGNED: Final = 64
"""Requests without a signature that may wait to be identified; anybody can send them."""


class ReadJournal(Protocol):
    """Takes the records of reads; ``audit/journal.py`` is the real one."""

    def extend(
        self, records: Sequence[bytes], on_durable: Callable[[bool], None], *, requests: int = 1
    ) -> None:
        """Add the records of some requests; hear whether all of them became durable."""
        ...


class ChangeQueue(Protocol):
    """Takes changes; ``store/writer.py`` is the real one."""

    def submit(self, change: Change) -> None:
        """Let a change wait for the next group."""
        ...


RunQuery = Callable[[Callable[[Rows], None], Callable[[Exception | None], None]], None]
"""Runs the first on a thread with rows of its own, then the second on the event loop; it hears what went wrong."""

RunApart = Callable[[Callable[[], Any], Callable[[Any, Exception | None], None]], bool]
"""Runs the first on a thread of a bounded pool, then the second on the event loop; False when the pool is full."""


class Pipeline:
    """Walks requests through the ten steps.

    Attributes:
        steps: What each of steps 3 to 8 does to one call.
    """

    def __init__(
        self,
        *,
        router: Router,
        authenticator: Authenticator,
        rows: Rows,
        journal: ReadJournal,
        writer: ChangeQueue,
        run_query: RunQuery,
        run_identification: RunQuery,
        run_heavy: RunQuery,
        run_apart: RunApart,
        rejects: RejectCounter,
        deployment: Deployment,
        count: Callable[[str, str, int], None],
        monotonic_ms: Clock,
        mark_use: Callable[[Credential, str, str, Instant], None],
        call_soon: Callable[[Callable[[], None]], object],
    ) -> None:
        self._router = router
        self._authenticator = authenticator
        self._rows = rows
        self._journal = journal
        self._writer = writer
        self._run_query = run_query
        self._run_identification = run_identification
        self._run_heavy = run_heavy
        self._run_apart = run_apart
        self._deployment = deployment
        self.steps = Steps(router.services, authenticator, deployment)
        self._mark_use = mark_use
        self._answers = Answers(count, rejects, deployment.clock, call_soon)
        self._waiting = WaitingCalls(monotonic_ms)
        self._policies = WaitingForPolicies(run_query)
        self._known = KnownReads(rows.cache)
        self._unsigned = 0

    # ---- steps 1 to 4: on the event loop -------------------------------------------------------------

    def handle_batch(self, exchanges: Sequence[Exchange]) -> None:
        """Take the requests (1) that arrived in one turn of the event loop."""
        try:
            self._rows.refresh()  # once, after all of them arrived: what was acknowledged before is seen
        except StoreError as problem:
            for exchange in exchanges:
                self._answers.turn_away(exchange, as_fault(problem))
            return
        now_ms = self._deployment.clock()
        self._waiting.begin()
        admitted: list[Call] = []
        for exchange in exchanges:
            try:
                call = self._admit(exchange, now_ms)  # 2, 3
            except Exception as problem:  # noqa: BLE001 - the last net: one request never harms another
                self._answers.turn_away(exchange, as_fault(problem))
                continue
            if call is not None:
                self._waiting.add(call)
                admitted.append(call)
        reads: list[Call] = []
        for call in admitted:
            try:
                if self._begin(call):  # 4
                    reads.append(call)
            except Exception as problem:  # noqa: BLE001 - as above; it was let in, so it waits no longer
                self._give_up(call, problem)
        self._finish_reads(
            [call for call in reads if call.fault is not None or self._attempt_here(call)]
        )  # 8

    def _admit(self, exchange: Exchange, now_ms: Instant) -> Call | None:
        """Find out what is asked (2) and by whom (3); None for what is answered, or goes another way."""
        request = exchange.request
        route = None
        try:
            route = self._router.find(request)
            if route.operation is not None and route.operation.identify is not None:
                self._begin_unsigned(exchange, route, now_ms)
                return None
            if len(request.body) > SMALL_BODY_BYTES and _is_large(route, len(request.body)):
                self._begin_large(exchange, route, now_ms)
                return None
            credential, claim = self._authenticator.authenticate(request, route, self._rows)
        except Unroutable as fault:
            self._answers.turn_away(exchange, fault, protocol=fault.protocol)
            return None
        except Fault as fault:
            self._answers.turn_away(exchange, fault, route)
            return None
        except StoreError as problem:
            self._answers.turn_away(exchange, as_fault(problem), route)
            return None
        except PolicyNotCompiled as wanted:
            self._policies.wait(wanted.unmade, lambda problem: self._admit_again(exchange, now_ms, problem))
            return None
        region = route.service.home_region or claim.region
        use = credential.use
        if now_ms >= use.again_ms or use.service != route.service.name or use.region != region:
            self._mark_use(credential, route.service.name, region, now_ms)
        return Call(exchange, route, credential.caller, region, now_ms)

    def _admit_again(self, exchange: Exchange, now_ms: Instant, problem: Exception | None) -> None:
        """Go on with a request whose caller has a policy that a thread has compiled meanwhile."""
        if problem is not None:
            self._answers.turn_away(exchange, as_fault(problem))
            return
        call: Call | None = None
        try:
            call = self._admit(exchange, now_ms)
            if call is None:
                return
            self._waiting.add(call)
            if self._begin(call) and (call.fault is not None or self._attempt_here(call)):
                self._finish_reads([call])
        except Exception as caught:  # noqa: BLE001 - as in ``handle_batch``
            if call is None:
                self._answers.turn_away(exchange, as_fault(caught))
            else:
                self._give_up(call, caught)

    def _begin_large(self, exchange: Exchange, route: Route, now_ms: Instant) -> None:
        """Take a request with a large body: it is hashed and read on a thread (3, 4)."""
        call = Call(exchange, route, NOBODY, "", now_ms)
        let_in: list[Credential] = []
        self._run_heavy(
            lambda rows: let_in.append(self.steps.let_in_large(call, rows)),
            lambda problem: self._go_on_large(call, let_in, problem),
        )

    def _go_on_large(self, call: Call, let_in: list[Credential], problem: Exception | None) -> None:
        if not let_in:
            fault = as_fault(problem or RuntimeError("nobody was let in"))
            self._answers.turn_away(call.exchange, fault, call.route)
            return
        self._mark_use(let_in[0], call.route.service.name, call.region, call.now_ms)
        self._waiting.add_anew(call)
        try:
            is_done_here = call.fault is not None or self._begin(call)
        except Exception as caught:  # noqa: BLE001 - as above; it was let in, so it waits no longer
            self._give_up(call, caught)
            return
        if is_done_here and (call.fault is not None or self._attempt_here(call)):
            self._finish_reads([call])

    def _begin_unsigned(self, exchange: Exchange, route: Route, now_ms: Instant) -> None:
        """Take a request that needs no signature: who asks is found out on a thread of its own (3).

        Until that is known nothing is recorded, and the two seconds of an answer do not run: another system may
        have to be asked first.
        """
        if self._unsigned >= MOST_UNSIGNED:
            code, status = route.service.errors.throttled
            raise Fault(code, "Rate exceeded", status=status)
        call = Call(exchange, route, NOBODY, self._authenticator.region_of_unsigned(self._rows), now_ms)
        call.request = parse_request(route, exchange.request)  # 4
        self._unsigned += 1
        self._run_identification(
            lambda rows: self.steps.identify(call, rows), lambda problem: self._finish_unsigned(call, problem)
        )

    def _finish_unsigned(self, call: Call, problem: Exception | None) -> None:
        self._unsigned -= 1
        if call.caller is NOBODY:
            fault = as_fault(problem or RuntimeError("nobody was identified"))
            self._answers.turn_away(call.exchange, fault, call.route)
            return
        self._waiting.add(call)
        self._finish_query(call, problem)

    def _begin(self, call: Call) -> bool:
        """Parse a request (4) and start it where it runs; True when it is a read to be done here, or has failed."""
        route = call.route
        temporary = call.caller.temporary
        if temporary is not None:
            call.fault = refuse_temporary(temporary, route, call.now_ms)
            if call.fault is not None:
                return True
        if route.operation is None:
            call.fault = refuse_unserved(route.name, route.service.unserved[route.name])
            return True
        if call.request is None and self._known.recognise(call):
            return True  # 5 and 6 as well
        if call.request is None:  # a large one was read before
            try:
                call.request = parse_request(route, call.exchange.request)
            except Fault as fault:
                call.fault = fault
                return True
        mode = route.operation.mode_of(call.request)
        if mode is Mode.READ:
            return True
        if mode is Mode.QUERY and route.operation.apart is not None:
            self._run_query(
                lambda rows: self.steps.look_apart(call, rows),
                lambda problem: self._stand_apart(call, problem),
            )
        elif mode is Mode.QUERY:
            self._run_query(
                lambda rows: self.steps.attempt(call, rows), lambda problem: self._finish_query(call, problem)
            )
        elif route.operation.prepare is not None:
            run = self._run_query
            if route.operation.is_heavy:
                run = self._run_heavy
                self._waiting.remove(call)
            run(
                lambda rows: self.steps.prepare(call, rows),
                lambda problem: self._submit_prepared(call, problem),
            )
        elif not self._submit(PendingChange(self.steps, call, self._settle)):
            call.fault = not_durable(route.service)
            return True  # it never came to a transaction that could hold its record
        return False

    # ---- steps 5 to 7: inline for reads, on the writer thread for changes ----------------------------

    def _attempt_here(self, call: Call) -> bool:
        """Walk steps 5 to 7 of a read on the event loop; False when it waits for a policy that is being compiled."""
        try:
            self.steps.attempt(call, self._rows)
        except PolicyNotCompiled as wanted:
            self._policies.wait(wanted.unmade, lambda problem: self._attempt_again(call, problem))
            return False
        if call.is_plain:
            self._known.learn(call)
        return True

    def _attempt_again(self, call: Call, problem: Exception | None) -> None:
        try:
            if problem is not None or call.is_refused or self._attempt_here(call):
                self._finish_query(call, problem)
        except Exception as caught:  # noqa: BLE001 - as in ``handle_batch``
            self._give_up(call, caught)

    def _submit_prepared(self, call: Call, problem: Exception | None) -> None:
        """Let a change that was prepared, or could not be, go on."""
        assert call.route.operation is not None
        if call.route.operation.is_heavy:
            self._waiting.add_anew(call)
        if problem is None and call.fault is None and not call.is_refused:
            if self._submit(PendingChange(self.steps, call, self._settle)):
                return
            problem = not_durable(call.route.service)
        self._finish_query(call, problem)

    def _stand_apart(self, call: Call, problem: Exception | None) -> None:
        """Let a call wait for something else than the store: no limit runs meanwhile."""
        if problem is not None or call.fault is not None or call.is_refused:
            self._finish_query(call, problem)
            return
        work, call.prepared = call.prepared, None
        self._waiting.remove(call)
        if work is None:
            self._return_from_apart(call, None, None)
        elif not self._run_apart(work, lambda result, failed: self._return_from_apart(call, result, failed)):
            code, status = call.route.service.errors.throttled
            self._return_from_apart(call, None, Fault(code, "Rate Exceeded.", status=status))

    def _return_from_apart(self, call: Call, result: Any, problem: Exception | None) -> None:
        self._waiting.add_anew(call)
        assert call.context is not None
        assert call.target is not None
        assert call.route.operation is not None
        if problem is None:
            call.context.prepared = result
            try:
                call.response = call.route.operation.handle(call.context, call.request, call.target)  # 7
            except Exception as caught:  # noqa: BLE001 - worded below; nothing is swallowed
                problem = caught
        self._finish_query(call, problem)

    # ---- steps 8 to 10 -------------------------------------------------------------------------------

    def _finish_query(self, call: Call, problem: Exception | None) -> None:
        """Finish a read that ran on a thread of its own, or could not be run there."""
        if call.is_refused:
            problem = not_durable(call.route.service)  # the record says what the client was told
        if problem is not None:
            call.response, call.fault = None, as_fault(problem)
        self._finish_reads([call])

    def _finish_reads(self, calls: Sequence[Call]) -> None:
        """Record reads (8); those whose records are durable are answered (10)."""
        settled: list[Call] = []  # when their records are durable
        all_records: list[bytes] = []
        for call in calls:
            try:
                records = self.steps.records_of(call)
            except Exception as problem:  # noqa: BLE001 - without a record there is no answer but a failure
                self._give_up(call, problem)
                continue
            context = call.context
            if context is not None and (context.later or context.unawaited):
                self._finish_with_changes(call, context, records)
                continue
            settled.append(call)
            all_records += records
        if settled:
            self._journal.extend(all_records, partial(self._answer, settled), requests=len(settled))

    def _finish_with_changes(self, call: Call, context: Context, records: list[bytes]) -> None:
        """Record a read (8) behind which the store is changed: before it is answered (``later``), or some time."""
        later = context.later if call.fault is None else []
        call.outstanding = 2 if later else 1
        self._journal.extend(records, partial(self._settle, call))
        if later and not self._submit(Afterthought(call, later, self._settle)):
            self._settle(call, False)
        if context.unawaited:
            self._submit(Leftover(context.unawaited))

    def _submit(self, change: Change) -> bool:
        """Hand a change to the writer thread, where 5 to 9 follow; False when it takes no more."""
        try:
            self._writer.submit(change)
        except StoreError as problem:
            log.warning("a change was refused: %s", problem)
            return False
        return True

    def _settle(self, call: Call, is_durable: bool) -> None:
        """Hear from the journal or the store; answer when all of them have spoken (10)."""
        call.outstanding -= 1
        if call.outstanding <= 0 or not is_durable:
            self._answer((call,), is_durable)

    def _answer(self, calls: Sequence[Call], is_durable: bool) -> None:
        """Hear from all that had to speak; answer (10)."""
        for call in calls:
            if self._waiting.remove(call):  # else it was refused before: two seconds had passed
                self._answers.give(call, call.fault if is_durable else not_durable(call.route.service))

    def _give_up(self, call: Call, problem: Exception) -> None:
        """Answer a call that was let in and met what nobody foresaw."""
        self._waiting.remove(call)
        self._answers.refuse(call, as_fault(problem))

    def refuse_overdue(self) -> None:
        """Refuse what has not become durable within two seconds; called several times a second."""
        for call in self._waiting.take_overdue(self._deployment.settings.answer_within_ms):
            call.is_refused = True  # a change that still waits for its turn is not made any more
            self._answers.refuse(call, not_durable(call.route.service))


def _is_large(route: Route, size: int) -> bool:
    """Whether a body that is not small is read on a thread."""
    operation = route.operation
    return size > INLINE_BODY_BYTES or (operation is not None and operation.most_values > MAX_TOKENS)
