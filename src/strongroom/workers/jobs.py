"""Background loops: what a deployment does besides answering requests.

Rules:
 - A job hangs on rows (due times), never on its timer alone: the timer only says when to look again, so that a
   restart forgets nothing.
 - One process of a deployment runs them. A job that fails is logged and tried again at its next time; it never
   stops the others.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One background job.

    Attributes:
        name: For the log.
        interval_s: How often to look whether something is due.
        run: Does what is due now.
        close: Releases what it holds; called on its own thread.
    """

    name: str
    interval_s: float
    run: Callable[[], None]
    close: Callable[[], None] = lambda: None


class JobThreads:
    """Runs each job on a thread of its own, so that a slow one does not delay another."""

    def __init__(self, makers: Sequence[Callable[[], Job]]) -> None:
        self._makers = makers
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads; each job is made on its own thread, with its own connections."""
        for make in self._makers:
            thread = threading.Thread(target=self._loop, args=(make,), name="job", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Ask all jobs to end and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=5)

    def _loop(self, make: Callable[[], Job]) -> None:
        job = make()
        threading.current_thread().name = f"job {job.name}"
        try:
            while True:
                self._run(job)
                if self._stop.wait(job.interval_s):
                    return
        finally:
            job.close()

    @staticmethod
    def _run(job: Job) -> None:
        try:
            job.run()
        except Exception as problem:  # noqa: BLE001 - logged; the job is tried again at its next time
            frame = traceback.extract_tb(problem.__traceback__)[-1]
            where = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
            log.error("job %s failed: %s at %s", job.name, type(problem).__name__, where)
