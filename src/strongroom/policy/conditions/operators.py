"""The table of condition operators, and how an operator's name is read.

``[ForAllValues:|ForAnyValue:]Name[IfExists]``; Null takes neither prefix nor suffix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum

import msgspec

from strongroom.policy.conditions import arn, binary, boolean, date, ip_address, null, numeric, string
from strongroom.policy.conditions.judgement import Matcher

CompileValues = Callable[[Sequence[str], bool], Matcher]
"""Makes a matcher of the policy's values; the flag says whether variables count."""


class SetOperator(Enum):
    """How a list in the request is taken together."""

    ALL = "ForAllValues"
    ANY = "ForAnyValue"


class Family(msgspec.Struct, frozen=True):
    """One name of the table: a comparison, and whether its outcome is turned around."""

    compile_values: CompileValues
    is_negated: bool = False


OPERATORS: dict[str, Family] = {
    "StringEquals": Family(string.equals),
    "StringNotEquals": Family(string.equals, is_negated=True),
    "StringEqualsIgnoreCase": Family(string.equals_ignore_case),
    "StringNotEqualsIgnoreCase": Family(string.equals_ignore_case, is_negated=True),
    "StringLike": Family(string.like),
    "StringNotLike": Family(string.like, is_negated=True),
    "NumericEquals": Family(numeric.equals),
    "NumericNotEquals": Family(numeric.equals, is_negated=True),
    "NumericLessThan": Family(numeric.less_than),
    "NumericLessThanEquals": Family(numeric.less_than_equals),
    "NumericGreaterThan": Family(numeric.greater_than),
    "NumericGreaterThanEquals": Family(numeric.greater_than_equals),
    "DateEquals": Family(date.equals),
    "DateNotEquals": Family(date.equals, is_negated=True),
    "DateLessThan": Family(date.less_than),
    "DateLessThanEquals": Family(date.less_than_equals),
    "DateGreaterThan": Family(date.greater_than),
    "DateGreaterThanEquals": Family(date.greater_than_equals),
    "Bool": Family(boolean.equals),
    "BinaryEquals": Family(binary.equals),
    "IpAddress": Family(ip_address.within),
    "NotIpAddress": Family(ip_address.within, is_negated=True),
    "ArnEquals": Family(arn.like),
    "ArnNotEquals": Family(arn.like, is_negated=True),
    "ArnLike": Family(arn.like),
    "ArnNotLike": Family(arn.like, is_negated=True),
    "Null": Family(null.absent),
}
"""Every operator by its name without prefix and suffix."""


class Operator(msgspec.Struct, frozen=True):
    """An operator as it is written in a policy.

    Attributes:
        name: Without prefix and suffix.
        family: Its line of the table.
        set_operator: The prefix; None for none.
        if_exists: Whether the suffix is there: an absent key then passes.
    """

    name: str
    family: Family
    set_operator: SetOperator | None
    if_exists: bool


def find_operator(text: str) -> Operator | None:
    """Read an operator's name; None when there is no such operator."""
    prefix, colon, name = text.rpartition(":")
    set_operator: SetOperator | None = None
    if colon:
        if prefix not in ("ForAllValues", "ForAnyValue"):
            return None
        set_operator = SetOperator(prefix)
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    family = OPERATORS.get(name)
    if family is None or (name == "Null" and (if_exists or set_operator is not None)):
        return None
    return Operator(name, family, set_operator, if_exists)
