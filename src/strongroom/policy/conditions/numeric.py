"""NumericEquals, NumericLessThan, ... and NumericNotEquals.

Rules:
 - Numbers compare as decimals, never as floats: 0.1 is 0.1, and 2^63 is not 2^63 + 1.
 - The value of the request is on the left: ``NumericLessThan: {k: 5}`` says request < 5.
 - A text that is no number, on either side, cannot be evaluated.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Numeric
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from strongroom.patterns import pattern_of
from strongroom.policy.conditions.judgement import Judgement, Matcher, any_of
from strongroom.policy.question import Question

# ASCII digits only (int() and Decimal() take full-width ones and underscores: threat model J-03). The
# exponent is short, because nobody needs more.
_NUMBER = pattern_of(
    r"[+-]?(?:[0-9]{1,64}(?:\.[0-9]{0,64})?|\.[0-9]{1,64})(?:[eE][+-]?[0-9]{1,3})?", re.ASCII
)

Comparison = Callable[[Decimal, Decimal], bool]


def parse_number(text: str) -> Decimal | None:
    """Read a decimal number; None when the text is none."""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def comparing(holds: Comparison) -> Callable[[Sequence[str], bool], Matcher]:
    """Make the family's compile function for one comparison."""

    def compile_values(values: Sequence[str], _variables: bool) -> Matcher:
        limits = tuple(parse_number(value) for value in values)

        def judge(left: Decimal | None, right: Decimal | None) -> Judgement:
            return None if left is None or right is None else holds(left, right)

        def matches(value: str, _question: Question) -> Judgement:
            number = parse_number(value)
            return any_of(judge(number, limit) for limit in limits)

        return matches

    return compile_values


equals = comparing(operator.eq)
less_than = comparing(operator.lt)
less_than_equals = comparing(operator.le)
greater_than = comparing(operator.gt)
greater_than_equals = comparing(operator.ge)
