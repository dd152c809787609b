"""A clock that is not the machine's: for trying recovery windows and schedules in ``dev`` (``--clock``).

::

    +30d   -1h   +1d12h        the machine's time, moved; units ms s m h d w
    2026-01-01T00:00:00Z       starts there and runs on
    file:PATH                  the file holds one of the two; it is looked at whenever the time is asked for

Rules:
 - A request that arrives after the file was replaced sees the new time: no look is saved up. An instant in the
   file runs from the file's time of change, so that all processes agree on it.
 - Only "now" of the domain moves. The freshness of signatures is judged by the machine's clock (S-07).

What this does not do: move time in ``serve``, which refuses the setting.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from strongroom.clock import Clock, Instant, system_clock
from strongroom.errors import StrongroomError

_UNITS_MS: Final = {
    "ms": 1,
    "s": 1_000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 604_800_000,
}
_STEP: Final = re.compile(r"([0-9]{1,12})(ms|s|m|h|d|w)", re.ASCII)
_OFFSET: Final = re.compile(r"([+-])((?:[0-9]{1,12}(?:ms|s|m|h|d|w))+)", re.ASCII)
_MOST_BYTES: Final = 128
_LATEST_MS: Final = 253_402_300_799_000  # the end of the year 9999: later instants cannot be written


class ClockRefused(StrongroomError):
    """The text or the file does not say how to move the clock."""


def parse_clock(text: str, machine: Clock = system_clock) -> Clock:
    """Make the clock that ``text`` describes; an empty text gives the machine's.

    Raises:
        ClockRefused: It describes none, or its file cannot be read.
    """
    if not text:
        return machine
    if text.startswith("file:"):
        clock = FileClock(Path(text.removeprefix("file:")), machine)
        clock()  # what is wrong now is refused at the start
        return clock
    return _moved(machine, _parse_offset(text, machine()))


class FileClock:
    """Moves the machine's time by what a file says; replace the file whole (write aside, rename).

    While the file is missing or unreadable after the start, the last offset stays in force.
    """

    def __init__(self, path: Path, machine: Clock) -> None:
        self._path = path
        self._machine = machine
        self._seen: tuple[int, int, int] | None = None
        self._offset_ms = 0

    def __call__(self) -> Instant:
        """Give the present instant."""
        try:
            facts = os.stat(self._path)
            seen = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
            if seen != self._seen:
                self._offset_ms = _parse_offset(_read(self._path), facts.st_mtime_ns // 1_000_000)
                self._seen = seen
        except OSError as problem:
            if self._seen is None:
                raise ClockRefused(
                    f"The clock file {self._path} cannot be read: {problem.strerror}."
                ) from problem
        except ClockRefused:
            if self._seen is None:
                raise
        return _bounded(self._machine() + self._offset_ms)


def _read(path: Path) -> str:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES).decode("ascii", "replace").strip()


def _parse_offset(text: str, anchor_ms: Instant) -> int:
    """Say by how many milliseconds to move; an instant is reached at ``anchor_ms``."""
    match = _OFFSET.fullmatch(text)
    if match is not None:
        length = sum(int(number) * _UNITS_MS[unit] for number, unit in _STEP.findall(match[2]))
        return length if match[1] == "+" else -length
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ClockRefused(
            "The clock is moved by an offset such as +30d or -1h, starts at an instant such as "
            "2026-01-01T00:00:00Z, or follows file:PATH, which holds one of the two."
        ) from None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return int(instant.timestamp() * 1000) - anchor_ms


def _moved(machine: Clock, offset_ms: int) -> Callable[[], Instant]:
    return lambda: _bounded(machine() + offset_ms)


def _bounded(instant: Instant) -> Instant:
    return min(max(instant, 0), _LATEST_MS)
