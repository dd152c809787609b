"""A core for each worker, on which its event loop and the flusher of its journal stay.

The two take turns: a group of records goes from one to the other and back. Where the system moves them, each finds
the caches of another core cold, and the workers drive each other from core to core: decision 23 has the numbers.

Rules:
 - Only where every core gets the same number of workers. Fewer would keep to the first cores while others rest, and
   the workers of a second server would keep to the same ones.
 - The other threads of a worker go where there is room: they do what would hold its event loop up.
 - It is a convenience: where the system refuses it, that is logged and the worker runs as it would without.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Collection

log = logging.getLogger(__name__)


def core_of_worker(number: int, workers: int, cores: Collection[int]) -> int | None:
    """Say on which core a worker stays; None where it is moved as the system likes.

    Args:
        number: Its place among the workers.
        workers: How many there are.
        cores: Those that the server may use.
    """
    if len(cores) < 2 or workers % len(cores):
        return None
    return sorted(cores)[number % len(cores)]


class OwnCore:
    """The core of one worker.

    Args:
        core: Its number for the system; None for none.
    """

    def __init__(self, core: int | None) -> None:
        self._core = core
        self._all = os.sched_getaffinity(0)

    def hold(self, *threads: int | None) -> None:
        """Keep threads on it; each is named by its id for the system (``Thread.native_id``)."""
        if self._core is None:
            return
        for thread in threads:
            if thread is not None:
                _allow(thread, {self._core})

    def let_go(self) -> None:
        """Let the calling thread go where it likes; called first by those that a thread which is held starts."""
        if self._core is not None:
            _allow(0, self._all)


def _allow(thread: int, cores: set[int]) -> None:
    try:
        os.sched_setaffinity(thread, cores)
    except OSError as problem:  # cores were taken from the server, or a sandbox forbids the call
        log.info("a thread could not be given its cores: %s", problem.strerror)
