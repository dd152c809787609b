"""Servers of other people's, started for tests: where they listen, and what becomes of a test without them."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol, Self, TypeVar

import pytest

START_WITHIN_S: Final = 60.0


class Startable(Protocol):
    """A server that can be started and ended."""

    def start(self) -> Self:
        """Start it."""
        ...

    def close(self) -> None:
        """End it."""
        ...


_Server = TypeVar("_Server", bound=Startable)


def started(make: Callable[[], _Server], missing: type[Exception]) -> Iterator[_Server]:
    """Start a server for a fixture, and end it; where it is missing the test is skipped, which CI does not accept."""
    try:
        server = make()
    except missing as problem:
        pytest.skip(str(problem))
    try:
        yield server.start()
    finally:
        server.close()


def await_start(
    process: subprocess.Popen[bytes],
    answers: Callable[[], bool],
    log_path: Path,
    within_s: float = START_WITHIN_S,
) -> None:
    """Wait until a server answers; one that ends before, or never does, fails the test with what it wrote."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if answers():
            return
        assert process.poll() is None, log_path.read_text()
        time.sleep(0.02)
    raise AssertionError(log_path.read_text())


def free_port() -> int:
    """Find a port of loopback where nobody listens."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
