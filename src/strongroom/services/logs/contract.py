"""What other services may ask of the log service: to keep what a function wrote.

A log that cannot be written never fails what was logged about: ``keep_lines`` raises nothing and tells who counts.

Rules:
 - Group and stream are made with the first line; lines that have expired by the retention of the group are dropped.
 - The lines are a change of their own, behind the change or the read that they tell of: whoever waits for that does
   not wait for them.

Source: audit reference 5.6, Logs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from strongroom.clock import Instant
from strongroom.crypto.keyring import Keyring
from strongroom.services.logs.appending import append_events
from strongroom.services.logs.groups import make_group, make_stream
from strongroom.services.logs.model import NewEvent
from strongroom.services.logs.tables import find_group, find_stream
from strongroom.store.transaction import Transaction
from strongroom.store.writer import Change

log = logging.getLogger(__name__)

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


def keep_lines(
    submit: Callable[[Change], None],
    keyring: Keyring,
    place: LogPlace,
    lines: Sequence[Line],
    now_ms: Instant,
    on_lost: Callable[[], None] = lambda: None,
) -> None:
    """Let the writer add lines, whenever it comes to it; raises nothing.

    Args:
        submit: Lets a change wait for the writer.
        keyring: Seals them.
        place: Where they belong.
        lines: In any order.
        now_ms: When they arrived.
        on_lost: Hears, on any thread, that they could not be kept; counts it.
    """
    try:
        submit(_Lines(keyring, place, lines, now_ms, on_lost))
    except Exception as problem:  # noqa: BLE001 - whatever it is, the run that was logged about stands
        _lose(problem, on_lost)


class _Lines:
    """Lines on their way through the writer."""

    def __init__(
        self,
        keyring: Keyring,
        place: LogPlace,
        lines: Sequence[Line],
        now_ms: Instant,
        on_lost: Callable[[], None],
    ) -> None:
        self._keyring = keyring
        self._place = place
        self._lines = lines
        self._now_ms = now_ms
        self._on_lost = on_lost
        self._is_lost = False

    def perform(self, transaction: Transaction) -> None:
        """Add them."""
        append_lines(transaction, self._keyring, self._place, self._lines, self._now_ms)

    def fail(self, problem: Exception) -> None:
        """Count that they are lost."""
        self._is_lost = True
        _lose(problem, self._on_lost)

    def records(self) -> Sequence[tuple[str, bytes]]:
        """Give no record: what was done is recorded where it was done."""
        return ()

    def settle(self, committed: bool) -> None:
        """Hear whether they are kept."""
        if not committed and not self._is_lost:
            _lose(None, self._on_lost)


def _storable(text: str) -> str:
    """Cut a text, and put question marks where it has halves of characters: a function may print anything."""
    return text[:LINE_MOST_CHARACTERS].encode("utf-8", "replace").decode()


def _lose(problem: Exception | None, on_lost: Callable[[], None]) -> None:
    cause = "the group was not committed" if problem is None else type(problem).__name__
    log.error("the log lines of a function were not kept: %s", cause)
    on_lost()
