"""Reading events of a group in the order of their times, across streams, in either direction, a page at a time.

Rules:
 - Events are ordered by their time, the time of their arrival, the number of their batch and their place in it: no
   two have the same position, and a page goes on just behind the one that was given out last.
 - Batches overlap in time. They are opened in the order of their earliest events, and an event is given out when no
   batch that is still closed can hold an earlier one (or a later one, downwards: a batch spans at most five minutes).
 - A page looks at a bounded number of batches and events, whatever matches: it may be short, even empty, and still go
   on, as AWS allows. It always gets ahead of where it began.
 - What has expired is not shown, whether it was dropped already or not; neither is what a deleted stream left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush
from typing import Final, NamedTuple

import msgspec

from strongroom.clock import Instant
from strongroom.crypto.keyring import Keyring
from strongroom.services.logs.batches import read_batch
from strongroom.services.logs.leaves import SPAN_MS, Entry, walk_down, walk_up
from strongroom.services.logs.model import EVENT_OVERHEAD_BYTES, PAGE_MOST_BYTES, LogGroup
from strongroom.store.rows import Rows

ENTRIES_LOOKED_AT_MOST: Final = 16_384
BYTES_LOOKED_AT_MOST: Final = 4_194_304
STREAMS_LOOKED_UP_MOST: Final = 2_000
END_MS: Final = 1 << 62


class Position(NamedTuple):
    """Where an event stands in the order; parts of -1 stand before all events of the time."""

    time_ms: Instant
    ingested_ms: Instant = -1
    seq: int = -1
    place: int = -1


class FoundEvent(NamedTuple):
    """An event, and where it stands."""

    position: Position
    stream_id: int
    message: str


class Wanted(msgspec.Struct, frozen=True):
    """Which events of a group.

    Attributes:
        start_ms: The earliest time.
        end_ms: All are earlier than this.
        after: Only events behind this position.
        before: Only events in front of this position.
        descends: Whether the latest come first.
        is_of_stream: Whether the events of a stream are wanted; asked once for each stream.
        matches: Whether an event is wanted.
        most: How many, at most.
    """

    start_ms: Instant
    end_ms: Instant
    after: Position | None
    before: Position | None
    descends: bool
    is_of_stream: Callable[[int], bool]
    matches: Callable[[str], bool]
    most: int


class Page(msgspec.Struct, frozen=True):
    """What was found.

    Attributes:
        events: In the order that was asked for.
        stopped_at: Where the next page goes on: behind it upwards, in front of it downwards. None when there is
            nothing more.
    """

    events: list[FoundEvent]
    stopped_at: Position | None


class _Reading:
    """One page in the making."""

    def __init__(self, rows: Rows, keyring: Keyring, group: LogGroup, wanted: Wanted) -> None:
        self._rows = rows
        self._keyring = keyring
        self._group = group
        self._wanted = wanted
        self._heap: list[tuple[tuple[int, ...], FoundEvent]] = []
        self._streams: dict[int, bool] = {}
        self._entries = 0
        self._bytes = 0
        self._given_bytes = 0
        self.found: list[FoundEvent] = []

    def run(self) -> Page:
        """Read the page."""
        wanted = self._wanted
        for entry in self._candidates():
            edge_ms = entry.first_ms if not wanted.descends else entry.first_ms + SPAN_MS
            if not self._give_out(edge_ms):
                return Page(self.found, self.found[-1].position)
            if self._is_ahead(edge_ms):  # what overlaps the beginning is looked at whatever it costs
                if self._is_spent():
                    return Page(self.found, Position(edge_ms if not wanted.descends else edge_ms + 1))
                self._entries += 1
            if wanted.start_ms <= entry.last_ms and self._is_of_stream(entry.stream_id):
                self._open(entry)
                self._bytes += entry.size if self._is_ahead(edge_ms) else 0
        if not self._give_out(None):
            return Page(self.found, self.found[-1].position)
        return Page(self.found, None)

    def _candidates(self) -> Iterator[Entry]:
        """Give the batches that may hold wanted events: upwards by their beginnings, or downwards."""
        wanted, group_id = self._wanted, self._group.group_id
        low_ms = wanted.start_ms if wanted.after is None else max(wanted.start_ms, wanted.after.time_ms)
        high_ms = wanted.end_ms if wanted.before is None else min(wanted.end_ms, wanted.before.time_ms + 1)
        earliest_ms = max(low_ms - SPAN_MS, 0)
        if not wanted.descends:
            for leaf in walk_up(self._rows, group_id, (earliest_ms, 0)):
                for entry in leaf.entries:
                    if entry.first_ms >= high_ms:
                        return
                    if entry.first_ms >= earliest_ms:
                        yield entry
            return
        for leaf in walk_down(self._rows, group_id, (high_ms, 0)):
            for entry in reversed(leaf.entries):
                if entry.first_ms < earliest_ms:
                    return
                if entry.first_ms < high_ms:
                    yield entry

    def _is_spent(self) -> bool:
        """Whether the page has looked at as much as it may."""
        return (
            self._entries > ENTRIES_LOOKED_AT_MOST
            or self._bytes > BYTES_LOOKED_AT_MOST
            or len(self._streams) > STREAMS_LOOKED_UP_MOST
        )

    def _is_ahead(self, edge_ms: Instant) -> bool:
        """Whether the page got ahead of where it began when it stops at this time."""
        wanted = self._wanted
        if not wanted.descends:
            return wanted.after is None or edge_ms > wanted.after.time_ms
        return wanted.before is None or edge_ms + 1 < wanted.before.time_ms

    def _is_of_stream(self, stream_id: int) -> bool:
        known = self._streams.get(stream_id)
        if known is None:
            known = self._streams[stream_id] = self._wanted.is_of_stream(stream_id)
        return known

    def _open(self, entry: Entry) -> None:
        wanted = self._wanted
        events = read_batch(self._rows, self._keyring, self._group, entry.stream_id, entry.seq)
        for place, event in enumerate(events):
            position = Position(event.time_ms, event.ingested_ms, entry.seq, place)
            if (
                wanted.start_ms <= event.time_ms < wanted.end_ms
                and (wanted.after is None or position > wanted.after)
                and (wanted.before is None or position < wanted.before)
                and wanted.matches(event.message)
            ):
                order = tuple(-part for part in position) if wanted.descends else tuple(position)
                heappush(self._heap, (order, FoundEvent(position, entry.stream_id, event.message)))

    def _give_out(self, edge_ms: Instant | None) -> bool:
        """Give out what stands before the edge, or behind it downwards; False when the page is full before that."""
        wanted = self._wanted
        while self._heap:
            event = self._heap[0][1]
            time_ms = event.position.time_ms
            if edge_ms is not None and (time_ms <= edge_ms if wanted.descends else time_ms >= edge_ms):
                return True
            size = len(event.message.encode()) + EVENT_OVERHEAD_BYTES
            if self.found and (len(self.found) >= wanted.most or self._given_bytes + size > PAGE_MOST_BYTES):
                return False
            self.found.append(event)
            self._given_bytes += size
            heappop(self._heap)
        return True


def read_page(rows: Rows, keyring: Keyring, group: LogGroup, wanted: Wanted) -> Page:
    """Read one page of events.

    Args:
        rows: The store, in one snapshot.
        keyring: Opens batches.
        group: Whose events.
        wanted: Which.

    Raises:
        StoreTampered: A batch, or what says where it is, was changed or removed outside of Strongroom.
    """
    return _Reading(rows, keyring, group, wanted).run()
