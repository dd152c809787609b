"""Calls that have no answer yet, and for how long (promise 3: an answer within two seconds, or a refusal)."""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.clock import Clock, Instant
from strongroom.gateway.call import Call


class WaitingCalls:
    """Counts the time of each call from the arrival of its batch.

    Args:
        monotonic_ms: Milliseconds that only grow.
    """

    def __init__(self, monotonic_ms: Clock) -> None:
        self._monotonic_ms = monotonic_ms
        self._calls: dict[Call, Instant] = {}  # since when, in order of arrival
        self._arrived_ms: Instant = 0

    def begin(self) -> None:
        """Note that the time of what is added from now on begins now."""
        self._arrived_ms = self._monotonic_ms()

    def add(self, call: Call) -> None:
        """Let a call wait that does not wait yet."""
        self._calls[call] = self._arrived_ms

    def add_anew(self, call: Call) -> None:
        """Let a call wait whose time begins now."""
        self.begin()
        self.add(call)

    def remove(self, call: Call) -> bool:
        """Let a call wait no longer; False when it did not wait: it was refused before."""
        return self._calls.pop(call, None) is not None

    def take_overdue(self, limit_ms: int) -> Iterator[Call]:
        """Remove and give those that have waited for so long, in order of arrival."""
        latest = self._monotonic_ms() - limit_ms
        for call, since in list(self._calls.items()):
            if since > latest:
                return
            del self._calls[call]
            yield call
