"""Events of functions: what was answered with 202 is run here, and tried again when it failed.

Rules:
 - What waits stands in rows with due times and leases: a restart forgets nothing. An event is run at least once; one
   that was running when the process died is run again, as the interface allows.
 - An error of the function is tried again after one minute and after two more, as often as the function's rules say
   (two times by default). No room, and no runner, do not count: they are tried again after 1 s, 2 s ... 5 min.
 - An event that has become too old (six hours by default) is given up, and so is one whose function is gone.
 - The store is not held while a function runs.

Source: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html; audit reference 5.4.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.errors import Fault, StrongroomError
from strongroom.functions.invocation import Outcome
from strongroom.gateway.failures import describe_problem
from strongroom.gateway.recording import written
from strongroom.services.lambda_.contract import Parts, Record, context_of_process, keep_log
from strongroom.services.lambda_.invoking import WAITS_S, Event, Run, choose_version, make_run
from strongroom.services.lambda_.model import LATEST, EventRules, Function, WaitingEvent
from strongroom.services.lambda_.queue import open_event
from strongroom.services.lambda_.tables import (
    find_event,
    find_function_by_id,
    list_due_events,
    remove_event,
    update_event,
)
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.workers.looking import look_until

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.1
AT_ONCE: Final = 16
STOP_WITHIN_S: Final = 5.0
ATTEMPTS_AGAIN: Final = 2
AGE_MOST_S: Final = 21_600
AGAIN_AFTER_MS: Final = (60_000, 120_000)
ROOM_AGAIN_MOST_MS: Final = 300_000
LEASE_SLACK_MS: Final = 60_000


class _Begun(msgspec.Struct, frozen=True):
    """An event that is to be run now; ``run`` is None when it cannot be."""

    run: Run | None


class FunctionEvents:
    """Runs the events that are due, from ``start`` to ``stop``.

    Args:
        parts: What invocations need.
        open_rows: Opens the connection that looks for what is due; called on the thread of the loop.
    """

    def __init__(self, parts: Parts, open_rows: Callable[[], Rows]) -> None:
        self._parts = parts
        self._open_rows = open_rows
        self._running: set[str] = set()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="event")
        self._thread = threading.Thread(target=self._loop, name="function events", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is interrupted is taken up at the next start."""
        self._stopping.set()
        self._thread.join(timeout=STOP_WITHIN_S)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _loop(self) -> None:
        look_until(
            self._stopping,
            self._open_rows,
            self._start_due,
            first=self._give_back_leases,
            every_s=LOOK_EVERY_S,
            what="events of functions",
        )

    def _give_back_leases(self, rows: Rows) -> None:
        """Free what a process that ended had begun: one process of a deployment runs events."""
        held = [
            str(one) for one in rows.column("SELECT event_id FROM function_events WHERE lease_until_ms > 0")
        ]

        def give_back(transaction: Transaction, _records: list[Record]) -> None:
            for event_id in held:
                waiting = find_event(transaction, event_id)
                if waiting is not None:
                    update_event(transaction, replace(waiting, lease_until_ms=0))

        if held:
            self._parts.commit(give_back)

    def _start_due(self, rows: Rows) -> None:
        with self._lock:
            free = AT_ONCE - len(self._running)
        if free <= 0:
            return
        for event_id in list_due_events(rows, self._parts.deployment.clock(), free):
            with self._lock:
                if event_id in self._running:
                    continue
                self._running.add(event_id)
            self._pool.submit(self._try, event_id)

    def _try(self, event_id: str) -> None:
        try:
            if self._stopping.is_set():
                return
            begun = self._parts.commit(
                lambda transaction, records: self._begin(transaction, records, event_id)
            )
            if begun is None:
                return
            outcome: Outcome | None = None
            if begun.run is not None:
                try:
                    outcome = begun.run.perform(self._parts.deployment.runner)
                except StrongroomError as problem:
                    log.warning("an event of a function waits: %s", problem)
            self._parts.commit(lambda transaction, _records: self._end(transaction, event_id, outcome))
            if begun.run is not None and outcome is not None:
                keep_log(self._parts, begun.run.spec, outcome)
        except Exception as problem:  # noqa: BLE001 - a defect with one event must not stop the others
            log.error("an event of a function failed: %s", describe_problem(problem))
        finally:
            with self._lock:
                self._running.discard(event_id)

    def _begin(self, transaction: Transaction, records: list[Record], event_id: str) -> _Begun | None:
        """Take the lease, and gather what the run needs; None when there is nothing to run."""
        now_ms = self._parts.deployment.clock()
        waiting = find_event(transaction, event_id)
        if waiting is None or waiting.due_ms > now_ms or waiting.lease_until_ms > now_ms:
            return None
        function = find_function_by_id(transaction, waiting.function_id)
        if function is None or _is_too_old(function, waiting, now_ms):
            remove_event(transaction, event_id)
            log.warning("an event was given up: its function is gone, or it has waited too long")
            return None
        run = self._gather(transaction, records, function, waiting)
        timeout_s = 0 if run is None else run.spec.timeout_s
        lease = now_ms + (timeout_s + WAITS_S) * 1000 + LEASE_SLACK_MS
        update_event(transaction, replace(waiting, lease_until_ms=lease))
        return _Begun(run)

    def _gather(
        self, transaction: Transaction, records: list[Record], function: Function, waiting: WaitingEvent
    ) -> Run | None:
        context = context_of_process(self._parts, transaction, function.region)
        qualifier = waiting.event.qualifier
        try:
            payload, client_context = open_event(self._parts.deployment.keyring, function.account, waiting)
            version = choose_version(context, function, qualifier)
            event = Event(waiting.event_id, qualifier, payload, client_context)
            return make_run(context, function, version, event)
        except Fault as problem:
            log.warning("an event of a function waits: %s", problem.code)
            return None
        finally:
            records.extend((context.request_id, record) for record in written(context.inner_records))

    def _end(self, transaction: Transaction, event_id: str, outcome: Outcome | None) -> None:
        """Remove the event, or say when it is tried again."""
        waiting = find_event(transaction, event_id)
        if waiting is None:
            return
        now_ms = self._parts.deployment.clock()
        event = waiting.event
        if outcome is None:
            wait_ms = min(1_000 << min(event.delays, 20), ROOM_AGAIN_MOST_MS)
            event = replace(event, delays=event.delays + 1)
        elif outcome.function_error is None:
            remove_event(transaction, event_id)
            return
        else:
            event = replace(event, attempts=event.attempts + 1)
            function = find_function_by_id(transaction, waiting.function_id)
            if function is None or event.attempts > _attempts_again(function, waiting):
                remove_event(transaction, event_id)
                log.warning("an event was given up: its function failed each time")
                return
            wait_ms = AGAIN_AFTER_MS[event.attempts - 1]
        update_event(transaction, replace(waiting, event=event, due_ms=now_ms + wait_ms, lease_until_ms=0))


def _rules(function: Function, waiting: WaitingEvent) -> EventRules | None:
    return function.attributes.events.get(waiting.event.qualifier or LATEST)


def _is_too_old(function: Function, waiting: WaitingEvent, now_ms: Instant) -> bool:
    rules = _rules(function, waiting)
    age_s = AGE_MOST_S if rules is None or rules.age_s is None else rules.age_s
    return now_ms - waiting.event.asked_ms > age_s * 1000


def _attempts_again(function: Function, waiting: WaitingEvent) -> int:
    rules = _rules(function, waiting)
    return ATTEMPTS_AGAIN if rules is None or rules.attempts is None else rules.attempts
