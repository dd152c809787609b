"""How many invocations run at once: of a function with a reservation, and of an account.

Counted in each process that invokes; the runner bounds the sandboxes of all of them together.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from strongroom.functions.invocation import TooManyInvocations

MOST_OF_ACCOUNT: Final = 1_000
RESERVED: Final = "ReservedFunctionConcurrentInvocationLimitExceeded"
OF_ACCOUNT: Final = "ConcurrentInvocationLimitExceeded"


class InvocationGate:
    """Counts invocations; safe to be used from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}

    @contextmanager
    def hold(self, account: str, function_id: str, reserved: int | None) -> Iterator[None]:
        """Hold a place for one invocation.

        Args:
            account: Whose function it is.
            function_id: Which.
            reserved: How many of it may run at once; None for no limit of its own.

        Raises:
            TooManyInvocations: With the reason that AWS has for it.
        """
        with self._lock:
            if reserved is not None and self._running.get(function_id, 0) >= reserved:
                raise TooManyInvocations(RESERVED)
            if self._running.get(account, 0) >= MOST_OF_ACCOUNT:
                raise TooManyInvocations(OF_ACCOUNT)
            for key in (account, function_id):
                self._running[key] = self._running.get(key, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                for key in (account, function_id):
                    self._running[key] -= 1
                    if not self._running[key]:
                        del self._running[key]
