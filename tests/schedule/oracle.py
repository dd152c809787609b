"""A second, slow reading of schedules: minute by minute, field by field, as a person would check a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]


def opens(expression: str, minute: datetime) -> bool:
    """Whether a window opens in this minute."""
    kind, _, inside = expression.partition("(")
    inside = inside.rstrip(")")
    if kind == "rate":
        number, unit = inside.split()
        assert unit.startswith("hour"), "rates in days depend on the last change"
        hours = int((minute - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(hours=1))
        return minute.minute == 0 and hours % int(number) == 0
    minutes, hours_field, of_month, months, of_week, _year = inside.split()
    if str(minute.minute) != minutes or not _in(hours_field, minute.hour, 0, 23, []):
        return False
    if not _in(months, minute.month, 1, 12, MONTHS):
        return False
    if of_week == "?":
        return any(_day_of_month(part, minute) for part in of_month.split(","))
    return any(_day_of_week(part, minute) for part in of_week.split(","))


def next_opening(expression: str, after: datetime, days: int) -> datetime | None:
    """Walk through the minutes after an instant; None when none opens within so many days."""
    minute = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    for _ in range(days * 1440):
        if minute.minute == 0 and opens(
            expression, minute
        ):  # the one short cut: all windows open on the hour
            return minute
        minute += timedelta(minutes=1)
    return None


def _day_of_month(part: str, minute: datetime) -> bool:
    if part == "L":
        return (minute + timedelta(days=1)).day == 1
    if part.endswith("L"):
        return WEEKDAYS[_weekday(minute) - 1] == part[:-1] and _is_last_of_its_weekday(minute)
    return _in(part, minute.day, 1, 31, [])


def _day_of_week(part: str, minute: datetime) -> bool:
    weekday = _weekday(minute)
    if part == "L":
        return weekday == 7
    if part.endswith("L"):
        return _in(part[:-1], weekday, 1, 7, WEEKDAYS) and _is_last_of_its_weekday(minute)
    if "#" in part:
        name, _, nth = part.partition("#")
        count = sum(1 for day in range(1, minute.day + 1) if _weekday(minute.replace(day=day)) == weekday)
        return _in(name, weekday, 1, 7, WEEKDAYS) and count == int(nth)
    return _in(part, weekday, 1, 7, WEEKDAYS)


def _weekday(minute: datetime) -> int:
    return minute.isoweekday() % 7 + 1


def _is_last_of_its_weekday(minute: datetime) -> bool:
    return (minute + timedelta(days=7)).month != minute.month


def _in(field: str, number: int, least: int, most: int, names: list[str]) -> bool:
    for part in field.split(","):
        span, slash, step = part.partition("/")
        if span in ("*", ""):
            low, high = least, most
        elif "-" in span:
            low, high = (_value(end, names) for end in span.split("-"))
        else:
            low = _value(span, names)
            high = most if slash else low
        if low <= number <= high and (number - low) % int(step or 1) == 0:
            return True
    return False


def _value(text: str, names: list[str]) -> int:
    return names.index(text.upper()) + 1 if text.upper() in names else int(text)
