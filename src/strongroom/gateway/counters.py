"""What the metrics count, in memory that all workers share.

A scrape reaches one worker; it adds up the pages of all. Each process writes only its own page, so nothing
has to be locked. Names, ARNs and accounts are never part of a metric (X-02).

The bytes: for each process a page of ``CELLS_MOST`` numbers of 8 bytes, which takes memory only where it is used.
A name's place is its place in the list that every process declares: the processes agree because the list is the same.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

_CELL: Final = struct.Struct("<Q")
CELLS_MOST: Final = 16_384


class SharedCounters:
    """Counters with fixed names, one page for each process.

    Args:
        processes: How many pages.
    """

    def __init__(self, processes: int) -> None:
        self._cells: dict[tuple[str, tuple[str, ...]], int] = {}
        self._page_bytes = CELLS_MOST * _CELL.size
        self._processes = processes
        self._memory = mmap.mmap(-1, self._page_bytes * processes)
        self._page = 0

    @property
    def is_declared(self) -> bool:
        """Whether the counters have their names; before, none may be used."""
        return bool(self._cells)

    def declare(self, names: Sequence[tuple[str, tuple[str, ...]]]) -> None:
        """Name the counters, ``(metric, labels)`` of each; the same in every process."""
        assert len(names) <= CELLS_MOST, "more counters than the shared memory holds"
        self._cells = {name: position for position, name in enumerate(names)}

    def use_page(self, number: int) -> None:
        """Write to the page of this process from now on."""
        self._page = number * self._page_bytes

    def add(self, metric: str, labels: tuple[str, ...] = (), amount: int = 1) -> None:
        """Add to a counter; a name that was not declared is a mistake of the programmer."""
        offset = self._page + self._cells[metric, labels] * _CELL.size
        _CELL.pack_into(self._memory, offset, _CELL.unpack_from(self._memory, offset)[0] + amount)

    def set(self, metric: str, labels: tuple[str, ...], value: int) -> None:
        """Set this process's share of a gauge, or the running total of a counter."""
        _CELL.pack_into(self._memory, self._page + self._cells[metric, labels] * _CELL.size, value)

    def totals(self) -> dict[tuple[str, tuple[str, ...]], int]:
        """Add up all processes."""
        return {
            name: sum(
                _CELL.unpack_from(self._memory, page * self._page_bytes + position * _CELL.size)[0]
                for page in range(self._processes)
            )
            for name, position in self._cells.items()
        }


class _Totals:
    """Gives the totals to prometheus_client."""

    def __init__(
        self, counters: SharedCounters, meanings: Mapping[str, tuple[str, str, tuple[str, ...]]]
    ) -> None:
        self._counters = counters
        self._meanings = meanings

    def collect(self) -> Iterable[CounterMetricFamily | GaugeMetricFamily]:
        """Yield one family for each metric."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for (metric, labels), value in self._counters.totals().items():
            kind, meaning, label_names = self._meanings[metric]
            family = families.get(metric)
            if family is None:
                make = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
                family = families[metric] = make(metric, meaning, labels=label_names)
            if value or not labels:
                family.add_metric(labels, value)
        return families.values()


def render_metrics(
    counters: SharedCounters, meanings: Mapping[str, tuple[str, str, tuple[str, ...]]]
) -> bytes:
    """Write all totals in Prometheus's text format.

    Args:
        counters: The counters.
        meanings: By metric: ``counter`` or ``gauge``, a sentence, the names of its labels.
    """
    # Imported at the first scrape: it takes a tenth of the time to start (docs/explanation/performance.md).
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Totals(counters, meanings))
    return generate_latest(registry)
