"""DateEquals, DateLessThan, ... and DateNotEquals.

Rules:
 - A date is ISO 8601 as W3C profiles it, any tail left off, or whole seconds since 1970 as digits alone.
 - No offset means UTC. The value of the request is on the left.
 - A text that is no date, on either side, cannot be evaluated. (AWS refuses such a policy when it is stored.)

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Date
and https://www.w3.org/TR/NOTE-datetime
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from strongroom.patterns import pattern_of
from strongroom.policy.conditions.judgement import Judgement, Matcher, any_of
from strongroom.policy.question import Question

if TYPE_CHECKING:
    from fractions import Fraction

_SECONDS = pattern_of(r"[+-]?[0-9]{1,19}", re.ASCII)
# AWS takes years of fewer than four digits and a bare T ("01T", recorded).
_DATE = pattern_of(
    r"(?P<year>[0-9]{1,4})(?:-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?)?"
    r"(?:T(?:(?P<hour>[0-9]{2})(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})"
    r"(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?)?"
    r"(?:Z|(?P<sign>[+-])(?P<offset_hours>[0-9]{2}):?(?P<offset_minutes>[0-9]{2}))?)?",
    re.ASCII,
)
_INT64 = 1 << 63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_date(text: str) -> Fraction | None:
    """Read a date as seconds since 1970-01-01T00:00:00Z; None when the text is no date."""
    from fractions import Fraction  # few policies name dates, and every start would wait for it

    if _SECONDS.fullmatch(text):
        seconds = int(text)
        return Fraction(seconds) if -_INT64 <= seconds < _INT64 else None
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    part = match.groupdict()
    try:
        moment = datetime(
            int(part["year"]),
            int(part["month"] or 1),
            int(part["day"] or 1),
            int(part["hour"] or 0),
            int(part["minute"] or 0),
            int(part["second"] or 0),
            tzinfo=UTC,
        )
    except ValueError:  # a 13th month, a 30th of February, the year 0
        return None
    elapsed = moment - _EPOCH
    seconds_of_moment = Fraction(elapsed.days * 86_400 + elapsed.seconds)
    if part["fraction"]:
        seconds_of_moment += Fraction(int(part["fraction"]), 10 ** len(part["fraction"]))
    if part["sign"]:
        offset = timedelta(hours=int(part["offset_hours"]), minutes=int(part["offset_minutes"]))
        shift = Fraction(offset.days * 86_400 + offset.seconds)
        seconds_of_moment += shift if part["sign"] == "-" else -shift
    return seconds_of_moment


def comparing(holds: Callable[[Fraction, Fraction], bool]) -> Callable[[Sequence[str], bool], Matcher]:
    """Make the family's compile function for one comparison."""

    def compile_values(values: Sequence[str], _variables: bool) -> Matcher:
        limits = tuple(parse_date(value) for value in values)

        def judge(left: Fraction | None, right: Fraction | None) -> Judgement:
            return None if left is None or right is None else holds(left, right)

        def matches(value: str, _question: Question) -> Judgement:
            moment = parse_date(value)
            return any_of(judge(moment, limit) for limit in limits)

        return matches

    return compile_values


equals = comparing(operator.eq)
less_than = comparing(operator.lt)
less_than_equals = comparing(operator.le)
greater_than = comparing(operator.gt)
greater_than_equals = comparing(operator.ge)
