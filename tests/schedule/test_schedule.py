"""Schedules: what is accepted, when windows open and close, and the moment inside of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.clock import DAY_MS, render_iso
from strongroom.schedule.errors import (
    DaysOutOfRange,
    DurationExceedsInterval,
    DurationOutOfRange,
    ExpressionMalformed,
    HoursOutOfRange,
    ScheduleRefused,
    WindowExceedsDay,
)
from strongroom.schedule.rules import Schedule, parse_schedule
from strongroom.schedule.windows import (
    HOUR_MS,
    Window,
    days_between_windows,
    moment_inside,
    next_window,
)
from tests.schedule.oracle import WEEKDAYS, next_opening


def instant(text: str) -> int:
    """Read an instant."""
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def window(
    expression: str | None, changed: str, duration: str | None = None, days: int | None = None
) -> tuple[str, str]:
    """Give the next window as texts."""
    found = next_window(parse_schedule(days, expression, duration), instant(changed))
    assert found is not None
    return render_iso(found.opens_ms), render_iso(found.closes_ms)


def test_days_count_from_the_day_of_the_last_change() -> None:
    """30 days after 3 February, until the last second of 5 March (observed on AWS)."""
    opens, closes = window(None, "2026-02-03T09:30:00Z", days=30)
    assert (opens, closes) == ("2026-03-05T00:00:00Z", "2026-03-06T00:00:00Z")
    found = next_window(Schedule(days=30), instant("2026-02-03T09:30:00Z"))
    assert found is not None
    assert render_iso(found.last_second_ms) == "2026-03-05T23:59:59Z"


def test_the_documented_example_of_cron() -> None:
    """At 16:00 on the first and fifteenth for two hours; 14 days lie between."""
    expression = "cron(0 16 1,15 * ? *)"
    assert window(expression, "2026-03-20T00:00:00Z", "2h") == (
        "2026-04-01T16:00:00Z",
        "2026-04-01T18:00:00Z",
    )
    assert days_between_windows(parse_schedule(None, expression, "2h"), instant("2026-03-20T00:00:00Z")) == 14


@pytest.mark.parametrize(
    ("expression", "changed", "opens", "closes"),
    [
        ("rate(10 days)", "2026-02-25T23:59:59Z", "2026-03-07T00:00:00Z", "2026-03-08T00:00:00Z"),
        ("rate(1 day)", "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"),
        ("rate(6 hours)", "2026-01-01T05:59:59Z", "2026-01-01T06:00:00Z", "2026-01-01T07:00:00Z"),
        ("rate(6 hours)", "2026-01-01T06:00:00Z", "2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"),
        ("cron(0 8 * * ? *)", "2026-01-01T08:00:00Z", "2026-01-02T08:00:00Z", "2026-01-03T00:00:00Z"),
        ("cron(0 4/12 * * ? *)", "2026-01-01T05:00:00Z", "2026-01-01T16:00:00Z", "2026-01-01T17:00:00Z"),
        ("cron(0 /8 * * ? *)", "2026-01-01T17:00:00Z", "2026-01-02T00:00:00Z", "2026-01-02T01:00:00Z"),
        ("cron(0 0 L * ? *)", "2028-02-01T00:00:00Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
        ("cron(0 0 ? * SUNL *)", "2026-05-01T00:00:00Z", "2026-05-31T00:00:00Z", "2026-06-01T00:00:00Z"),
        ("cron(0 0 SUNL * ? *)", "2026-05-01T00:00:00Z", "2026-05-31T00:00:00Z", "2026-06-01T00:00:00Z"),
        ("cron(0 2 ? * 2#1 *)", "2026-06-02T00:00:00Z", "2026-07-06T02:00:00Z", "2026-07-07T00:00:00Z"),
        ("cron(0 0 29 2 ? *)", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z", "2104-03-01T00:00:00Z"),
        ("cron(0 16 ? JAN-MAR MON-FRI *)", "2026-03-31T17:00:00Z", "2027-01-01T16:00:00Z", "2027-01-02T00:00:00Z"),
    ],
)  # fmt: skip
def test_windows_open_and_close(expression: str, changed: str, opens: str, closes: str) -> None:
    """The first one after the change; an hour long when there are several a day, else to the end of the day."""
    assert window(expression, changed) == (opens, closes)


@pytest.mark.parametrize(
    ("expression", "duration", "error"),
    [
        ("rate(3 hours)", None, HoursOutOfRange),
        ("rate(24 hours)", None, HoursOutOfRange),
        ("rate(0 days)", None, DaysOutOfRange),
        ("rate(1000 days)", None, DaysOutOfRange),
        ("rate(5 minutes)", None, ExpressionMalformed),
        ("rate(-1 days)", None, ExpressionMalformed),
        ("", None, ExpressionMalformed),
        ("every day", None, ExpressionMalformed),
        ("cron(0 8 * * ?)", None, ExpressionMalformed),
        ("cron(5 8 * * ? *)", None, ExpressionMalformed),
        ("cron(* 8 * * ? *)", None, ExpressionMalformed),
        ("cron(0 * * * ? *)", None, ExpressionMalformed),
        ("cron(0 /3 * * ? *)", None, ExpressionMalformed),
        ("cron(0 8,10 * * ? *)", None, ExpressionMalformed),
        ("cron(0 24 * * ? *)", None, ExpressionMalformed),
        ("cron(0 8 * * ? 2030)", None, ExpressionMalformed),
        ("cron(0 8 ? * ? *)", None, ExpressionMalformed),
        ("cron(0 8 * * * *)", None, ExpressionMalformed),
        ("cron(0 8 31 2 ? *)", None, ExpressionMalformed),
        ("cron(0 8 0 * ? *)", None, ExpressionMalformed),
        ("cron(0 8 20-10 * ? *)", None, ExpressionMalformed),
        ("cron(0 8 1/0 * ? *)", None, ExpressionMalformed),
        ("cron(0 8 ? * 2#6 *)", None, ExpressionMalformed),
        ("cron(0 8 ? * FOO *)", None, ExpressionMalformed),
        ("cron(0 8 1#2 * ? *)", None, ExpressionMalformed),
        ("rate(6 hours)", "7h", DurationExceedsInterval),
        ("rate(10 days)", "25h", DurationOutOfRange),
        ("rate(10 days)", "0h", DurationOutOfRange),
        ("cron(0 16 * * ? *)", "9h", WindowExceedsDay),
        ("cron(0 8,16 * * ? *)", "9h", DurationExceedsInterval),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_refused(
    expression: str, duration: str | None, error: type[ScheduleRefused]
) -> None:
    """Each rule of the reference has an error of its own."""
    with pytest.raises(error):
        parse_schedule(None, expression, duration)


def test_the_longest_windows_that_fit() -> None:
    """To the end of the day, and no further."""
    assert window("cron(0 16 * * ? *)", "2026-01-01T00:00:00Z", "8h")[1] == "2026-01-02T00:00:00Z"
    assert window("rate(10 days)", "2026-01-01T00:00:00Z", "24h")[1] == "2026-01-12T00:00:00Z"
    assert window("rate(23 hours)", "1970-01-01T23:00:00Z", "23h")[1] == "1970-01-03T00:00:00Z"


def test_there_is_no_window_after_the_end_of_time() -> None:
    """Beyond the year 9999 nothing is scheduled."""
    assert (
        next_window(parse_schedule(None, "cron(0 0 1 1 ? *)", None), instant("9999-06-01T00:00:00Z")) is None
    )


# Against the oracle

STEPS = st.sampled_from(["4/12", "/8", "0/6", "8", "23", "0", "1,5,9", "0-20/5", "2-2"])


def numbers(least: int, most: int, names: list[str] | None = None) -> st.SearchStrategy[str]:
    """Draw a list of numbers, ranges and steps."""
    one = st.integers(least, most).map(str)
    shown = one if names is None else st.one_of(one, st.sampled_from(names))
    pair = st.tuples(st.integers(least, most), st.integers(least, most)).map(
        lambda ends: f"{min(ends)}-{max(ends)}"
    )
    step = st.tuples(st.one_of(shown, pair, st.just("*"), st.just("")), st.integers(1, most)).map(
        lambda parts: f"{parts[0]}/{parts[1]}"
    )
    return st.lists(st.one_of(shown, pair, step), min_size=1, max_size=3).map(",".join)


@st.composite
def crons(draw: st.DrawFn) -> str:
    """Draw an expression; a few of them never come true."""
    hours = draw(STEPS)
    months = draw(st.one_of(st.just("*"), numbers(1, 12)))
    if draw(st.booleans()):
        day = draw(st.one_of(st.just("*"), st.just("L"), st.sampled_from(["SUNL", "FRIL"]), numbers(1, 31)))
        return f"cron(0 {hours} {day} {months} ? *)"
    nth = st.tuples(st.sampled_from([*WEEKDAYS, *"1234567"]), st.integers(1, 5)).map(
        lambda one: f"{one[0]}#{one[1]}"
    )
    last = st.sampled_from([*WEEKDAYS, *"1234567"]).map(lambda day: f"{day}L")
    day = draw(st.one_of(st.just("*"), st.just("L"), nth, last, numbers(1, 7, WEEKDAYS)))
    return f"cron(0 {hours} ? {months} {day} *)"


INSTANTS = st.integers(0, 3_000_000_000).map(lambda second: second * 1000)


@settings(max_examples=60, deadline=None)
@given(st.one_of(crons(), st.integers(4, 23).map(lambda hours: f"rate({hours} hours)")), INSTANTS)
def test_windows_open_when_the_oracle_says(expression: str, changed_ms: int) -> None:
    """The first minute after the change in which a calendar would say so."""
    days = 200
    try:
        found = next_window(parse_schedule(None, expression, None), changed_ms)
    except ExpressionMalformed:
        found = None  # the only drawn ones that are refused never come true
    expected = next_opening(expression, datetime.fromtimestamp(changed_ms // 1000, UTC), days)
    if expected is None:
        assert found is None or found.opens_ms > changed_ms + (days - 1) * DAY_MS
    else:
        assert found is not None
        assert render_iso(found.opens_ms) == expected.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert found.opens_ms < found.closes_ms <= found.opens_ms - found.opens_ms % DAY_MS + DAY_MS


@given(INSTANTS, st.integers(1, 1000))
def test_days_open_at_midnight(changed_ms: int, days: int) -> None:
    """So many calendar days later, whatever the hour of the change."""
    found = next_window(Schedule(days=days), changed_ms)
    assert found is not None
    changed = datetime.fromtimestamp(changed_ms // 1000, UTC).date()
    assert render_iso(found.opens_ms) == f"{changed + timedelta(days=days)}T00:00:00Z"


@given(st.integers(0, 10**12), st.integers(1, 24), st.text(max_size=20))
def test_the_moment_lies_in_the_first_half_and_stays(opens_ms: int, hours: int, name: str) -> None:
    """It depends on the window and the name alone."""
    one = Window(opens_ms, opens_ms + hours * HOUR_MS)
    moment = moment_inside(one, name)
    assert one.opens_ms <= moment < one.opens_ms + hours * HOUR_MS // 2 + 1
    assert moment == moment_inside(Window(one.opens_ms, one.closes_ms), name)


def test_moments_are_spread() -> None:
    """A thousand secrets that are due at once do not all begin at once; more begin early than late."""
    one = Window(0, DAY_MS)
    moments = sorted(moment_inside(one, f"arn:{number}") for number in range(1_000))
    assert len({moment // 60_000 for moment in moments}) > 250
    assert moments[500] < DAY_MS // 4
    assert moments[-1] > DAY_MS // 3
