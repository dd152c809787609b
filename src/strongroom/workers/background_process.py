"""What runs beside the request workers: the background jobs and the control socket, with a writer of their own."""

from __future__ import annotations

from typing import Final

from strongroom.clock import Clock
from strongroom.control import ControlServer
from strongroom.opening import Opened
from strongroom.workers.background import background_jobs, open_writer
from strongroom.workers.jobs import JobThreads

JOB_WITHIN_S: Final = 10.0


class Background:
    """The background loops and the control socket, with a writer of their own.

    Args:
        opened: The deployment.
        clock: "Now" for the domain.
        may_run_on_demand: Whether the jobs may be run through the control socket: in ``dev``.
    """

    def __init__(self, opened: Opened, clock: Clock, *, may_run_on_demand: bool) -> None:
        self._writer = open_writer(opened)
        self._jobs = JobThreads(background_jobs(opened, self._writer, clock))
        run_jobs = (lambda: self._jobs.run_all_now(JOB_WITHIN_S)) if may_run_on_demand else None
        self._control = ControlServer(opened, self._writer, clock, run_jobs)

    def start(self) -> None:
        """Start everything."""
        self._writer.start()
        self._jobs.start()
        self._control.start()

    def stop(self) -> None:
        """Finish what was begun."""
        self._control.stop()
        self._jobs.stop()
        self._writer.stop()
