"""Making groups and streams, for operations and for what is logged by itself."""

from __future__ import annotations

from strongroom.clock import Instant
from strongroom.ids import new_row_number
from strongroom.services.logs.model import GroupAttributes, LogGroup, LogStream
from strongroom.services.logs.tables import insert_group, insert_stream
from strongroom.store.transaction import Transaction

_PLAIN = GroupAttributes()


def make_group(
    transaction: Transaction,
    account: str,
    region: str,
    name: str,
    now_ms: Instant,
    attributes: GroupAttributes = _PLAIN,
) -> LogGroup:
    """Make a group; the caller has looked whether there is one."""
    group = LogGroup(new_row_number(), account, region, name, now_ms, attributes=attributes)
    insert_group(transaction, group)
    return group


def make_stream(transaction: Transaction, group: LogGroup, name: str, now_ms: Instant) -> LogStream:
    """Make a stream; the caller has looked whether there is one."""
    stream = LogStream(new_row_number(), group.group_id, name, now_ms)
    insert_stream(transaction, stream)
    return stream
