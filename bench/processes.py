"""Processes under measurement: pinned to cores, found with all their children, ended by their ids.

Processor time is what the kernel charged to all processes of a server, in user and system mode
(``/proc/PID/stat``; proc(5)), in steps of 10 ms: a round must last for seconds.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CORES = frozenset(os.sched_getaffinity(0))
"""The cores that we were given; read before this process pins itself to one of them."""
SERVER_CORE = 0
LOAD_CORE = 1
STOP_WITHIN_S = 15.0
# A program that is installed has its modules compiled already; so does ours after the first start.
_NOT_INHERITED = ("PYTHONDONTWRITEBYTECODE",)
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def start(
    command: Sequence[str], cores: Iterable[int], log: IO[bytes], environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a process on some cores; its children stay on them."""
    wanted = set(cores) & CORES or CORES
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env={**inherited, **(environment or {})},
        preexec_fn=lambda: os.sched_setaffinity(0, wanted),  # this process has one thread
    )


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and wait for it.

    Raises:
        subprocess.TimeoutExpired: It did not end when asked; it is killed then.
    """
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            for pid in reversed(family(process.pid)):
                os.kill(pid, signal.SIGKILL)
            process.wait()
            raise


def family(pid: int) -> list[int]:
    """List a process and all that descend from it, in order of their start."""
    members = [pid]
    for member in members:
        for listing in Path(f"/proc/{member}/task").glob("*/children"):
            try:
                members.extend(int(child) for child in listing.read_text().split())
            except (FileNotFoundError, ProcessLookupError):
                continue  # the thread has ended since it was listed
    return members


def processor_seconds(pid: int) -> float:
    """Add up the processor time of a process and of all that descend from it and live."""
    ticks = 0
    for member in family(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended since it was listed, as what a function started does
        ticks += int(fields[11]) + int(fields[12])
    return ticks * _TICK_S


def busy_seconds() -> float:
    """Add up the time that all cores spent on processes, whosoever (``/proc/stat``: user, nice, system)."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return sum(int(ticks) for ticks in fields[1:4]) * _TICK_S


@dataclass(frozen=True)
class Memory:
    """What one process holds in memory, in MB (10^6 bytes).

    Attributes:
        pss_mb: Its own pages, and its share of those that it shares with others (fork, libraries).
        rss_mb: All pages that are mapped, shared ones counted whole.
        private_mb: Pages that only it has.
    """

    pss_mb: float
    rss_mb: float
    private_mb: float


def memory_of(pid: int) -> Memory:
    """Read ``/proc/PID/smaps_rollup``; see proc(5)."""
    kilobytes: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        kilobytes[name] = int(rest.split()[0])
    return Memory(
        pss_mb=kilobytes["Pss"] * 1024 / 1e6,
        rss_mb=kilobytes["Rss"] * 1024 / 1e6,
        private_mb=(kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]) * 1024 / 1e6,
    )
