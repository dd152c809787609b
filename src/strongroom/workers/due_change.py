"""One thing that is due, on its way through the writer: judged again there, done, and recorded with what was done."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final, Generic, Protocol, TypeVar

from strongroom.clock import Instant
from strongroom.store.errors import StoreUnavailable
from strongroom.store.transaction import Transaction

SETTLED_WITHIN_S: Final = 30.0

Event = tuple[str, bytes]
"""The request id of an audit record, and the record."""

Key = TypeVar("Key")
_Key = TypeVar("_Key", contravariant=True)


class Judge(Protocol[_Key]):
    """Does what is due of one object."""

    def __call__(self, transaction: Transaction, key: _Key, now_ms: Instant, /) -> list[Event] | None:
        """Judge again, and act; give the events, or None when nothing is due any more."""
        ...


class DueChange(Generic[Key]):
    """What is due of one object.

    Attributes:
        key: The object.
        events: The audit records of what was done; None when nothing was.
        problem: Why it was undone.
    """

    def __init__(self, key: Key, judge: Judge[Key], now_ms: Instant) -> None:
        self.key = key
        self.events: list[Event] | None = None
        self.problem: Exception | None = None
        self._judge = judge
        self._now_ms = now_ms
        self._is_committed = False
        self._is_settled = threading.Event()

    def perform(self, transaction: Transaction) -> None:
        """Act, if it is due still."""
        self.events = self._judge(transaction, self.key, self._now_ms)

    def fail(self, problem: Exception) -> None:
        """Remember why it was undone."""
        self.events = None
        self.problem = problem

    def records(self) -> Sequence[Event]:
        """Give the records of what was done."""
        return self.events or ()

    def settle(self, committed: bool) -> None:
        """Wake who waits."""
        self._is_committed = committed
        self._is_settled.set()

    def wait(self) -> None:
        """Wait until the change was committed, or undone for a reason of its own.

        Raises:
            StoreUnavailable: The group was not committed, or the writer does not answer.
        """
        if not self._is_settled.wait(SETTLED_WITHIN_S) or not self._is_committed:
            raise StoreUnavailable("what is due was not committed")
