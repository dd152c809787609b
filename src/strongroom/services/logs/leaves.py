"""Which batches a group has, by time: a chain of leaves that cannot lose a link unnoticed.

::

    leaf   from (time, seq)  next (time, seq) or none   entries, in order, each from <= (first_ms, seq) < next
    entry  first_ms  seq  last_ms  stream_id  bytes     one batch: the times of its earliest and latest event

Rules:
 - The chain begins at (0, 0). Each leaf says where the next one begins, so the way from one to the next is known from
   verified rows alone: a leaf or a batch that somebody removed is missed (K-03), and none can be slipped in between.
 - The index of the store only hints where to begin; what it says is checked against the chain.
 - A leaf has at most 128 entries (about 4 KB); a full one is cut in two, at its end when what comes is the newest.
 - A batch spans at most five minutes, so whoever looks for what happened from a time on begins five minutes before.

A page of events costs what its leaves and batches cost, however many the group has.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction

ENTRIES_MOST: Final = 128
SPAN_MS: Final = 300_000
"""How far apart the events of one batch may be."""

LEAVES: Final = Table(
    "log_leaves",
    columns=("group_id", "from_ms", "from_seq", "next_ms", "next_seq", "entries"),
    key=("group_id", "from_ms", "from_seq"),
)

Key = tuple[Instant, int]
"""The time of a batch's earliest event, and the number of the batch."""

BEGINNING: Final[Key] = (0, 0)


class Entry(NamedTuple):
    """One batch.

    Attributes:
        first_ms: The time of its earliest event.
        seq: Its number.
        last_ms: The time of its latest event.
        stream_id: The stream that it belongs to.
        size: What its events count.
    """

    first_ms: Instant
    seq: int
    last_ms: Instant
    stream_id: int
    size: int

    @property
    def key(self) -> Key:
        """Its place in the order."""
        return self.first_ms, self.seq


class Leaf(msgspec.Struct, frozen=True):
    """One link of the chain."""

    group_id: int
    start: Key
    following: Key | None
    entries: tuple[Entry, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Entry, ...]).decode
_NEAREST: Final = (
    "WHERE group_id = ? AND from_ms <= ? AND (from_ms < ? OR from_seq <= ?) "
    "ORDER BY from_ms DESC, from_seq DESC LIMIT 1"
)


def find_leaf(rows: Rows, group_id: int, key: Key) -> Leaf | None:
    """Find the leaf into whose range ``key`` falls; None when the group has none yet.

    Raises:
        StoreTampered: A leaf was removed or changed.
    """
    found = rows.select(LEAVES, _NEAREST, (group_id, key[0], key[0], key[1]))
    leaf = _leaf_of_row(found[0]) if found else _read(rows, group_id, BEGINNING)
    if leaf is None:
        return None
    while leaf.following is not None and leaf.following <= key:
        leaf = _follow(rows, leaf)
    return leaf


def walk_up(rows: Rows, group_id: int, key: Key) -> Iterator[Leaf]:
    """Give the leaves from the one that ``key`` falls into, upwards."""
    leaf = find_leaf(rows, group_id, key)
    while leaf is not None:
        yield leaf
        if leaf.following is None:
            return
        leaf = _follow(rows, leaf)


def walk_down(rows: Rows, group_id: int, key: Key) -> Iterator[Leaf]:
    """Give the leaves from the one that ``key`` falls into, downwards."""
    leaf = find_leaf(rows, group_id, key)
    while leaf is not None:
        yield leaf
        if leaf.start == BEGINNING:
            return
        start = leaf.start
        leaf = find_leaf(rows, group_id, _before(start))
        if leaf is None or leaf.following != start:
            raise StoreTampered("the leaves of a log group do not follow one another")


def put_entry(transaction: Transaction, group_id: int, entry: Entry) -> None:
    """Enter a batch, or replace its entry."""
    leaf = find_leaf(transaction, group_id, entry.key)
    if leaf is None:
        _insert(transaction, Leaf(group_id, BEGINNING, None, (entry,)))
        return
    at = bisect_left(leaf.entries, entry.key, key=lambda held: held.key)
    is_there = at < len(leaf.entries) and leaf.entries[at].key == entry.key
    entries = (*leaf.entries[:at], entry, *leaf.entries[at + is_there :])
    if len(entries) <= ENTRIES_MOST:
        _update(transaction, replace(leaf, entries=entries))
        return
    cut = ENTRIES_MOST if at == ENTRIES_MOST and leaf.following is None else len(entries) // 2
    middle = entries[cut].key
    _update(transaction, replace(leaf, entries=entries[:cut], following=middle))
    _insert(transaction, Leaf(group_id, middle, leaf.following, entries[cut:]))


def first_leaf(rows: Rows, group_id: int) -> Leaf | None:
    """Read any leaf that a group has left, the earliest first; for groups that are gone."""
    clause = "WHERE group_id = ? ORDER BY from_ms, from_seq LIMIT 1"
    found = rows.select(LEAVES, clause, (group_id,))
    return _leaf_of_row(found[0]) if found else None


def drop_entries(transaction: Transaction, leaf: Leaf, is_gone: Callable[[Entry], bool]) -> list[Entry]:
    """Take entries out of a leaf, and the leaf out of the chain when nothing is left in it.

    Args:
        transaction: The change.
        leaf: As it was read in this transaction.
        is_gone: Says of an entry whether it goes.

    Returns:
        What was taken out.
    """
    gone = [entry for entry in leaf.entries if is_gone(entry)]
    if not gone:
        return gone
    kept = tuple(entry for entry in leaf.entries if not is_gone(entry))
    if kept or leaf.start == BEGINNING:
        _update(transaction, replace(leaf, entries=kept))
        return gone
    before = find_leaf(transaction, leaf.group_id, _before(leaf.start))
    if before is None or before.following != leaf.start:
        raise StoreTampered("the leaves of a log group do not follow one another")
    _update(transaction, replace(before, following=leaf.following))
    transaction.delete(LEAVES, leaf.group_id, *leaf.start)
    return gone


def remove_leaf(transaction: Transaction, leaf: Leaf) -> None:
    """Remove a leaf of a group that is gone; the chain is given up from its end."""
    transaction.delete(LEAVES, leaf.group_id, *leaf.start)


def _before(key: Key) -> Key:
    return (key[0], key[1] - 1) if key[1] else (key[0] - 1, 1 << 62)


def _follow(rows: Rows, leaf: Leaf) -> Leaf:
    assert leaf.following is not None, "there is a next one"
    following = _read(rows, leaf.group_id, leaf.following)
    if following is None:
        raise StoreTampered("a leaf of a log group is missing")
    return following


def _read(rows: Rows, group_id: int, start: Key) -> Leaf | None:
    row = rows.find(LEAVES, group_id, *start)
    return None if row is None else _leaf_of_row(row)


def _leaf_of_row(row: Any) -> Leaf:
    following = None if row[3] is None else (row[3], row[4])
    return Leaf(row[0], (row[1], row[2]), following, _decode(row[5]))


def _insert(transaction: Transaction, leaf: Leaf) -> None:
    transaction.insert(LEAVES, _row_of(leaf))


def _update(transaction: Transaction, leaf: Leaf) -> None:
    transaction.update(LEAVES, _row_of(leaf))


def _row_of(leaf: Leaf) -> Row:
    following = leaf.following or (None, None)
    return (leaf.group_id, *leaf.start, *following, _encode(leaf.entries))
