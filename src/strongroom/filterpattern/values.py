"""What a part of an event is compared with: texts with stars, and numbers.

Rules:
 - A value in quotes is a text. A bare value that is written as a number is a number for numbers, a text for texts.
 - Texts are compared whole; a star is any run of characters, also none.
 - The parts between stars are looked for from left to right, each once: nothing is tried again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Final

import msgspec

from strongroom.filterpattern.errors import MalformedPattern

NUMBER: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", re.ASCII)
"""How numbers are written."""

Number = int | float
_ORDERS: Final[Mapping[str, Callable[[Number, Number], bool]]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Starred(msgspec.Struct, frozen=True):
    """A text in which stars may stand.

    Attributes:
        parts: What stands between the stars; one part when there is none.
    """

    parts: tuple[str, ...]

    def matches(self, text: str) -> bool:
        """Whether the whole of ``text`` matches."""
        first, *middle = self.parts
        if not middle:
            return text == first
        last = middle.pop()
        if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
            return False
        at, end = len(first), len(text) - len(last)
        for part in middle:
            found = text.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


class Comparison(msgspec.Struct, frozen=True):
    """An operator and what stands to the right of it.

    Attributes:
        operator: ``=``, ``!=``, ``<``, ``<=``, ``>`` or ``>=``.
        text: To compare texts with.
        number: To compare numbers with; None when the value is none.
    """

    operator: str
    text: Starred
    number: Number | None

    def judge_text(self, text: str) -> bool:
        """Whether a text is as it should be; a text that is written as a number has an order too."""
        if self.operator in _ORDERS:
            value = parse_number(text)
            return value is not None and self.judge_number(value)
        return self.text.matches(text) == (self.operator == "=")

    def judge_number(self, value: Number) -> bool:
        """Whether a number is as it should be."""
        if self.operator in _ORDERS:
            assert self.number is not None, "the pattern was checked"
            return _ORDERS[self.operator](value, self.number)
        is_equal = self.text.matches(str(value)) if self.number is None else value == self.number
        return is_equal == (self.operator == "=")


def comparison(operator: str, value: str, *, is_quoted: bool) -> Comparison:
    """Make a comparison of an operator and a value as it was written.

    Raises:
        MalformedPattern: The operator compares numbers and the value is none, or the value is an expression.
    """
    if not is_quoted and len(value) > 1 and value.startswith("%") and value.endswith("%"):
        raise MalformedPattern("Regular expressions in filter patterns are not supported by Strongroom")
    number = None if is_quoted else parse_number(value)
    if operator in _ORDERS and number is None:
        raise MalformedPattern(f"The operator {operator} compares numbers only")
    return Comparison(operator, Starred(tuple(value.split("*"))), number)


def parse_number(text: str) -> Number | None:
    """Read a number; None when the text is none."""
    if NUMBER.fullmatch(text) is None:
        return None
    try:
        return int(text)
    except ValueError:  # a fraction, an exponent, or more digits than are read
        return float(text)
