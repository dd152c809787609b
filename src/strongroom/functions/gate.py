"""How many invocations run at once: of a function with a reservation, and of an account.

Counted by the runner. There is one for all processes of a server, so that the limits hold for all of them together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from strongroom.functions.invocation import OF_ACCOUNT, OF_FUNCTION, TooManyInvocations

MOST_OF_ACCOUNT: Final = 1_000


class InvocationGate:
    """Counts invocations; safe to be used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}

    @contextmanager
    def hold(self, account: str, function_id: str, reserved: int | None) -> Iterator[Callable[[], None]]:
        """Hold a place for one invocation.

        Args:
            account: Whose function it is.
            function_id: Which.
            reserved: How many of it may run at once; None for no limit of its own.

        Yields:
            What gives the place back before the end of the block: an answer may be followed by the next question.

        Raises:
            TooManyInvocations: There is none.
        """
        with self._lock:
            if reserved is not None and self._running.get(function_id, 0) >= reserved:
                raise TooManyInvocations(OF_FUNCTION, "as many of this function run as may run at once")
            if self._running.get(account, 0) >= MOST_OF_ACCOUNT:
                raise TooManyInvocations(
                    OF_ACCOUNT, "as many functions of this account run as may run at once"
                )
            for key in (account, function_id):
                self._running[key] = self._running.get(key, 0) + 1
        is_held = True

        def give_back() -> None:
            nonlocal is_held
            with self._lock:
                if not is_held:
                    return
                is_held = False
                for key in (account, function_id):
                    self._running[key] -= 1
                    if not self._running[key]:
                        del self._running[key]

        try:
            yield give_back
        finally:
            give_back()
