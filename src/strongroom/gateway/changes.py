"""What the pipeline gives to the writer thread: a call that changes something, and what other calls leave behind."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from strongroom.audit.record import AuditEvent
from strongroom.errors import Fault
from strongroom.gateway.call import Call
from strongroom.gateway.failures import as_fault, describe_problem, not_durable
from strongroom.gateway.recording import written
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction

log = logging.getLogger(__name__)


Settle = Callable[[Call, bool], None]
"""Hears, on the event loop, whether a call is durable."""


class Walker(Protocol):
    """The steps that a change walks."""

    def perform(self, call: Call, rows: Rows) -> None:
        """Walk steps 5 to 7."""
        ...

    def events_of(self, call: Call) -> list[bytes | AuditEvent]:
        """Say what happened, for step 8."""
        ...


class PendingChange:
    """A call of mode CHANGE on its way through the writer (steps 5 to 9)."""

    def __init__(self, walker: Walker, call: Call, settle: Settle) -> None:
        self._walker = walker
        self._call = call
        self._settle = settle
        self._events: list[bytes | AuditEvent] = []
        call.outstanding = 1

    def perform(self, transaction: Transaction) -> None:
        """Walk steps 5 to 7, unless the client was already told that it was refused."""
        if self._call.is_refused:
            raise not_durable(self._call.route.service)
        try:
            self._walker.perform(self._call, transaction)
        except Fault as fault:
            if not fault.lets_changes_stand:
                raise
            self._call.response, self._call.fault = None, fault
        self._events = self._walker.events_of(self._call)  # what cannot be told is undone

    def fail(self, problem: Exception) -> None:
        """Word the failure."""
        self._call.response = None
        self._call.fault = as_fault(problem)
        self._events = self._walker.events_of(self._call)

    def records(self) -> Sequence[tuple[str, bytes]]:
        """Write the records of the call (8), when all changes of the group are made."""
        request_id = self._call.request_id
        return [(request_id, record) for record in written(self._events)]

    def settle(self, committed: bool) -> None:
        """Hear whether it was committed (9)."""
        self._settle(self._call, committed)


class Afterthought:
    """The small changes that a read left behind; its record stands in the journal of reads."""

    def __init__(self, call: Call, later: Sequence[Callable[[Transaction], None]], settle: Settle) -> None:
        self._call = call
        self._later = later
        self._settle = settle

    def perform(self, transaction: Transaction) -> None:
        """Make them."""
        for change in self._later:
            change(transaction)

    def fail(self, problem: Exception) -> None:
        """Let the read stand: it was answered from what is stored, only its mark is missing."""
        log.error("a read could not leave its mark: %s", describe_problem(problem))

    def records(self) -> Sequence[tuple[str, bytes]]:
        """Give no record."""
        return ()

    def settle(self, committed: bool) -> None:
        """Hear whether they were committed."""
        self._settle(self._call, committed)


class Leftover:
    """What a call leaves behind that nobody waits for: its answer stands, whatever becomes of this."""

    def __init__(self, changes: Sequence[Callable[[Transaction], None]]) -> None:
        self._changes = changes

    def perform(self, transaction: Transaction) -> None:
        """Make the changes."""
        for change in self._changes:
            change(transaction)

    def fail(self, problem: Exception) -> None:
        """Tell the operator."""
        log.error("what a call left behind was not kept: %s", describe_problem(problem))

    def records(self) -> Sequence[tuple[str, bytes]]:
        """Give no record: that of the call stands in the journal of reads."""
        return ()

    def settle(self, committed: bool) -> None:
        """Tell the operator when it was not committed."""
        if not committed:
            log.error("what a call left behind was not kept: the store cannot be written")
