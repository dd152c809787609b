"""Rows of log groups and log streams, and when groups are to be looked at.

What was logged lies in ``batches.py``, and where it lies in ``leaves.py``.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.services.logs.model import GroupAttributes, LogGroup, LogStream, StreamAttributes
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table, Value
from strongroom.store.transaction import Transaction

GROUPS: Final = Table(
    "log_groups",
    columns=(
        "group_id",
        "account_id",
        "region",
        "name",
        "created_ms",
        "newest_seq",
        "stored_bytes",
        "attributes",
    ),
    key=("group_id",),
    unique=(("account_id", "region", "name"),),
)
STREAMS: Final = Table(
    "log_streams",
    columns=("stream_id", "group_id", "name", "created_ms", "last_ms", "attributes"),
    key=("stream_id",),
    unique=(("group_id", "name"),),
)

BEHIND_ALL_TEXTS: Final = b""
"""SQLite sorts every blob behind every text."""

_LAST_CHARACTER: Final = "\U0010ffff"
_encode = msgspec.msgpack.Encoder().encode
_decode_group = msgspec.msgpack.Decoder(GroupAttributes).decode
_decode_stream = msgspec.msgpack.Decoder(StreamAttributes).decode


def end_of_prefix(prefix: str) -> Value:
    """Give what is behind every text that begins with ``prefix``, and not behind any other that is greater."""
    bare = prefix.rstrip(_LAST_CHARACTER)
    if not bare:
        return BEHIND_ALL_TEXTS
    following = ord(bare[-1]) + 1
    return bare[:-1] + chr(0xE000 if following == 0xD800 else following)  # no text has a lone surrogate


# Groups


def find_group(rows: Rows, account: str, region: str, name: str) -> LogGroup | None:
    """Read a group by its name, or None."""
    row = rows.find_by(GROUPS, ("account_id", "region", "name"), account, region, name)
    return None if row is None else _group_of_row(row)


def find_group_by_id(rows: Rows, group_id: int) -> LogGroup | None:
    """Read a group by our own id, or None."""
    row = rows.find(GROUPS, group_id)
    return None if row is None else _group_of_row(row)


def page_groups(
    rows: Rows, account: str, region: str, first: str, prefix: str, most: int, *, is_after: bool
) -> list[LogGroup]:
    """Read groups in the order of their names.

    Args:
        rows: The store.
        account: Whose.
        region: Where.
        first: The least name; with ``is_after`` the name that the page follows.
        prefix: How the names begin.
        most: How many, at most.
        is_after: Whether ``first`` itself is left out.
    """
    sign = ">" if is_after else ">="
    clause = f"WHERE account_id = ? AND region = ? AND name {sign} ? AND name < ? ORDER BY name LIMIT ?"
    bindings = (account, region, first, end_of_prefix(prefix), most)
    return [_group_of_row(row) for row in rows.select(GROUPS, clause, bindings)]


def insert_group(transaction: Transaction, group: LogGroup) -> None:
    """Add a group."""
    transaction.insert(GROUPS, _row_of_group(group))


def update_group(transaction: Transaction, group: LogGroup) -> None:
    """Replace a group's row."""
    transaction.update(GROUPS, _row_of_group(group))


def remove_group(transaction: Transaction, group: LogGroup, now_ms: Instant) -> None:
    """Remove a group; what it had is out of reach at once and goes in the background."""
    transaction.delete(GROUPS, group.group_id)
    put_due(transaction, group.group_id, now_ms)


def _row_of_group(group: LogGroup) -> Row:
    return (
        group.group_id,
        group.account,
        group.region,
        group.name,
        group.created_ms,
        group.newest_seq,
        group.stored_bytes,
        _encode(group.attributes),
    )


def _group_of_row(row: Any) -> LogGroup:
    group_id, account, region, name, created_ms, newest_seq, stored_bytes, attributes = row
    return LogGroup(
        group_id, account, region, name, created_ms, newest_seq, stored_bytes, _decode_group(attributes)
    )


# Streams


def find_stream(rows: Rows, group_id: int, name: str) -> LogStream | None:
    """Read a stream by its name, or None."""
    row = rows.find_by(STREAMS, ("group_id", "name"), group_id, name)
    return None if row is None else _stream_of_row(row)


def find_stream_by_id(rows: Rows, stream_id: int) -> LogStream | None:
    """Read a stream by our own id, or None."""
    row = rows.find(STREAMS, stream_id)
    return None if row is None else _stream_of_row(row)


def page_streams_by_name(
    rows: Rows, group_id: int, after: str, prefix: str, most: int, *, descends: bool
) -> list[LogStream]:
    """Read streams in the order of their names, from the one that follows ``after``; empty for the first page."""
    place: tuple[Value, ...] = (group_id, prefix, end_of_prefix(prefix))
    clause = "WHERE group_id = ? AND name >= ? AND name < ?"
    if not descends:
        found = rows.select(STREAMS, f"{clause} AND name > ? ORDER BY name LIMIT ?", (*place, after, most))
    else:
        found = rows.select(
            STREAMS,
            f"{clause} AND name < ? ORDER BY name DESC LIMIT ?",
            (*place, after or BEHIND_ALL_TEXTS, most),
        )
    return [_stream_of_row(row) for row in found]


def page_streams_by_time(
    rows: Rows, group_id: int, after: tuple[Instant, str] | None, most: int, *, descends: bool
) -> list[LogStream]:
    """Read streams in the order of their latest events, from the one that follows time and name of ``after``."""
    sign, way = ("<", "DESC") if descends else (">", "ASC")
    order = f"ORDER BY last_ms {way}, name {way} LIMIT ?"
    if after is None:
        return [
            _stream_of_row(row)
            for row in rows.select(STREAMS, f"WHERE group_id = ? {order}", (group_id, most))
        ]
    # Times repeat: streams of the same time first, then those of other times, so that both use the index.
    same = f"WHERE group_id = ? AND last_ms = ? AND name {sign} ? {order}"
    found = rows.select(STREAMS, same, (group_id, *after, most))
    if len(found) < most:
        other = f"WHERE group_id = ? AND last_ms {sign} ? {order}"
        found += rows.select(STREAMS, other, (group_id, after[0], most - len(found)))
    return [_stream_of_row(row) for row in found]


def list_stream_ids(rows: Rows, group_id: int, most: int) -> list[int]:
    """List streams of a group, to remove them."""
    found: list[Any] = rows.column(
        "SELECT stream_id FROM log_streams WHERE group_id = ? LIMIT ?", (group_id, most)
    )
    return found


def insert_stream(transaction: Transaction, stream: LogStream) -> None:
    """Add a stream."""
    transaction.insert(STREAMS, _row_of_stream(stream))


def update_stream(transaction: Transaction, stream: LogStream) -> None:
    """Replace a stream's row."""
    transaction.update(STREAMS, _row_of_stream(stream))


def remove_stream(transaction: Transaction, stream_id: int) -> None:
    """Remove a stream; its batches are out of reach at once."""
    transaction.delete(STREAMS, stream_id)


def _row_of_stream(stream: LogStream) -> Row:
    return (
        stream.stream_id,
        stream.group_id,
        stream.name,
        stream.created_ms,
        stream.last_ms,
        _encode(stream.attributes),
    )


def _stream_of_row(row: Any) -> LogStream:
    stream_id, group_id, name, created_ms, last_ms, attributes = row
    return LogStream(stream_id, group_id, name, created_ms, last_ms, _decode_stream(attributes))


# What is due


def put_due(transaction: Transaction, group_id: int, due_ms: Instant | None) -> None:
    """Say when a group is to be looked at next; None for never."""
    if due_ms is None:
        transaction.run("DELETE FROM log_dues WHERE group_id = ?", (group_id,))
        return
    transaction.run(
        "INSERT INTO log_dues (group_id, due_ms) VALUES (?, ?) "
        "ON CONFLICT (group_id) DO UPDATE SET due_ms = excluded.due_ms",
        (group_id, due_ms),
    )


def end_due(transaction: Transaction, group_id: int, now_ms: Instant, due_ms: Instant | None) -> None:
    """Say when a group that was looked at is looked at next, unless it became due again since ``now_ms``."""
    if due_ms is None:
        transaction.run("DELETE FROM log_dues WHERE group_id = ? AND due_ms < ?", (group_id, now_ms))
        return
    transaction.run(
        "UPDATE log_dues SET due_ms = ? WHERE group_id = ? AND due_ms < ?", (due_ms, group_id, now_ms)
    )


def list_due_groups(rows: Rows, now_ms: Instant, most: int) -> list[int]:
    """List groups that are to be looked at, the longest overdue first."""
    due: list[Any] = rows.column(
        "SELECT group_id FROM log_dues WHERE due_ms < ? ORDER BY due_ms, group_id LIMIT ?", (now_ms, most)
    )
    return due


def with_attributes(group: LogGroup, **changes: Any) -> LogGroup:
    """Give a group with other attributes."""
    return replace(group, attributes=replace(group.attributes, **changes))
