"""Background loops: what a deployment does besides answering requests.

Rules:
 - A job hangs on rows (due times), never on its timer alone: the timer only says when to look again, so that a
   restart forgets nothing.
 - One process of a deployment runs them. A job that fails is logged and tried again at its next time; it never
   stops the others. So is a job that could not even be made.
"""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Callable, Sequence

import msgspec

log = logging.getLogger(__name__)

MAKE_AGAIN_AFTER_S = 1.0


class Job(msgspec.Struct, frozen=True):
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
        self._loops = [_JobLoop(make) for make in makers]

    def start(self) -> None:
        """Start the threads; each job is made on its own thread, with its own connections."""
        for loop in self._loops:
            loop.thread.start()

    def run_all_now(self, timeout_s: float) -> list[str]:
        """Run every job once, one after the other in their order, each from its beginning.

        Returns:
            What did not go well: the names of the jobs that failed or took too long.
        """
        return [loop.name for loop in self._loops if not loop.run_now(timeout_s)]

    def stop(self) -> None:
        """Ask all jobs to end and wait for them."""
        for loop in self._loops:
            loop.ask_to_stop()
        for loop in self._loops:
            loop.thread.join(timeout=5)


class _JobLoop:
    """One job and its thread."""

    def __init__(self, make: Callable[[], Job]) -> None:
        self._make = make
        self._changed = threading.Condition()
        self._is_stopping = False
        self._asked = 0
        self._answered = 0
        self._succeeded = False
        self.name = "not yet made"
        self.thread = threading.Thread(target=self._loop, name="job", daemon=True)

    def run_now(self, timeout_s: float) -> bool:
        """Let a run begin now and wait for its end; whether it succeeded."""
        with self._changed:
            self._asked += 1
            wanted = self._asked
            self._changed.notify_all()
            done = self._changed.wait_for(lambda: self._answered >= wanted, timeout_s)
            return done and self._succeeded

    def ask_to_stop(self) -> None:
        """Let the thread end after the run that is under way."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()

    def _loop(self) -> None:
        job = self._made()
        if job is None:
            return
        threading.current_thread().name = f"job {job.name}"
        self.name = job.name
        try:
            while True:
                with self._changed:
                    asked = self._asked  # what is asked from here on wants a run of its own
                succeeded = _succeeds(job.name, job.run)
                with self._changed:
                    self._answered, self._succeeded = asked, succeeded
                    self._changed.notify_all()
                    self._changed.wait_for(
                        lambda: self._is_stopping or self._asked > self._answered, job.interval_s
                    )
                    if self._is_stopping:
                        return
        finally:
            _succeeds(job.name, job.close)

    def _made(self) -> Job | None:
        made: list[Job] = []
        while not _succeeds("(being made)", lambda: made.append(self._make())):
            with self._changed:
                if self._changed.wait_for(lambda: self._is_stopping, MAKE_AGAIN_AFTER_S):
                    return None
        return made[0]


def _succeeds(name: str, work: Callable[[], None]) -> bool:
    try:
        work()
    except Exception as problem:  # noqa: BLE001 - logged; the job is tried again at its next time
        frame = traceback.extract_tb(problem.__traceback__)[-1]
        where = f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        log.error("job %s failed: %s at %s", name, type(problem).__name__, where)
        return False
    return True
