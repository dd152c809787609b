"""What a process and all below it use: memory and processor time, read from ``/proc``.

A function decides how many processes there are, and the runner looks at them ten times a second beside the server.
So each is looked at once, and by few system calls: 2 to 3 ms for 64 processes, where a walk for each number
took 8 to 11.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Final, NamedTuple

from strongroom.functions.procfs import children_of, read

_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PAGE_MB: Final = os.sysconf("SC_PAGE_SIZE") / 1_048_576


class Usage(NamedTuple):
    """What processes use together.

    Attributes:
        resident_mb: Memory; pages that they share are counted as often as they are shared.
        processor_s: Of those that live, and of those that ended and were waited for.
        faulted_mb: What they were given so far, in faults of a page each.
        pids: Which they are.
    """

    resident_mb: float
    processor_s: float
    faulted_mb: float
    pids: tuple[int, ...]

    def grown_mb(self, before: Usage) -> float | None:
        """Give how much more memory they may have than before, at most; None when that cannot be known.

        A page that was shared and is written to costs a fault and adds nothing to ``resident_mb``. The faults of a
        process that ended are lost.
        """
        if self.pids != before.pids:
            return None
        return max(0.0, self.resident_mb - before.resident_mb) + self.faulted_mb - before.faulted_mb


def processes_below(pid: int) -> Iterator[int]:
    """Give a process and all below it.

    The children of each are read after it was given: what is done to it before the next one is taken is done before
    another child can inherit from it.
    """
    waiting = [pid] if pid else []
    for one in waiting:
        yield one
        with contextlib.suppress(OSError):  # it ended
            waiting.extend(children_of(one))


def usage_of(pid: int) -> Usage:
    """Add up what a process and all below it use."""
    pages = ticks = faults = 0
    pids = []
    for one in processes_below(pid):
        try:
            pages += int(read(f"/proc/{one}/statm").split(None, 2)[1])
            facts = read(f"/proc/{one}/stat")
        except OSError:
            continue
        numbers = list(map(int, facts[facts.rindex(b")") + 4 :].split(None, 14)[:14]))
        faults += sum(numbers[6:10])
        ticks += sum(numbers[10:14])
        pids.append(one)
    return Usage(pages * _PAGE_MB, ticks / _TICKS, faults * _PAGE_MB, tuple(pids))


def shared_fairly_mb(pid: int) -> float:
    """Add up their memory with pages that they share counted once; slower."""
    total = 0
    for one in processes_below(pid):
        try:
            for line in read(f"/proc/{one}/smaps_rollup").splitlines():
                if line.startswith(b"Pss:"):
                    total += int(line.split()[1])
        except OSError:
            continue
    return total / 1_024
