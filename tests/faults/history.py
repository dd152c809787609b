"""Is a recorded history of reads and writes one that a single register could have shown?

Every value is written once, so the question has an exact and cheap answer (Gibbons and Korach, "Testing shared
memories", SIAM J. Comput. 26, 1997, section 4). A value's *cluster* is its write and the reads that saw it. The
cluster's *zone* is the time between the earliest end and the latest start of its operations: a *forward* zone
when the end comes first (the register certainly held the value throughout), a *backward* zone otherwise. The
history is linearizable exactly when

1. no read ends before the write of its value starts, and every value read was written,
2. no two forward zones overlap,
3. no backward zone lies inside a forward zone.

A write without an answer may have happened at any time after it started, or never; a read without an answer says
nothing and is not recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Step:
    """One operation of one client.

    Attributes:
        kind: ``write`` or ``read``.
        value: What was written or seen; unique to its write.
        start: When the request began to be sent.
        end: When the answer was there; infinite for a write without one.
    """

    kind: str
    value: str
    start: float
    end: float = math.inf


def contradictions(steps: Iterable[Step]) -> list[str]:
    """Say in sentences why no single register could have shown this; nothing when one could."""
    writes: dict[str, Step] = {}
    reads: dict[str, list[Step]] = {}
    for step in steps:
        if step.kind == "write":
            assert step.value not in writes, "values are written once"
            writes[step.value] = step
        else:
            reads.setdefault(step.value, []).append(step)
    found = [f"{value} was read and never written" for value in reads if value not in writes]
    forward: list[tuple[float, float, str]] = []
    backward: list[tuple[float, float, str]] = []
    for value, write in writes.items():
        cluster = [write, *reads.get(value, ())]
        if any(step.end < write.start for step in cluster):
            found.append(f"{value} was read before it was written")
        first_end = min(step.end for step in cluster)
        last_start = max(step.start for step in cluster)
        if first_end < last_start:
            forward.append((first_end, last_start, value))
        elif first_end < math.inf:  # a write that nobody answered and nobody saw may not have happened
            backward.append((last_start, first_end, value))
    forward.sort()
    for (_, end, value), (start, _, other) in pairwise(forward):
        if start < end:
            found.append(f"{value} was seen again after {other} was there")
    for start, end, value in backward:
        for held, released, other in forward:
            if held < start and end < released:
                found.append(f"{value} was written while {other} stayed")
    return found
