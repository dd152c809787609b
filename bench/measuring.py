"""Rounds of load, and what is said about them: medians, spread, ratios, bars.

Rules:
 - What is compared is measured in turn, round by round (A B A B ...), so that a machine that gets slower or
   faster meanwhile does the same to both.
 - A ratio is the median of the rounds' ratios; each round's two sides lie seconds apart.
 - A round with any answer but 200 is no measurement: the benchmark ends with an error.
"""

from __future__ import annotations

import json
import math
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from bench import processes
from bench.generator import load_command, write_requests
from bench.processes import LOAD_CORE
from bench.servers import Server, ServerFailed

CONNECTIONS: Final = 64
NOT_QUIET: Final = 0.10
"""From this share of the machine on, other processes are named in the report: they sway what is measured."""


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        place: A directory for the stores, on the disk that is measured.
        rounds: Repetitions of each side.
        seconds: How long one round sends requests.
        stored: Secrets that both servers hold in the scenario ``get``.
        secrets: Secrets in the large store of the scenario ``flat``.
        memory_secrets: Secrets in the store of the scenario ``memory``.
        rotations: Rotations that are due at once in the scenario ``rotation``.
        attacks: How many of the hostile functions the scenario ``functions`` runs.
    """

    place: Path
    rounds: int = 5
    seconds: float = 3.0
    stored: int = 10_000
    secrets: int = 1_000_000
    memory_secrets: int = 100_000
    rotations: int = 1_000
    attacks: int = 4


@dataclass(frozen=True)
class Load:
    """What one round measured.

    Attributes:
        per_second: Answers a second.
        p50_ms, p99_ms, longest_ms: Latencies.
        cpu_us: Processor time of all processes of the server, for each answer.
        load_us: Processor time of the load generator, for each answer.
        others: What share of all cores went to processes that are not measured.
        requests: Answers.
        seconds: How long it took.
    """

    per_second: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    cpu_us: float
    load_us: float
    others: float
    requests: int
    seconds: float


class _Result(msgspec.Struct):
    requests: int
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    load_us: float
    seconds_of_load: float
    statuses: dict[str, int]
    lost: int


def measure(
    server: Server,
    requests: Sequence[bytes],
    *,
    seconds: float,
    total: int | None = None,
    connections: int = CONNECTIONS,
    cores: Iterable[int] = (LOAD_CORE,),
) -> Load:
    """Replay requests against a server from a process of its own.

    Args:
        server: The server.
        requests: Whole requests; replayed round and round unless ``total`` is given.
        seconds: How long to send, at most.
        total: How many to send, at most.
        connections: How many at once.
        cores: Where the load generator runs.

    Raises:
        ServerFailed: An answer was no success, or was lost.
    """
    with tempfile.NamedTemporaryFile(suffix=".requests") as file, tempfile.TemporaryFile() as output:
        write_requests(file, requests)
        command = load_command(server.port, Path(file.name), connections, seconds, total)
        busy = processes.busy_seconds()
        spent = server.processor_seconds()
        began = time.perf_counter()
        process = processes.start(command, cores, output)
        try:
            status = process.wait(seconds + 120)
        except subprocess.TimeoutExpired:
            processes.stop(process)
            raise
        spent = server.processor_seconds() - spent
        busy = processes.busy_seconds() - busy
        elapsed = time.perf_counter() - began
        output.seek(0)
        said = output.read()
    if status != 0:
        raise ServerFailed(f"the load on {server.name} failed: {said.decode(errors='replace')[-1_000:]}")
    result = msgspec.convert(json.loads(said), _Result)
    if set(result.statuses) != {"200"} or result.lost:
        raise ServerFailed(f"{server.name} answered {result.statuses}; {result.lost} answers were lost")
    return Load(
        per_second=result.per_second,
        p50_ms=result.p50_ms,
        p99_ms=result.p99_ms,
        longest_ms=result.longest_ms,
        cpu_us=spent / result.requests * 1e6,
        load_us=result.load_us,
        others=max(0.0, busy - spent - result.seconds_of_load) / (elapsed * len(processes.CORES)),
        requests=result.requests,
        seconds=result.seconds,
    )


def interleave(rounds: int, *sides: Callable[[], Load]) -> list[list[Load]]:
    """Measure all sides in turn, ``rounds`` times; return the rounds of each side. Sides warm up themselves."""
    measured: list[list[Load]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, results in zip(sides, measured, strict=True):
            results.append(side())
    return measured


@dataclass
class Report:
    """What was found, printed as it comes.

    Attributes:
        missed: The bars that were missed.
        results: Every compared number by the name of its bar.
    """

    missed: list[str] = field(default_factory=list)
    results: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)

    def elapsed(self) -> float:
        """Give the seconds since the report began."""
        return time.perf_counter() - self.began

    def title(self, name: str, text: str) -> None:
        """Begin a scenario."""
        self._print(f"\n{name}: {text}   [{self.elapsed():.0f} s]")

    def note(self, text: str) -> None:
        """Say something by the way."""
        self._print(f"    {text}")

    def load(self, name: str, rounds: Sequence[Load]) -> None:
        """Print one side: medians, and in parentheses the least and the greatest."""
        rate = spread([load.per_second for load in rounds], "{:,.0f}")
        cpu = spread([load.cpu_us for load in rounds], "{:,.0f}")
        p50 = statistics.median(load.p50_ms for load in rounds)
        p99 = spread([load.p99_ms for load in rounds], "{:,.1f}")
        client = statistics.median(load.load_us for load in rounds)
        self._print(
            f"    {name:<28} {rate} requests/s; {cpu} us CPU a request (load generator {client:.0f});"
            f" p50 {p50:.1f} ms, p99 {p99} ms"
        )
        others = statistics.median(load.others for load in rounds)
        if others > NOT_QUIET:
            self._print(f"    {'':<28} NOT QUIET: other processes took {others:.0%} of the machine meanwhile")

    def at_least(self, name: str, ratios: Sequence[float], bar: float) -> None:
        """Judge the median of ``ratios``: not below ``bar``."""
        self._judge(name, ratios, bar, "at least", statistics.median(ratios) >= bar)

    def at_most(self, name: str, ratios: Sequence[float], bar: float) -> None:
        """Judge the median of ``ratios``: not above ``bar``."""
        self._judge(name, ratios, bar, "at most", statistics.median(ratios) <= bar)

    def conclude(self) -> int:
        """Say which bars were missed; return the exit status: 1 when there is any."""
        if not self.missed:
            self._print(f"\nall {len(self.results)} bars met   [{self.elapsed():.0f} s]")
            return 0
        self._print(f"\n{len(self.missed)} of {len(self.results)} bars missed   [{self.elapsed():.0f} s]")
        for name in self.missed:
            self._print(f"  {name}")
        return 1

    def _judge(self, name: str, ratios: Sequence[float], bar: float, side: str, is_met: bool) -> None:
        self.results[name] = statistics.median(ratios)
        if not is_met:
            self.missed.append(name)
        verdict = "ok    " if is_met else "MISSED"
        self._print(f"  {verdict} {name}: {spread(ratios, '{:.3g}')}, {side} {bar:.3g}")

    def _print(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def spread(numbers: Sequence[float], form: str) -> str:
    """Write the median, and the least and the greatest in parentheses."""
    ordered = sorted(numbers)
    middle = form.format(statistics.median(ordered))
    return f"{middle} ({form.format(ordered[0])} to {form.format(ordered[-1])})"


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Divide round by round."""
    return [a / b if b else math.inf for a, b in zip(above, below, strict=True)]
