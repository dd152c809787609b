"""What other services may ask of the log service: to keep what a function wrote.

Rules:
 - Group and stream are made with the first line; lines that have expired by the retention of the group are dropped.
 - Whoever appends does it in a change of its own, so that a log that cannot be kept undoes nothing else.

Source: audit reference 5.6, Logs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from strongroom.clock import Instant
from strongroom.crypto.keyring import Keyring
from strongroom.services.logs.appending import append_events
from strongroom.services.logs.groups import make_group, make_stream
from strongroom.services.logs.model import NewEvent
from strongroom.services.logs.tables import find_group, find_stream
from strongroom.store.transaction import Transaction

LINE_MOST_CHARACTERS: Final = 262_144
"""What is longer is cut: the text of one line."""

Line = tuple[Instant, str]
"""When it was written, and its text."""


class LogPlace(msgspec.Struct, frozen=True):
    """Where lines belong.

    Attributes:
        account: Whose.
        region: Where.
        group: For a function ``/aws/lambda/NAME``, unless its configuration names another one.
        stream: For a function ``YYYY/MM/DD/[VERSION]`` and 32 hexadecimal digits.
    """

    account: str
    region: str
    group: str
    stream: str


def append_lines(
    transaction: Transaction, keyring: Keyring, place: LogPlace, lines: Sequence[Line], now_ms: Instant
) -> None:
    """Add lines to a stream, in a transaction that there is; makes group and stream when there are none.

    Args:
        transaction: The change.
        keyring: Seals them.
        place: Where they belong.
        lines: In any order; empty ones are dropped.
        now_ms: When they arrived.
    """
    events = [NewEvent(time_ms, _storable(text)) for time_ms, text in lines if text]
    if not events:
        return
    group = find_group(transaction, place.account, place.region, place.group)
    if group is None:
        group = make_group(transaction, place.account, place.region, place.group, now_ms)
    stream = find_stream(transaction, group.group_id, place.stream)
    if stream is None:
        stream = make_stream(transaction, group, place.stream, now_ms)
    oldest_ms = group.oldest_ms(now_ms)
    kept = sorted((event for event in events if event.time_ms >= oldest_ms), key=lambda event: event.time_ms)
    if kept:
        append_events(transaction, keyring, group, stream, kept, now_ms)


def _storable(text: str) -> str:
    """Cut a text, and put question marks where it has halves of characters: a function may print anything."""
    return text[:LINE_MOST_CHARACTERS].encode("utf-8", "replace").decode()
