"""Patterns for events of words between spaces: ``[ip, user, ..., code = 4* || code = 5*, bytes > 1000]``.

Rules:
 - Every word of the event has a field. Three dots are any number of words; they may stand once.
 - What stands in double quotes or in brackets is one word, without them.
 - A condition names its own field, or no name: ``[a = 1]``, ``[= 1]``.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from strongroom.filterpattern.errors import MalformedPattern
from strongroom.filterpattern.logic import Condition, parse_logic
from strongroom.filterpattern.reading import Reading
from strongroom.filterpattern.values import Comparison, comparison

_OPERATORS: Final = ("!=", "<=", ">=", "=", "<", ">")
_DOTS: Final = "..."
_WORD: Final = re.compile(r"\S")
_SPACE: Final = re.compile(r"\s")
_CLOSING: Final = {'"': '"', "[": "]"}


class Compared(msgspec.Struct, frozen=True):
    """The word is compared with a value."""

    right: Comparison

    def judge(self, word: str) -> bool:
        """Whether it is as it should be."""
        return self.right.judge_text(word)


class AnyWord(msgspec.Struct, frozen=True):
    """The word may be any."""

    def judge(self, _word: str) -> bool:
        """Say yes."""
        return True


class Words(msgspec.Struct, frozen=True):
    """A pattern for words.

    Attributes:
        before: The fields in front of the dots, or all.
        after: The fields behind the dots.
        has_dots: Whether there are dots.
    """

    before: tuple[Condition[str], ...]
    after: tuple[Condition[str], ...]
    has_dots: bool

    def matches(self, message: str) -> bool:
        """Whether an event is wanted."""
        words = split_words(message)
        fields = len(self.before) + len(self.after)
        if len(words) < fields or (len(words) > fields and not self.has_dots):
            return False
        last = words[len(words) - len(self.after) :]
        return all(field.judge(word) for field, word in zip(self.before, words, strict=False)) and all(
            field.judge(word) for field, word in zip(self.after, last, strict=True)
        )


def parse_words(text: str) -> Words:
    """Read a pattern that begins with a bracket.

    Raises:
        MalformedPattern: It is not well formed.
    """
    reading = Reading(text)
    reading.expect("[")
    fields: list[Condition[str]] = []
    dots: int | None = None
    while True:
        reading.skip_spaces()
        if reading.take_any(_DOTS):
            if dots is not None:
                raise MalformedPattern("Invalid filter pattern: ... stands more than once")
            dots = len(fields)
        else:
            fields.append(_parse_field(reading))
        reading.skip_spaces()
        if not reading.take_any(","):
            break
    reading.expect("]")
    reading.skip_spaces()
    if not reading.is_at_end():
        raise MalformedPattern("Invalid filter pattern: something follows the closing bracket")
    cut = len(fields) if dots is None else dots
    return Words(tuple(fields[:cut]), tuple(fields[cut:]), dots is not None)


def split_words(message: str) -> list[str]:
    """Cut an event into its words."""
    words: list[str] = []
    unclosed: set[str] = set()  # what is not closed once is closed nowhere behind it
    at = 0
    while (start := _WORD.search(message, at)) is not None:
        begin = start.start()
        closing = _CLOSING.get(message[begin])
        if closing is not None and closing not in unclosed:
            found = message.find(closing, begin + 1)
            if found >= 0:
                words.append(message[begin + 1 : found])
                at = found + 1
                continue
            unclosed.add(closing)
        space = _SPACE.search(message, begin)
        at = len(message) if space is None else space.start()
        words.append(message[begin:at])
    return words


def _parse_field(reading: Reading) -> Condition[str]:
    begin = reading.mark()
    name = _parse_name(reading)
    reading.skip_spaces()
    if name and (reading.is_at(",") or reading.is_at("]")):
        return AnyWord()
    reading.back_to(begin)
    names: set[str] = set()

    def parse_condition(inner: Reading) -> Condition[str]:
        own = _parse_name(inner)
        if own:
            names.add(own)
        return _parse_comparison(inner)

    condition = parse_logic(reading, parse_condition)
    if len(names) > 1:
        raise MalformedPattern("Invalid filter pattern: the conditions of a field name different fields")
    return condition


def _parse_name(reading: Reading) -> str:
    reading.skip_spaces()
    return reading.word(" \t\r\n,[]=!<>(){}&|\"'").strip()


def _parse_comparison(reading: Reading) -> Condition[str]:
    reading.skip_spaces()
    operator = reading.take_any(*_OPERATORS)
    if not operator:
        raise MalformedPattern("Invalid filter pattern: an operator is missing")
    value, is_quoted = reading.value(",])")
    return Compared(comparison(operator, value, is_quoted=is_quoted))
