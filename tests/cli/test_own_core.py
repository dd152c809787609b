"""Workers that stay on a core of their own: which ones, which of their threads, and when not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from strongroom.own_core import OwnCore, core_of_worker
from strongroom.worker_threads import ApartThreads
from tests.support.deployments import make_deployment
from tests.support.server import Server

CORES = sorted(os.sched_getaffinity(0))
PATIENCE_S = 60.0
needs_cores = pytest.mark.skipif(len(CORES) < 2, reason="there is one core: every thread stays on it")


@contextmanager
def serving(place: Path, workers: int, **settings: object) -> Iterator[Server]:
    server = make_deployment(place).server("--workers", str(workers), settings=settings)
    try:
        yield server.start()
    finally:
        server.close()


def cores_of_threads(pid: int) -> list[list[int]]:
    """Read on which cores each thread of a process may run; without those that end meanwhile."""
    found: list[list[int]] = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(ProcessLookupError):
            found.append(sorted(os.sched_getaffinity(int(thread))))
    return found


def held_workers(server: Server) -> dict[int, int]:
    """Give the children whose first thread stays on one core, and which it is; without those that end meanwhile."""
    held: dict[int, int] = {}
    for pid in server.children():
        with contextlib.suppress(ProcessLookupError):
            cores = os.sched_getaffinity(pid)
            if len(cores) == 1:
                held[pid] = cores.pop()
    return held


@pytest.mark.parametrize(
    ("workers", "cores", "expected"),
    [
        (2, {0, 1}, [0, 1]),
        (4, {0, 1}, [0, 1, 0, 1]),
        (2, {7, 3}, [3, 7]),
        (1, {0, 1}, [None]),
        (3, {0, 1}, [None, None, None]),
        (2, {0, 1, 2, 3}, [None, None]),
        (2, {5}, [None, None]),
        (1, set(), [None]),
    ],
)
def test_workers_are_held_where_each_core_gets_as_many(
    workers: int, cores: set[int], expected: list[int | None]
) -> None:
    """Else some cores would rest while workers wait for others."""
    assert [core_of_worker(number, workers, cores) for number in range(workers)] == expected


@needs_cores
def test_each_worker_keeps_its_loop_and_its_flusher_on_one_core(tmp_path: Path) -> None:
    """And nothing else: not the thread that commits, nor those that answer queries or load the program."""
    with serving(tmp_path, len(CORES)) as server:
        assert server.get("/metrics").status == 200
        server.client("secretsmanager").create_secret(Name="one", SecretString="value")
        for _ in range(8 * len(CORES)):  # until each worker has had one, or nearly
            client = server.client("cloudtrail")
            client.lookup_events()
            client.close()
        workers = held_workers(server)
        assert sorted(workers.values()) == CORES
        for pid, core in workers.items():
            threads = cores_of_threads(pid)
            assert threads.count([core]) == 2
            assert threads.count(CORES) == len(threads) - 2
            assert len(threads) >= 5  # those two, and writer, loader, query
        others = [pid for pid in server.children() if pid not in workers]
        assert len(others) == 2
        assert all(cores == CORES for pid in others for cores in cores_of_threads(pid))


@needs_cores
def test_a_worker_that_is_started_anew_comes_back_to_its_core(tmp_path: Path) -> None:
    """The core belongs to the place among the workers, not to the process."""
    with serving(tmp_path, len(CORES)) as server:
        before = held_workers(server)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_S
        while len(after := held_workers(server)) < len(before) or killed in after:
            assert time.monotonic() < deadline, "it was not held again in time"
            time.sleep(0.01)
        assert sorted(after.values()) == CORES
        [new] = set(after) - set(before)
        assert after[new] == before[killed]


@needs_cores
@pytest.mark.parametrize(("workers", "settings"), [(1, {}), (len(CORES), {"pin_workers": "no"})])
def test_workers_are_free_where_cores_would_rest_or_the_operator_says_so(
    tmp_path: Path, workers: int, settings: dict[str, object]
) -> None:
    """The system moves all of their threads."""
    with serving(tmp_path, workers, **settings) as server:
        server.client("secretsmanager").list_secrets()
        assert all(cores == CORES for pid in server.children() for cores in cores_of_threads(pid))


@needs_cores
def test_what_waits_apart_is_not_held_with_the_loop_that_starts_it() -> None:
    """It would wait for its core while another one rests: a function that is called may answer there."""

    async def main() -> set[int]:
        loop = asyncio.get_running_loop()
        own = OwnCore(CORES[-1])
        own.hold(threading.get_native_id())
        assert os.sched_getaffinity(0) == {CORES[-1]}
        answer: asyncio.Future[set[int]] = loop.create_future()
        threads = ApartThreads(loop, own.let_go)
        assert threads.run(lambda: os.sched_getaffinity(0), lambda cores, _: answer.set_result(cores))
        return await answer

    with ThreadPoolExecutor(1) as apart:  # a thread that may be held: nothing else runs on it
        assert apart.submit(asyncio.run, main()).result() == set(CORES)


def test_a_core_that_cannot_be_had_does_not_matter(caplog: pytest.LogCaptureFixture) -> None:
    """It may have been taken from the server since it started: that is logged, and nothing is changed."""
    caplog.set_level(logging.INFO)
    OwnCore(1_000_000).hold(threading.get_native_id())
    assert sorted(os.sched_getaffinity(0)) == CORES
    assert "could not be given its cores" in caplog.text
