"""Calls that have no answer yet: how long (promise 3: an answer within two seconds, or a refusal), and for what."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from strongroom.clock import Clock, Instant
from strongroom.gateway.call import Call
from strongroom.gateway.compiling import Unmade

GoOn = Callable[[Exception | None], None]
"""Takes a call up again; hears why what it waited for could not be made, or None."""


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


class WaitingForPolicies:
    """Lets calls wait for a policy that a thread makes ready: all that wait for the same wait for one turn of it.

    Args:
        run: Runs the first on a thread, then the second on the event loop.
    """

    def __init__(self, run: Callable[[Callable[[object], None], GoOn], None]) -> None:
        self._run = run
        self._waiting: dict[Unmade, list[GoOn]] = {}

    def wait(self, unmade: Unmade, go_on: GoOn) -> None:
        """Take a call up again when that is made; ``go_on`` raises nothing."""
        waiting = self._waiting.get(unmade)
        if waiting is not None:
            waiting.append(go_on)
            return
        self._waiting[unmade] = [go_on]
        self._run(lambda _: unmade.make(), lambda problem: self._end(unmade, problem))

    def _end(self, unmade: Unmade, problem: Exception | None) -> None:
        for go_on in self._waiting.pop(unmade):
            go_on(problem)
