"""Functions that burn the processor beside a server that waits for it: held back, and never left behind.

The server is this process and what it starts. It waits when two of its processes want one core.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from strongroom.functions.hold import Hold
from strongroom.functions.invocation import Outcome, RunnerUnavailable
from strongroom.functions.need import Need
from strongroom.functions.usage import processes_below
from tests.functions.stand import Stand, error_of

WITHIN_S = 60.0
UNTIL_TOLD = """
import os, time
def handler(event, context):
    for _ in range(2): os.fork()
    while not os.path.exists("/tmp/told"): pass
"""
BURNS_AND_ANSWERS = """
import os, signal, time
def handler(event, context):
    if event == "rest":
        return os.path.getsize("/tmp/ticks")
    if os.fork() == 0:
        while True:
            with open("/tmp/ticks", "a") as file: file.write("x")
    while os.getpriority(os.PRIO_PROCESS, 0) != 19: pass
    stops = 0
    while stops < 3:
        before = time.monotonic()
        stops += time.monotonic() - before > 0.03
    return os.path.getsize("/tmp/ticks")
"""


@contextmanager
def waiting_server() -> Iterator[int]:
    """Have two processes of the server want one core, as long as this lasts; give the id of one."""
    core = min(os.sched_getaffinity(0))
    busy = [
        subprocess.Popen(
            [sys.executable, "-S", "-c", f"import os; os.sched_setaffinity(0, [{core}])\nwhile True: pass"],
            start_new_session=True,
        )
        for _ in range(2)
    ]
    try:
        yield busy[0].pid
    finally:
        for one in busy:
            one.kill()
            one.wait()


@pytest.fixture
def own_stand(tmp_path: Path) -> Iterator[Stand]:
    """Give a runner whose processes nobody else's functions are among."""
    made = Stand(tmp_path / "data")
    yield made
    made.close()


class UnderWay:
    """An invocation under way."""

    def __init__(self, stand: Stand, source: str, **members: object) -> None:
        self.outcome: Outcome | None = None
        self.failed: RunnerUnavailable | None = None
        self._stand = stand
        self._spec = stand.function(source, **members)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.outcome = self._stand.invoke(self._spec)
        except RunnerUnavailable as problem:
            self.failed = problem

    def join(self) -> None:
        """Wait for its end."""
        self._thread.join(WITHIN_S)
        assert not self._thread.is_alive()


def burning(stand: Stand) -> list[int]:
    """List the processes of functions that gave way because they burn."""
    found = []
    for pid in processes_below(stand.runner_pid()):
        try:
            is_function = b"python_start.py" in Path(f"/proc/{pid}/cmdline").read_bytes()
            if is_function and os.getpriority(os.PRIO_PROCESS, pid) == 19:
                found.append(pid)
        except OSError:
            continue
    return found


def until(is_so: Callable[[], object]) -> None:
    """Look until it is so."""
    limit = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < limit


def states(pids: list[int]) -> set[str]:
    """Say what these processes do: ``T`` is stopped, ``R`` runs."""
    return {Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] for pid in pids}


def are_gone(pids: list[int]) -> bool:
    """Whether none of them is left."""
    return not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def started(
    stand: Stand, source: str = UNTIL_TOLD, timeout_s: int = 60, **members: object
) -> tuple[UnderWay, list[int]]:
    """Start a function of four processes that burn, and wait until all of them gave way."""
    stand.run("def handler(event, context): return event")
    under_way = UnderWay(stand, source, timeout_s=timeout_s, **members)
    until(lambda: len(burning(stand)) == 4)
    return under_way, burning(stand)


def test_f02_who_burns_is_held_while_the_server_waits(own_stand: Stand) -> None:
    """All of it is stopped and goes on, in turns; beside a server that waits for nothing it runs freely."""
    _, pids = started(own_stand)
    with waiting_server():
        for _ in range(3):
            until(lambda: states(pids) == {"T"})
            until(lambda: "T" not in states(pids))
    seen_running = 0

    def runs_freely() -> bool:
        nonlocal seen_running
        seen_running = seen_running + 1 if states(pids) == {"R"} else 0
        os.sched_yield()
        return seen_running == 3_000

    quiet = threading.Thread(target=until, args=(runs_freely,))
    quiet.start()
    quiet.join(WITHIN_S)
    assert seen_running == 3_000


def test_f02_who_does_not_burn_is_never_held(own_stand: Stand) -> None:
    """Only what gave way is stopped: a function beside it answers."""
    _, pids = started(own_stand)
    with waiting_server():
        until(lambda: states(pids) == {"T"})
        assert own_stand.run("def handler(event, context): return [event]", 1) == [1]


def test_f02_time_is_over_for_who_is_held(own_stand: Stand) -> None:
    """The timeout is that of the clock on the wall, and ends what is stopped."""
    under_way, pids = started(own_stand, timeout_s=16)
    with waiting_server():
        until(lambda: states(pids) == {"T"})
        under_way.join()
    assert under_way.outcome is not None
    assert error_of(under_way.outcome)["errorType"] == "Sandbox.Timedout"
    assert are_gone(pids)


def test_f02_what_rests_is_not_woken(own_stand: Stand) -> None:
    """What was held when its answer was given stands still until the next invocation, and runs in that one."""
    own_stand.run("def handler(event, context): return event")
    with waiting_server():
        spec = own_stand.function(BURNS_AND_ANSWERS, timeout_s=60)
        before = msgspec.json.decode(own_stand.invoke(spec).payload.reveal())
        left = burning(own_stand)
        assert len(left) == 2
        until(lambda: states(left) == {"T"})  # a signal is heard by who gets to run
        for _ in range(3_000):
            assert states(left) == {"T"}
        after = msgspec.json.decode(own_stand.invoke(spec, "rest").payload.reveal())
    assert 0 < before <= after


@pytest.mark.parametrize("end", ["the runner is killed", "the server stops"])
def test_f01_nothing_that_is_stopped_is_left(tmp_path: Path, end: str) -> None:
    """The end of the runner, and that of the server, are the end of every process that was held."""
    stand = Stand(tmp_path / "data")
    try:
        under_way, pids = started(stand)
        with waiting_server():
            until(lambda: states(pids) == {"T"})
            if end == "the runner is killed":
                os.kill(stand.runner_pid(), signal.SIGKILL)
            else:
                stand.close()
            under_way.join()
            until(lambda: are_gone(pids))
        assert under_way.failed is not None
    finally:
        if end == "the runner is killed":
            stand.close()


class _Group:
    """A process that burns, as something that can be held."""

    is_hungry = True

    def __init__(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-S", "-c", "while True: pass"])

    def hold(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.kill(self.process.pid, signal.SIGCONT)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


class _Broken(_Group):
    """One that cannot be stopped, which is found out when another one is."""

    def __init__(self, other: _Group) -> None:
        super().__init__()
        self._other = other

    def hold(self) -> None:
        until(lambda: states([self._other.process.pid]) == {"T"})
        raise PermissionError


def test_f02_all_go_on_when_holding_one_fails() -> None:
    """A failure ends the hold, not the function: what was stopped already goes on, and is held again later."""
    first = _Group()
    broken = _Broken(first)
    try:
        with waiting_server() as server:
            hold = Hold(Need(server))

            def is_held() -> bool:
                hold.look([first, broken])
                return hold.is_on

            until(is_held)
            until(lambda: not hold.is_on)
            until(lambda: states([first.process.pid]) != {"T"})
    finally:
        first.end()
        broken.end()
