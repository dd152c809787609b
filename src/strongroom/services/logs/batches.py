"""Batches: the events of one stream that lie close together, sealed as one.

Rules:
 - What was logged may hold anything that a function printed: it is sealed like a secret value, under a key of its own
   for each batch, and bound to account, group, stream and number (K-02). The row around it carries its code.
 - Events stand in the order of arrival, so that a number within a batch stays the event's own; small batches are
   extended, not replaced by others.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from strongroom.clock import Instant
from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import open_record, seal_record
from strongroom.services.logs.model import EVENT_OVERHEAD_BYTES, LogGroup
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Table
from strongroom.store.transaction import Transaction

BATCHES: Final = Table(
    "log_batches", columns=("group_id", "seq", "stream_id", "sealed"), key=("group_id", "seq")
)


class StoredEvent(NamedTuple):
    """One event as it lies in its batch."""

    time_ms: Instant
    ingested_ms: Instant
    message: str

    @property
    def size(self) -> int:
        """What it counts, as AWS counts it."""
        return len(self.message.encode()) + EVENT_OVERHEAD_BYTES


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[StoredEvent]).decode


def insert_batch(
    transaction: Transaction,
    keyring: Keyring,
    group: LogGroup,
    stream_id: int,
    seq: int,
    events: list[StoredEvent],
) -> None:
    """Add a batch."""
    sealed = _seal(keyring, group, stream_id, seq, events)
    transaction.insert(BATCHES, (group.group_id, seq, stream_id, sealed))


def update_batch(
    transaction: Transaction,
    keyring: Keyring,
    group: LogGroup,
    stream_id: int,
    seq: int,
    events: list[StoredEvent],
) -> None:
    """Replace what a batch holds."""
    sealed = _seal(keyring, group, stream_id, seq, events)
    transaction.update(BATCHES, (group.group_id, seq, stream_id, sealed))


def read_batch(rows: Rows, keyring: Keyring, group: LogGroup, stream_id: int, seq: int) -> list[StoredEvent]:
    """Read the events of a batch that the chain of leaves names.

    Raises:
        StoreTampered: It was removed, changed, put back, or belongs elsewhere.
    """
    row: Any = rows.find(BATCHES, group.group_id, seq)
    if row is None or row[2] != stream_id:
        raise StoreTampered("a batch of log events is not the one that its group names")
    opened = open_record(keyring, RecordType.LOG_EVENTS, row[3], *_place(group, stream_id, seq))
    return _decode(opened.reveal())


def remove_batch(transaction: Transaction, group_id: int, seq: int) -> None:
    """Remove a batch."""
    transaction.delete(BATCHES, group_id, seq)


def _seal(keyring: Keyring, group: LogGroup, stream_id: int, seq: int, events: list[StoredEvent]) -> bytes:
    content = Plaintext(_encode(events))
    return bytes(seal_record(keyring, RecordType.LOG_EVENTS, content, *_place(group, stream_id, seq)))


def _place(group: LogGroup, stream_id: int, seq: int) -> tuple[str | bytes, ...]:
    numbers = (group.group_id, stream_id, seq)
    return (group.account, *(number.to_bytes(8, "big") for number in numbers))
