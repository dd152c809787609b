"""From what a caller sends to a ``Schedule``.

``rate(n unit)``: 4 to 23 hours or 1 to 999 days; the unit is ``hour``, ``hours``, ``day`` or ``days``. Windows of a
rate in days open at 00:00 UTC; those of a rate in hours on the hour, counted from a midnight (that of 1970-01-01),
so that rates that divide the day open at the same hours every day.

Source: Secrets Manager reference 5.4; its error texts are in 5.3.
"""

from __future__ import annotations

import itertools
import re
from typing import Final

import msgspec

from strongroom.schedule.cron import Cron, parse_cron
from strongroom.schedule.errors import (
    DaysOutOfRange,
    DurationExceedsInterval,
    DurationOutOfRange,
    ExpressionMalformed,
    HoursOutOfRange,
    WindowExceedsDay,
)

_RATE: Final = re.compile(r"rate\( *([0-9]{1,9}) +(hours?|days?) *\)", re.ASCII)
_CRON: Final = re.compile(r"cron\(([^()]*)\)", re.ASCII)
_DURATION: Final = re.compile(r"([0-9]+)h", re.ASCII)


class Schedule(msgspec.Struct, frozen=True):
    """When windows open, and for how long; exactly one of ``days``, ``hours`` and ``cron`` is set.

    Attributes:
        days: A window opens at 00:00 UTC, so many days after the day of the last change of the value.
        hours: A window opens every so many hours.
        cron: A window opens when the expression says so.
        duration_hours: The length of a window; None for the default.
    """

    days: int | None = None
    hours: int | None = None
    cron: Cron | None = None
    duration_hours: int | None = None

    @property
    def is_hourly(self) -> bool:
        """Whether several windows may open on one day."""
        return self.hours is not None or (self.cron is not None and len(self.cron.hours) > 1)


def parse_schedule(days: int | None, expression: str | None, duration: str | None) -> Schedule:
    """Read the rules of a rotation; at most one of ``days`` and ``expression`` is given, and one at least.

    Args:
        days: ``AutomaticallyAfterDays``, 1 to 1000 (checked at the edge).
        expression: ``ScheduleExpression``.
        duration: ``Duration``, for example ``3h``.

    Raises:
        ScheduleRefused: A rule is broken.
    """
    schedule = Schedule(days=days) if expression is None else _parse_expression(expression)
    if duration is None:
        return schedule
    hours = _parse_duration(duration)
    _check_duration(schedule, hours)
    return msgspec.structs.replace(schedule, duration_hours=hours)


def _parse_expression(expression: str) -> Schedule:
    rate = _RATE.fullmatch(expression)
    if rate is not None:
        number = int(rate[1])
        if rate[2].startswith("hour"):
            if not 4 <= number < 24:
                raise HoursOutOfRange("4 to 23 hours")
            return Schedule(hours=number)
        if not 0 < number < 1000:
            raise DaysOutOfRange("1 to 999 days")
        return Schedule(days=number)
    cron = _CRON.fullmatch(expression)
    if cron is None:
        raise ExpressionMalformed("neither rate() nor cron()")
    return Schedule(cron=parse_cron(cron[1].split()))


def _parse_duration(duration: str) -> int:
    found = _DURATION.fullmatch(duration)
    if found is None or not 1 <= int(found[1]) <= 24:
        raise DurationOutOfRange("1 to 24 hours")
    return int(found[1])


def _check_duration(schedule: Schedule, hours: int) -> None:
    if schedule.hours is not None and hours > schedule.hours:
        raise DurationExceedsInterval("longer than the rate")
    if schedule.cron is None:
        return
    openings = schedule.cron.hours
    if any(later - earlier < hours for earlier, later in itertools.pairwise(openings)):
        raise DurationExceedsInterval("longer than the time between two windows")
    if openings[-1] + hours > 24:
        raise WindowExceedsDay("begins too late in the day")
