"""The processes of a deployment: a supervisor with request workers, one of background loops, and one that rotates.

Rules:
 - Workers share the port by SO_REUSEPORT. The supervisor keeps the address reserved, but never accepts.
 - The supervisor opens the root key once and forks; stores are opened and threads started after the fork.
 - The workers come first and load what a request needs; all else is loaded when they answer already, a moment later:
   on one processor the first answer would wait for it.
 - A child that dies is started anew, at most once a second each; children never outlive the supervisor.
 - SIGTERM and SIGINT: every worker finishes what it accepted, then the background loops end; what has not
   ended within ten seconds is killed.

``dev`` with one worker folds everything into one process; the code paths are the same.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import logging
import os
import select
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from strongroom.clock import Clock
from strongroom.errors import StrongroomError
from strongroom.gateway.counters import SharedCounters
from strongroom.gateway.listener import bind
from strongroom.gateway.operation import Service
from strongroom.opening import Opened
from strongroom.own_core import core_of_worker
from strongroom.seal.process import harden_process
from strongroom.worker import Worker

log = logging.getLogger(__name__)

STOP_WITHIN_S = 9.5
BACKGROUND_STOP_S = 1.5
RESTART_PAUSE_S = 1.0
OTHERS_AFTER_S = 0.1
BACKGROUND_NICENESS = 19
LOOK_EVERY_S = 0.2
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_BACKGROUND = -1
_ROTATION = -2
_END_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Plan(msgspec.Struct, frozen=True):
    """What is to run.

    Attributes:
        opened: The deployment.
        services: The tables of all services.
        host: The address to listen on.
        port: The port; 0 lets the system choose.
        workers: Request workers.
        clock: "Now" for the domain.
        tls: The certificate, or None for plain HTTP.
        is_dev: Whether background jobs may be run on demand.
        functions_are_kept: Whether there is a process that would start the runner of functions.
    """

    opened: Opened
    services: Sequence[Service]
    host: str
    port: int
    workers: int
    clock: Clock
    tls: ssl.SSLContext | None
    is_dev: bool = False
    functions_are_kept: Callable[[], bool] = lambda: True


class StartFailed(StrongroomError):
    """The server could not start; the sentence says why."""


def run_folded(plan: Plan, announce: Callable[[int], None]) -> None:
    """Run everything in this process until it is told to stop; ``announce`` hears the port."""
    counters = SharedCounters(1)
    worker = Worker(0, plan.opened, plan.services, counters, plan.clock, plan.tls)
    for number in (signal.SIGTERM, signal.SIGINT):
        worker.loop.add_signal_handler(number, worker.stop)
    beside: list[_Loops] = []

    def ready(port: int) -> None:
        beside.append(_open_background(plan))
        beside[0].start()
        announce(port)
        beside.append(_open_rotations(plan, port, counters, None))
        beside[1].start()

    try:
        worker.serve(plan.host, plan.port, reuse_port=False, ready=ready)
    finally:
        for loops in reversed(beside):
            loops.stop()


class Supervisor:
    """Starts, watches and ends the children."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._counters = SharedCounters(plan.workers + 1)
        self._children: dict[int, int] = {}
        self._started: dict[int, float] = {}
        self._is_stopping = False
        self._cores = os.sched_getaffinity(0) if plan.opened.settings.pin_workers else set()
        self._reserved = _reserve(plan.host, plan.port)
        self.port = int(self._reserved.getsockname()[1])

    def run(self, announce: Callable[[int], None]) -> int:
        """Run until told to stop.

        Returns:
            The exit status: 0, or 1 when a child had to be killed at the end.
        """
        signal.signal(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, self._stop)
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGCHLD,))  # waited for in _watch
        # What was imported stays: no collection walks through it here, or copies its pages in the children.
        gc.freeze()
        reading, writing = os.pipe()
        for number in range(self._plan.workers):
            self._start(number, writing)
        gc.enable()
        if self._wait_until_ready(reading, self._plan.workers) and self._give_way():
            for number in (_BACKGROUND, _ROTATION):
                self._start(number, writing)
            if self._wait_until_ready(reading, 2):
                announce(self.port)
                self._watch(writing)
        return self._end()

    def _wait_until_ready(self, reading: int, wanted: int) -> bool:
        """Wait for the first sign of so many children; False when told to stop.

        Raises:
            StartFailed: A child ended before that. It would end again: the others are stopped.
        """
        waited = 0
        while not self._is_stopping:
            # A limit on the wait, because a signal that comes just before it does not end it.
            if select.select([reading], [], [], LOOK_EVERY_S)[0]:
                waited += len(os.read(reading, wanted))
            if waited >= wanted:
                return True
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid and self._children.pop(pid, None) is not None and not self._is_stopping:
                self._end()
                raise StartFailed("A process of the server ended while it started; its last words are above.")
        return False

    def _give_way(self) -> bool:
        """Leave the processor to the workers' first answers; False when told to stop."""
        signal.sigtimedwait((), OTHERS_AFTER_S)
        return not self._is_stopping

    def _start(self, number: int, writing: int) -> None:
        supervisor = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        # A child that is told to end before it has forgotten the supervisor's handlers would run them, and live on.
        signal.pthread_sigmask(signal.SIG_BLOCK, _END_SIGNALS)
        pid = os.fork()
        if pid:
            self._children[pid] = number
            self._started[number] = time.monotonic()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _END_SIGNALS)
            return
        status = 1
        try:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal sends it to the whole group
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (*_END_SIGNALS, signal.SIGCHLD))
            if number == _BACKGROUND:
                os.nice(
                    BACKGROUND_NICENESS
                )  # requests go first; what the index misses is taken in when they pause
            _die_with(supervisor)
            harden_process()  # a lock on memory is not inherited
            if number == _BACKGROUND:
                _run_until_stopped(_open_background(self._plan), lambda: os.write(writing, b"."))
            elif number == _ROTATION:
                rotations = _open_rotations(self._plan, self.port, self._counters, self._plan.workers)
                _run_until_stopped(rotations, lambda: os.write(writing, b"."))
            else:
                self._run_worker(number, lambda _: os.write(writing, b"."))
            status = 0
        except Exception as problem:  # noqa: BLE001 - the child's last word; the supervisor starts another
            log.error("process %d ended: %s: %s", number, type(problem).__name__, problem)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _run_worker(self, number: int, ready: Callable[[int], object]) -> None:
        plan = self._plan
        # What the first request will need is loaded while the disk is waited for.
        threading.Thread(target=_load_first, args=(plan.services,), name="load first", daemon=True).start()
        core = core_of_worker(number, plan.workers, self._cores)
        worker = Worker(number, plan.opened, plan.services, self._counters, plan.clock, plan.tls, core=core)
        worker.loop.add_signal_handler(signal.SIGTERM, worker.stop)
        worker.serve(plan.host, self.port, reuse_port=True, ready=lambda port: _ignore(ready(port)))

    def _watch(self, writing: int) -> None:
        while not self._is_stopping:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                # A limit on the wait, as above: waitpid would sleep through a signal that came just before.
                signal.sigtimedwait((signal.SIGCHLD,), LOOK_EVERY_S)
                continue
            number = self._children.pop(pid, None)
            if number is None or self._is_stopping:
                continue
            log.error("process %d ended with status %d; it is started anew", number, status)
            time.sleep(max(0.0, RESTART_PAUSE_S - (time.monotonic() - self._started[number])))
            if not self._is_stopping:
                self._start(number, writing)

    def _end(self) -> int:
        """End the workers, then the background loops, which move the workers' last records on."""
        deadline = time.monotonic() + STOP_WITHIN_S
        self._end_all(self._workers(), deadline - BACKGROUND_STOP_S)
        for pid in self._children:
            _hurry(pid)
        self._end_all(list(self._children), deadline)
        for pid in self._children:
            log.error("process %d did not end in time and is killed", pid)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        return 1 if self._children else 0

    def _end_all(self, pids: Sequence[int], deadline: float) -> None:
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        while any(pid in self._children for pid in pids) and time.monotonic() < deadline:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid:
                self._children.pop(pid, None)
            else:
                time.sleep(0.01)

    def _workers(self) -> list[int]:
        return [pid for pid, number in self._children.items() if number >= 0]

    def _stop(self, _number: int, _frame: object) -> None:
        self._is_stopping = True
        for pid in self._workers():
            os.kill(pid, signal.SIGTERM)


def _hurry(pid: int) -> None:
    """Give a child its priority back, with all of its threads: now the end waits for it. Only root may."""
    if os.geteuid() == 0:
        with contextlib.suppress(OSError):  # it has ended, or a thread of it
            for thread in os.listdir(f"/proc/{pid}/task"):
                os.setpriority(os.PRIO_PROCESS, int(thread), 0)


class _Loops(Protocol):
    """What one child runs besides requests."""

    def start(self) -> None:
        """Start its threads."""
        ...

    def stop(self) -> None:
        """End them."""
        ...


def _load_first(services: Sequence[Service]) -> None:
    """Load the first operation of the first service, and with it what the others of that service share."""
    next(iter(services[0].load()))


def _open_background(plan: Plan) -> _Loops:
    # Imported when the workers answer already: no request needs it.
    from strongroom.workers.background_process import Background

    return Background(plan.opened, plan.clock, may_run_on_demand=plan.is_dev)


def _open_rotations(plan: Plan, port: int, counters: SharedCounters, page: int | None) -> _Loops:
    from strongroom.rotation.process import Rotations  # as above

    return Rotations(
        plan.opened,
        plan.services,
        plan.clock,
        counters,
        page,
        is_dev=plan.is_dev,
        own_host=plan.host,
        own_port=port,
        functions_are_kept=plan.functions_are_kept,
    )


def _run_until_stopped(loops: _Loops, ready: Callable[[], object]) -> None:
    stopped = False

    def stop(_number: int, _frame: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    loops.start()
    ready()
    try:
        while not stopped:
            signal.sigtimedwait((), 0.1)
    finally:
        loops.stop()


def _reserve(host: str, port: int) -> socket.socket:
    """Bind the address without listening on it.

    Raises:
        OSError: The address cannot be had, or somebody listens there.
    """
    if port:
        # Sharing the port would let a second server of the same user take half of the requests.
        bind(host, port, reuse_port=False).close()
    return bind(host, port, reuse_port=True)


def _die_with(supervisor: int) -> None:
    """Ask the kernel to end this child when the supervisor ends."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the end of the supervisor cannot be watched")
    if os.getppid() != supervisor:  # it ended before the kernel was asked
        raise StartFailed("the supervisor is gone")


def _ignore(_: object) -> None:
    """Take a value that nobody needs."""
