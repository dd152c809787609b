"""Waiting for another process to be as it should: it rings no bell, so it is asked again and again."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.support.server import Server

GIVE_UP_S = 45.0
"""Turns a state that never comes into a failure; no test says how soon it has to come."""


def until(holds: Callable[[], bool], give_up_s: float = GIVE_UP_S) -> None:
    """Return as soon as something holds."""
    deadline = time.monotonic() + give_up_s
    while not holds():
        assert time.monotonic() < deadline, "what the test waits for did not come"
        time.sleep(0.01)


def wait_until_replaced(server: Server, killed: int) -> None:
    """Wait until the supervisor has started another process for the one that was killed."""
    until(lambda: killed not in server.children() and len(server.children()) == 4)
