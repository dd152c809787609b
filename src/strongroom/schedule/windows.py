"""The window that follows an instant, and the moment inside of it at which a secret is rotated.

Rules (reference 5.4, 5.5):
 - Without a duration a window of an hourly schedule is one hour long; any other ends with its UTC day. None runs into
   the next UTC day.
 - Windows are found from the last change of the value. What was missed is not made up for several times.
 - What missed its window is made up for in the next one. A schedule by days says nothing about which day it is: its
   hours of the next day that has some left will do, and nobody waits for months because of one bad night.
 - The moment inside a window is drawn by hashing, not by chance: all processes agree on it, and a restart does not
   move it. It lies in the first half, more often near the beginning, so that there is time to try again.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final

import msgspec

from strongroom.clock import DAY_MS, Instant, midnight
from strongroom.schedule.rules import Schedule

HOUR_MS: Final = 3_600_000
_LOOK_AHEAD_DAYS: Final = 366 * 9
"""29 February comes again within eight years, even around the year 2100."""


class Window(msgspec.Struct, frozen=True):
    """One rotation window: from ``opens_ms``, and before ``closes_ms``."""

    opens_ms: Instant
    closes_ms: Instant

    @property
    def last_second_ms(self) -> Instant:
        """Give the last second inside of it, which ``NextRotationDate`` shows."""
        return self.closes_ms - 1_000


def next_window(schedule: Schedule, changed_ms: Instant) -> Window | None:
    """Find the first window that opens after an instant.

    Args:
        schedule: When windows open.
        changed_ms: The last change of the value.

    Returns:
        The window; None when it would lie beyond the year 9999.
    """
    opens_ms = _next_opening(schedule, changed_ms)
    return None if opens_ms is None else _window_at(schedule, opens_ms)


def make_up_window(schedule: Schedule, from_ms: Instant) -> Window | None:
    """Find the window in which a rotation that missed its own is made up for.

    Args:
        schedule: When windows open.
        from_ms: The window is open then, or opens later.

    Returns:
        The window; None when it would lie beyond the year 9999.
    """
    if schedule.days is None:
        return next_window(schedule, from_ms)
    today = _window_at(schedule, midnight(from_ms))
    return today if from_ms < today.closes_ms else _window_at(schedule, midnight(from_ms) + DAY_MS)


def moment_inside(window: Window, name: str) -> Instant:
    """Choose when, inside a window, the thing called ``name`` has its turn."""
    digest = sha256(f"{window.opens_ms}:{name}".encode()).digest()
    fraction = int.from_bytes(digest[:6], "big") / (1 << 48)
    return window.opens_ms + int((window.closes_ms - window.opens_ms) / 2 * fraction * fraction)


def days_between_windows(schedule: Schedule, changed_ms: Instant) -> int | None:
    """Give the whole days between the next two windows, as ``AutomaticallyAfterDays`` shows them.

    Returns:
        None when it is less than a day.
    """
    first = next_window(schedule, changed_ms)
    second = next_window(schedule, first.opens_ms) if first is not None else None
    if first is None or second is None:
        return None
    return (second.opens_ms - first.opens_ms) // DAY_MS or None


def _window_at(schedule: Schedule, opens_ms: Instant) -> Window:
    end_of_day_ms = midnight(opens_ms) + DAY_MS
    hours = schedule.duration_hours or (1 if schedule.is_hourly else 24)
    return Window(opens_ms, min(opens_ms + hours * HOUR_MS, end_of_day_ms))


def _next_opening(schedule: Schedule, after_ms: Instant) -> Instant | None:
    if schedule.days is not None:
        return midnight(after_ms) + schedule.days * DAY_MS
    if schedule.hours is not None:
        step_ms = schedule.hours * HOUR_MS
        return (after_ms // step_ms + 1) * step_ms
    assert schedule.cron is not None
    day = datetime.fromtimestamp(midnight(after_ms) // 1000, UTC).date()
    for _ in range(_LOOK_AHEAD_DAYS):
        if schedule.cron.opens_on(day):
            for hour in schedule.cron.hours:
                opens_ms = _midnight_of(day) + hour * HOUR_MS
                if opens_ms > after_ms:
                    return opens_ms
        if day == date.max:
            return None
        day += timedelta(days=1)
    return None


def _midnight_of(day: date) -> Instant:
    return (day - date(1970, 1, 1)).days * DAY_MS
