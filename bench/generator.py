"""The load generator ``load.c``, compiled when it is first needed.

It is in C because it shares the machine with what it measures: two system calls a request are all of it, 13 to 17 us.
The same in Python took 23 to 30.
"""

from __future__ import annotations

import atexit
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import IO, Final

_SOURCE: Final = Path(__file__).with_name("load.c")
_UNBOUNDED: Final = (1 << 64) - 1


class NoCompiler(Exception):
    """There is no C compiler, or it refuses the load generator."""


@cache
def load_generator() -> Path:
    """Compile the load generator for this run of the benchmark.

    Raises:
        NoCompiler: It cannot be compiled; the message says why.
    """
    place = Path(tempfile.mkdtemp(prefix="strongroom-load-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    program = place / "load"
    command = ["cc", "-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-o", str(program), str(_SOURCE)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise NoCompiler("The load generator needs a C compiler, for example: apt-get install gcc") from None
    if done.returncode != 0:
        raise NoCompiler(f"The load generator could not be compiled: {done.stderr[-1_000:]}")
    return program


def load_command(port: int, requests: Path, connections: int, seconds: float, total: int | None) -> list[str]:
    """Give the command that replays requests.

    Args:
        port: Of the server, on 127.0.0.1.
        requests: What ``write_requests`` wrote.
        connections: How many at once.
        seconds: How long to send, at most.
        total: How many to send, at most; None for no limit.
    """
    limits = [str(connections), str(seconds), str(_UNBOUNDED if total is None else total)]
    return [str(load_generator()), str(port), str(requests), *limits]


def write_requests(file: IO[bytes], requests: Iterable[bytes]) -> None:
    """Write whole requests as the load generator reads them."""
    for request in requests:
        file.write(len(request).to_bytes(4, "little") + request)
    file.flush()
