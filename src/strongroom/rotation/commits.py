"""Changes of the rotation process: one transaction with its audit records, waited for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from strongroom.store.errors import StoreUnavailable
from strongroom.store.transaction import Transaction
from strongroom.store.writer import Writer

Result = TypeVar("Result")
Event = tuple[str, bytes]
Work = Callable[[Transaction, list[Event]], Result]
"""Does the work in a transaction, and adds the records that are committed with it."""

COMMITTED_WITHIN_S: Final = 10.0


class _Commit(Generic[Result]):
    """One change on its way through the writer."""

    def __init__(self, work: Work[Result]) -> None:
        self._work = work
        self._events: list[Event] = []
        self._is_settled = threading.Event()
        self._is_committed = False
        self._problem: Exception | None = None
        self._result: list[Result] = []

    def perform(self, transaction: Transaction) -> None:
        self._result.append(self._work(transaction, self._events))

    def fail(self, problem: Exception) -> None:
        self._problem = problem
        self._events.clear()

    def records(self) -> Sequence[Event]:
        return self._events

    def settle(self, committed: bool) -> None:
        self._is_committed = committed
        self._is_settled.set()

    def wait(self) -> Result:
        if not self._is_settled.wait(COMMITTED_WITHIN_S):
            raise StoreUnavailable("a change of a rotation was not committed in time")
        if self._problem is not None:
            raise self._problem
        if not self._is_committed:
            raise StoreUnavailable("a change of a rotation was not committed")
        return self._result[0]


def commit(writer: Writer, work: Work[Result]) -> Result:
    """Do ``work`` in a transaction of its own and wait until it is durable.

    Raises:
        StoreUnavailable: It was not committed, or whether it was is not known.
        Exception: What the work raised; it was undone.
    """
    change = _Commit(work)
    writer.submit(change)
    return change.wait()
