"""Patterns for events that are JSON: ``{ $.a.b = "x*" && ($.n > 5 || $.c IS TRUE) }``.

Rules:
 - A selector goes down by names, ``.name`` or ``['any name']``, and by places, ``[0]``: it finds one member, or none.
 - What is absent is neither equal nor unequal to anything; ``NOT EXISTS`` alone is true of it.
 - Only texts and numbers are compared; truth values and null have ``IS TRUE``, ``IS FALSE`` and ``IS NULL``.
 - An event that is no JSON is never wanted.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from strongroom.filterpattern.errors import MalformedPattern
from strongroom.filterpattern.logic import Condition, parse_logic
from strongroom.filterpattern.reading import Reading
from strongroom.filterpattern.values import Comparison, comparison

_OPERATORS: Final = ("!=", "<=", ">=", "=", "<", ">")
_STATES: Final = {"NULL": None, "TRUE": True, "FALSE": False}
_NOTHING: Final = object()
_PLACE_DIGITS_MOST: Final = 9

Step = str | int
"""A name or a place."""

_decode = msgspec.json.Decoder().decode


class Compared(msgspec.Struct, frozen=True):
    """A member is compared with a value."""

    steps: tuple[Step, ...]
    right: Comparison

    def judge(self, document: Any) -> bool:
        """Whether the member is there and as it should be."""
        value = _select(document, self.steps)
        if isinstance(value, str):
            return self.right.judge_text(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return False
        return self.right.judge_number(value)


class IsState(msgspec.Struct, frozen=True):
    """A member is null, true or false."""

    steps: tuple[Step, ...]
    state: bool | None

    def judge(self, document: Any) -> bool:
        """Whether it is."""
        return _select(document, self.steps) is self.state


class IsAbsent(msgspec.Struct, frozen=True):
    """There is no such member."""

    steps: tuple[Step, ...]

    def judge(self, document: Any) -> bool:
        """Whether the selector finds none."""
        return _select(document, self.steps) is _NOTHING


class Document(msgspec.Struct, frozen=True):
    """A pattern for JSON."""

    condition: Condition[Any]

    def matches(self, message: str) -> bool:
        """Whether an event is wanted."""
        try:
            document = _decode(message)
        except (msgspec.MsgspecError, RecursionError):
            return False
        return self.condition.judge(document)


def parse_document(text: str) -> Document:
    """Read a pattern that begins with a brace.

    Raises:
        MalformedPattern: It is not well formed.
    """
    reading = Reading(text)
    reading.expect("{")
    condition = parse_logic(reading, _parse_condition)
    reading.expect("}")
    reading.skip_spaces()
    if not reading.is_at_end():
        raise MalformedPattern("Invalid filter pattern: something follows the closing brace")
    return Document(condition)


def _parse_condition(reading: Reading) -> Condition[Any]:
    steps = _parse_selector(reading)
    reading.skip_spaces()
    operator = reading.take_any(*_OPERATORS)
    if operator:
        value, is_quoted = reading.value(")}")
        return Compared(steps, comparison(operator, value, is_quoted=is_quoted))
    word = reading.word(" \t\r\n)}&|").upper()
    reading.skip_spaces()
    state = reading.word(" \t\r\n)}&|").upper()
    if word == "IS" and state in _STATES:
        return IsState(steps, _STATES[state])
    if word == "NOT" and state == "EXISTS":
        return IsAbsent(steps)
    raise MalformedPattern("Invalid filter pattern: an operator is missing")


def _parse_selector(reading: Reading) -> tuple[Step, ...]:
    reading.skip_spaces()
    if not reading.take_any("$"):
        raise MalformedPattern("Invalid filter pattern: a selector begins with $")
    steps: list[Step] = []
    while True:
        if reading.take_any("["):
            steps.append(_parse_place(reading))
        elif reading.take_any("."):
            if reading.is_at("["):
                continue
            name = reading.word(" \t\r\n.[]=!<>(){}&|\"'")
            if not name:
                raise MalformedPattern("Invalid filter pattern: a name is missing in a selector")
            steps.append(name)
        else:
            return tuple(steps)


def _parse_place(reading: Reading) -> Step:
    if reading.is_at("'") or reading.is_at('"'):
        step: Step = reading.quoted()
    else:
        digits = reading.word("]")
        if not digits.isascii() or not digits.isdecimal() or len(digits) > _PLACE_DIGITS_MOST:
            raise MalformedPattern("Invalid filter pattern: a place in a list is a number")
        step = int(digits)
    reading.expect("]")
    return step


def _select(document: Any, steps: tuple[Step, ...]) -> Any:
    """Find the member that a selector names."""
    found = document
    for step in steps:
        if isinstance(step, str):
            found = found.get(step, _NOTHING) if isinstance(found, dict) else _NOTHING
        else:
            found = found[step] if isinstance(found, list) and step < len(found) else _NOTHING
    return found
