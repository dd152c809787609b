"""Time as an argument.

Instants are whole milliseconds since 1970-01-01T00:00:00Z (``int``), named ``..._ms`` or typed
``Instant``. "Now" is read once for each request, from the one clock that the composition root made.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

Instant = int
"""Milliseconds since the epoch, UTC."""

Clock = Callable[[], Instant]
"""Gives the present instant."""

SECOND_MS = 1_000
DAY_MS = 86_400_000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def system_clock() -> Instant:
    """Read the wall clock of the machine."""
    return time.time_ns() // 1_000_000


def render_iso(instant: Instant) -> str:
    """Write an instant as CloudTrail and the query protocol do: ``2026-01-02T03:04:05Z``."""
    return datetime.fromtimestamp(instant // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def render_http_date(instant: Instant) -> str:
    """Write an instant as the headers of HTTP have it: ``Sun, 06 Nov 1994 08:49:37 GMT`` (RFC 9110 section 5.6.7)."""
    moment = datetime.fromtimestamp(instant // 1000, UTC)
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    return f"{day}, {moment.day:02} {month} {moment.year:04} {moment:%H:%M:%S} GMT"


def render_text(instant: Instant) -> str:
    """Write an instant as texts inside CloudTrail parameters have it: ``Aug 10, 2022, 10:38:27 PM``."""
    moment = datetime.fromtimestamp(instant // 1000, UTC)
    return (
        f"{_MONTHS[moment.month - 1]} {moment.day}, {moment.year}, "
        f"{moment.hour % 12 or 12}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}"
    )


def midnight(instant: Instant) -> Instant:
    """Cut an instant to the start of its UTC day."""
    return instant - instant % DAY_MS
