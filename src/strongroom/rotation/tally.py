"""What the metrics say of rotations: how many run, are due, and are in trouble, and how attempts ended.

And whether functions can be run, which rotations may hang on: this process looks once a second anyway.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Final

from strongroom.clock import Instant
from strongroom.gateway.counters import SharedCounters
from strongroom.services.secretsmanager.rotation_rows import count_rotations
from strongroom.store.rows import Rows

log = logging.getLogger(__name__)

SUCCESSES: Final = "strongroom_rotation_successes"
FAILURES: Final = "strongroom_rotation_failures"


class Tally:
    """Counts how attempts end, and shows it beside what the rows say.

    Args:
        counters: What the metrics are read from.
        functions_are_kept: Whether there is a process that would start the runner of functions.
    """

    def __init__(
        self, counters: SharedCounters, functions_are_kept: Callable[[], bool] = lambda: True
    ) -> None:
        self._counters = counters
        self._functions_are_kept = functions_are_kept
        self._are_functions_down = False
        self._lock = threading.Lock()
        self._ended: Counter[str] = Counter()
        self._overdue = 0

    def tell(self, ending: str) -> None:
        """Hear how an attempt ended."""
        with self._lock:
            self._ended[ending] += 1

    def show(self, rows: Rows, now_ms: Instant, running: int) -> None:
        """Let the metrics be as things are now, and the log say when more rotations are overdue than before."""
        found = count_rotations(rows, now_ms)
        if found.overdue > self._overdue:
            log.error("%d rotations are overdue; strongroom doctor names some of them", found.overdue)
        self._overdue = found.overdue
        if not self._are_functions_down and not self._functions_are_kept():
            self._are_functions_down = True  # until the server is started anew: see functions/keeper.py
            log.error(
                "functions are down until the server is started anew: whoever keeps their runner was killed"
            )
        if not self._counters.is_declared:
            return  # a start does not wait for the names of the metrics
        shown = self._counters.set
        shown("strongroom_functions_down", (), int(self._are_functions_down))
        shown("strongroom_rotation_running", (), running)
        shown("strongroom_rotation_due", (), found.due)
        shown("strongroom_rotation_failing", (), found.failing)
        shown("strongroom_rotation_held", (), found.held)
        shown("strongroom_rotation_overdue", (), found.overdue)
        with self._lock:
            for ending in (SUCCESSES, FAILURES):
                shown(ending, (), self._ended[ending])
