"""Adding events to a stream: cut into batches, sealed, and entered by time.

Rules:
 - A batch has at most 64 KiB and spans at most five minutes. Events that arrive in small portions join the newest
   batch of their stream while that is smaller than 8 KiB, so that an event a call does not become a row an event.
 - Batch, entry, stream and group are changed in the one transaction of the caller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.crypto.keyring import Keyring
from strongroom.services.logs.batches import StoredEvent, insert_batch, read_batch, update_batch
from strongroom.services.logs.leaves import SPAN_MS, Entry, put_entry
from strongroom.services.logs.model import LogGroup, LogStream, NewEvent
from strongroom.services.logs.tables import update_group, update_stream
from strongroom.store.transaction import Transaction

BATCH_MOST_BYTES: Final = 65_536
EXTENDED_MOST_BYTES: Final = 8_192


def append_events(
    transaction: Transaction,
    keyring: Keyring,
    group: LogGroup,
    stream: LogStream,
    events: Sequence[NewEvent],
    now_ms: Instant,
) -> None:
    """Add events to a stream.

    Args:
        transaction: The change.
        keyring: Seals them.
        group: As it was read in this transaction.
        stream: As it was read in this transaction.
        events: At least one, by time.
        now_ms: When they arrived.
    """
    stored = [StoredEvent(event.time_ms, now_ms, event.message) for event in events]
    attributes = replace(
        stream.attributes,
        first_ms=min(stored[0].time_ms, stream.attributes.first_ms)
        if stream.has_events
        else stored[0].time_ms,
        ingested_ms=now_ms,
    )
    seq = group.newest_seq
    open_seq, open_from_ms = attributes.open_seq, attributes.open_from_ms
    added = 0
    for batch in _cut(stored):
        size = sum(event.size for event in batch)
        added += size
        held: list[StoredEvent] = []
        if open_seq and _fits(batch, open_from_ms):
            held = read_batch(transaction, keyring, group, stream.stream_id, open_seq)
            held_size = sum(event.size for event in held)
            if held_size + size > EXTENDED_MOST_BYTES:
                held = []
        if held:
            whole = held + batch
            update_batch(transaction, keyring, group, stream.stream_id, open_seq, whole)
            _enter(transaction, group, stream, open_seq, whole)
            continue
        seq += 1
        insert_batch(transaction, keyring, group, stream.stream_id, seq, batch)
        _enter(transaction, group, stream, seq, batch)
        open_seq, open_from_ms = seq, batch[0].time_ms
    attributes = replace(attributes, open_seq=open_seq, open_from_ms=open_from_ms)
    last_ms = max(stream.last_ms, stored[-1].time_ms)
    update_stream(transaction, replace(stream, last_ms=last_ms, attributes=attributes))
    update_group(transaction, replace(group, newest_seq=seq, stored_bytes=group.stored_bytes + added))


def _fits(batch: Sequence[StoredEvent], open_from_ms: Instant) -> bool:
    """Whether a batch that began at ``open_from_ms`` may take these too: it keeps its beginning, and its span."""
    return open_from_ms <= batch[0].time_ms and batch[-1].time_ms <= open_from_ms + SPAN_MS


def _enter(
    transaction: Transaction, group: LogGroup, stream: LogStream, seq: int, events: Sequence[StoredEvent]
) -> None:
    times = [event.time_ms for event in events]
    size = sum(event.size for event in events)
    put_entry(transaction, group.group_id, Entry(min(times), seq, max(times), stream.stream_id, size))


def _cut(events: Sequence[StoredEvent]) -> Iterator[list[StoredEvent]]:
    """Cut events, which are in order, into batches."""
    batch: list[StoredEvent] = []
    size = 0
    for event in events:
        if batch and (size + event.size > BATCH_MOST_BYTES or event.time_ms > batch[0].time_ms + SPAN_MS):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event.size
    if batch:
        yield batch
