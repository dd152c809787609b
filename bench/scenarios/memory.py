"""Memory of each worker: idle over a large store, and after every secret of it was read, twice.

The caches are bounded by a setting, here its default of 16 MiB: reading everything again must add nothing.

What counts is PSS: a worker's own pages and its share of those that it has in common with its siblings, which is
what it adds to the machine. RSS counts shared pages in every process; it is shown beside it.
"""

from __future__ import annotations

import os

from bench import servers
from bench.filling import new_deployment
from bench.measuring import Plan, Report, measure
from bench.processes import Memory, family, memory_of
from bench.scenarios.reading import check_answer, get_requests
from bench.servers import Server

WORKERS = 2
MOST_MB = 60
CACHE_BYTES = 16_777_216
_CHUNK = 20_000


def run(plan: Plan, report: Report) -> None:
    """Measure idle, after one pass over all secrets, after another."""
    report.title("memory", f"{WORKERS} workers over {plan.memory_secrets:,} secrets")
    deployment = new_deployment(plan.place / "memory", plan.memory_secrets)
    with servers.strongroom(deployment, workers=WORKERS, settings={"cache_bytes": CACHE_BYTES}) as server:
        check_answer(server, 7)
        idle = _workers(server)
        _show(report, server, "idle", idle)
        _read_all(server, plan.memory_secrets)
        first = _workers(server)
        _show(report, server, "after all were read once", first)
        _read_all(server, plan.memory_secrets)
        second = _workers(server)
        _show(report, server, "after all were read twice", second)
    report.at_most("memory: PSS of an idle worker, MB", [worker.pss_mb for worker in idle], MOST_MB)
    report.at_most("memory: PSS after all were read, MB", [worker.pss_mb for worker in second], MOST_MB)
    again = [after.pss_mb / before.pss_mb for after, before in zip(second, first, strict=True)]
    report.at_most("memory: second reading to the first", again, 1.05)


def _workers(server: Server) -> list[Memory]:
    """Read the memory of the workers: the supervisor's first children in its session; the keepers have their own."""
    session = os.getsid(server.pid)
    below = [pid for pid in family(server.pid)[1:] if os.getsid(pid) == session]
    return [memory_of(pid) for pid in below[:WORKERS]]


def _read_all(server: Server, secrets: int) -> None:
    for first in range(0, secrets, _CHUNK):
        requests = get_requests(server, range(first, min(first + _CHUNK, secrets)))
        measure(server, requests, seconds=120, total=len(requests))


def _show(report: Report, server: Server, when: str, workers: list[Memory]) -> None:
    each = "; ".join(
        f"PSS {memory.pss_mb:.1f} MB, RSS {memory.rss_mb:.1f}, private {memory.private_mb:.1f}"
        for memory in workers
    )
    everything = sum(memory_of(pid).pss_mb for pid in family(server.pid))
    report.note(f"{when}: {each}; all processes PSS {everything:.1f} MB")
