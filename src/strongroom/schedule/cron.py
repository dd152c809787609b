"""``cron(Minutes Hours DayOfMonth Month DayOfWeek Year)`` as Secrets Manager reads it, in UTC.

Rules:
 - Minutes are ``0`` and the year is ``*``: a rotation window opens on the hour.
 - Hours are numbers, ranges and steps, at least four hours apart; steps begin anew each day: ``4/12`` is 04:00 and
   16:00, ``/8`` is 00:00, 08:00 and 16:00.
 - Exactly one of day of month and day of week is ``?``.
 - Days of the week are 1 (Sunday) to 7 or their names. ``L`` is the last day of the month, in the day of week it
   is Saturday; ``6L`` or ``FRIL`` is the last Friday of the month, ``2#1`` the first Monday.
 - An expression that never comes true (``31 2``) is refused.

Source: Secrets Manager reference 5.4.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from datetime import date
from typing import Final

import msgspec

from strongroom.schedule.errors import ExpressionMalformed

HOURS_APART_LEAST: Final = 4
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1
    )
}
_WEEKDAYS: Final = {
    name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)
}
_DAYS_OF_MONTH_MOST: Final = (0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NUMBER: Final = re.compile(r"[0-9]{1,2}", re.ASCII)


class Days(msgspec.Struct, frozen=True):
    """The days that one of the two fields of days selects.

    Attributes:
        numbers: Days of the month, or of the week (1 is Sunday).
        is_last: The last day of the month.
        last_weekdays: Days of the week of which the last in the month is meant.
        nth_weekdays: ``(day of the week, which one in the month)``.
    """

    numbers: frozenset[int] = frozenset()
    is_last: bool = False
    last_weekdays: frozenset[int] = frozenset()
    nth_weekdays: frozenset[tuple[int, int]] = frozenset()


class Cron(msgspec.Struct, frozen=True):
    """A parsed expression.

    Attributes:
        hours: At which windows open, in order.
        months: 1 to 12.
        by_month: Days of the month; None when it is ``?``.
        by_week: Days of the week; None when it is ``?``.
    """

    hours: tuple[int, ...]
    months: frozenset[int]
    by_month: Days | None
    by_week: Days | None

    def opens_on(self, day: date) -> bool:
        """Whether windows open on a day."""
        if day.month not in self.months:
            return False
        days = self.by_month or self.by_week
        assert days is not None, "one of the two is not ?"
        last = _last_day(day)
        weekday = day.isoweekday() % 7 + 1
        if days.is_last and day.day == last:
            return True
        if weekday in days.last_weekdays and day.day > last - 7:
            return True
        if (weekday, (day.day - 1) // 7 + 1) in days.nth_weekdays:
            return True
        return (day.day if self.by_month is not None else weekday) in days.numbers


def parse_cron(fields: list[str]) -> Cron:
    """Read the six fields.

    Raises:
        ExpressionMalformed: They break one of the rules.
    """
    if len(fields) != 6 or fields[0] != "0" or fields[5] != "*":
        raise ExpressionMalformed("six fields, of which the minutes are 0 and the year is *")
    hours = tuple(sorted(_numbers(fields[1], 0, 23, {}, takes_all=False)))
    if any(later - earlier < HOURS_APART_LEAST for earlier, later in itertools.pairwise(hours)):
        raise ExpressionMalformed("windows open at least four hours apart")
    months = _numbers(fields[3], 1, 12, _MONTHS)
    if (fields[2] == "?") == (fields[4] == "?"):
        raise ExpressionMalformed("exactly one of day of month and day of week is ?")
    by_month = None if fields[2] == "?" else _days(fields[2], of_week=False)
    by_week = None if fields[4] == "?" else _days(fields[4], of_week=True)
    if by_month is not None and not _is_possible(by_month, months):
        raise ExpressionMalformed("no month has such a day")
    return Cron(hours, months, by_month, by_week)


def _last_day(day: date) -> int:
    if day.month == 2 and (day.year % 4 or (day.year % 100 == 0 and day.year % 400)):
        return 28
    return _DAYS_OF_MONTH_MOST[day.month]


def _is_possible(days: Days, months: frozenset[int]) -> bool:
    if days.is_last or days.last_weekdays:
        return True
    return any(day <= _DAYS_OF_MONTH_MOST[month] for month in months for day in days.numbers)


def _days(field: str, *, of_week: bool) -> Days:
    numbers: set[int] = set()
    last_weekdays: set[int] = set()
    nth: set[tuple[int, int]] = set()
    is_last = False
    least, most, names = (1, 7, _WEEKDAYS) if of_week else (1, 31, {})
    for part in field.split(","):
        weekday, mark, count = part.partition("#")
        if part == "L":
            if of_week:
                numbers.add(7)
            else:
                is_last = True
        elif part.endswith("L") and (of_week or part[:-1].upper() in _WEEKDAYS):
            last_weekdays.add(_number(part[:-1], 1, 7, _WEEKDAYS))
        elif mark and of_week:
            nth.add((_number(weekday, 1, 7, _WEEKDAYS), _number(count, 1, 5, {})))
        else:
            numbers |= _numbers(part, least, most, names)
    return Days(frozenset(numbers), is_last, frozenset(last_weekdays), frozenset(nth))


def _numbers(
    field: str, least: int, most: int, names: Mapping[str, int], *, takes_all: bool = True
) -> frozenset[int]:
    """Read a list of numbers, ranges and steps."""
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = span.partition("-")
        if (span == "*" and takes_all) or (span == "" and slash):
            start, end = least, most
        elif dash:
            start, end = _number(first, least, most, names), _number(last, least, most, names)
            if end < start:
                raise ExpressionMalformed("a range ends before it begins")
        else:
            start = _number(first, least, most, names)
            end = most if slash else start
        found.update(range(start, end + 1, _number(step, 1, most, {}) if slash else 1))
    return frozenset(found)


def _number(text: str, least: int, most: int, names: Mapping[str, int]) -> int:
    named = names.get(text.upper())
    if named is not None:
        return named
    if _NUMBER.fullmatch(text) is None or not least <= int(text) <= most:
        raise ExpressionMalformed("a number is missing or out of its range")
    return int(text)
