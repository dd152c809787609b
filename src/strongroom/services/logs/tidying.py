"""What leaves the store of the log service by itself: expired events, and what deleted streams and groups left.

Rules:
 - What is found without a lock is judged again in the transaction that removes it, leaf by leaf, so that requests are
   not delayed.
 - Nothing depends on it: expired events and deleted streams are out of reach before.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.services.logs.batches import remove_batch
from strongroom.services.logs.leaves import (
    BEGINNING,
    Entry,
    Key,
    Leaf,
    drop_entries,
    find_leaf,
    first_leaf,
    remove_leaf,
    walk_up,
)
from strongroom.services.logs.model import LogGroup, LogStream
from strongroom.services.logs.tables import (
    end_due,
    find_group_by_id,
    find_stream_by_id,
    list_stream_ids,
    put_due,
    remove_stream,
    update_group,
    update_stream,
)
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction

AGAIN_AFTER_MS = 3_600_000
"""When a group whose events expire is looked at again: what has expired meanwhile is not shown, but takes room."""
_STREAMS_AT_ONCE = 100


def stale_leaves(rows: Rows, group: LogGroup, now_ms: Instant) -> Iterator[Key]:
    """Give the leaves of a group that hold something to drop."""
    streams: dict[int, LogStream | None] = {}
    for leaf in walk_up(rows, group.group_id, BEGINNING):
        if any(_is_gone(rows, group, streams, entry, now_ms) for entry in leaf.entries):
            yield leaf.start


def tidy_leaf(transaction: Transaction, group_id: int, start: Key, now_ms: Instant) -> None:
    """Drop what has expired, and what belongs to no stream any more, of one leaf."""
    group = find_group_by_id(transaction, group_id)
    leaf = find_leaf(transaction, group_id, start)
    if group is None or leaf is None:
        return
    streams: dict[int, LogStream | None] = {}
    gone = drop_entries(transaction, leaf, lambda entry: _is_gone(transaction, group, streams, entry, now_ms))
    for entry in gone:
        remove_batch(transaction, group_id, entry.seq)
        stream = streams.get(entry.stream_id)
        if stream is not None and stream.attributes.open_seq == entry.seq:
            # Nothing may join a batch that is gone.
            update_stream(transaction, replace(stream, attributes=replace(stream.attributes, open_seq=0)))
    freed = sum(entry.size for entry in gone)
    if freed:
        update_group(transaction, replace(group, stored_bytes=max(0, group.stored_bytes - freed)))


def end_round(transaction: Transaction, group_id: int, now_ms: Instant) -> None:
    """Say when a group is looked at next, unless somebody asked for it meanwhile."""
    group = find_group_by_id(transaction, group_id)
    if group is None:
        return
    expires = group.attributes.retention_days is not None
    end_due(transaction, group_id, now_ms, now_ms + AGAIN_AFTER_MS if expires else None)


def remove_remains(transaction: Transaction, group_id: int) -> bool:
    """Remove a part of what a deleted group left; False when nothing is left."""
    leaf: Leaf | None = first_leaf(transaction, group_id)
    if leaf is not None:
        for entry in leaf.entries:
            remove_batch(transaction, group_id, entry.seq)
        remove_leaf(transaction, leaf)
        return True
    streams = list_stream_ids(transaction, group_id, _STREAMS_AT_ONCE)
    for stream_id in streams:
        remove_stream(transaction, stream_id)
    if not streams:
        put_due(transaction, group_id, None)
    return bool(streams)


def _is_gone(
    rows: Rows, group: LogGroup, streams: dict[int, LogStream | None], entry: Entry, now_ms: Instant
) -> bool:
    if entry.stream_id not in streams:
        streams[entry.stream_id] = find_stream_by_id(rows, entry.stream_id)
    return streams[entry.stream_id] is None or entry.last_ms < group.oldest_ms(now_ms)
