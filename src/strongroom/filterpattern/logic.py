"""Conditions that are joined by ``&&`` and ``||``, with parentheses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

import msgspec

from strongroom.filterpattern.errors import MalformedPattern
from strongroom.filterpattern.reading import Reading

NESTED_MOST: Final = 30

Subject = TypeVar("Subject")
_Subject = TypeVar("_Subject", contravariant=True)


class Condition(Protocol[_Subject]):
    """Something that is true of an event, or not."""

    def judge(self, subject: _Subject, /) -> bool:
        """Whether it is true."""
        ...


class Every(msgspec.Struct, Generic[Subject], frozen=True):
    """All conditions are true."""

    conditions: tuple[Condition[Subject], ...]

    def judge(self, subject: Subject) -> bool:
        """Whether they are."""
        return all(condition.judge(subject) for condition in self.conditions)


class Some(msgspec.Struct, Generic[Subject], frozen=True):
    """One condition at least is true."""

    conditions: tuple[Condition[Subject], ...]

    def judge(self, subject: Subject) -> bool:
        """Whether one is."""
        return any(condition.judge(subject) for condition in self.conditions)


def parse_logic(
    reading: Reading, parse_condition: Callable[[Reading], Condition[Subject]], depth: int = 0
) -> Condition[Subject]:
    """Read conditions; ``&&`` binds more than ``||``.

    Raises:
        MalformedPattern: They are not well formed, or nest deeper than 30 times.
    """
    alternatives: list[Condition[Subject]] = []
    while True:
        together = [_parse_factor(reading, parse_condition, depth)]
        while _take(reading, "&&"):
            together.append(_parse_factor(reading, parse_condition, depth))
        alternatives.append(together[0] if len(together) == 1 else Every(tuple(together)))
        if not _take(reading, "||"):
            return alternatives[0] if len(alternatives) == 1 else Some(tuple(alternatives))


def _parse_factor(
    reading: Reading, parse_condition: Callable[[Reading], Condition[Subject]], depth: int
) -> Condition[Subject]:
    reading.skip_spaces()
    if not reading.take_any("("):
        return parse_condition(reading)
    if depth >= NESTED_MOST:
        raise MalformedPattern("Invalid filter pattern: too many parentheses inside of one another")
    inner = parse_logic(reading, parse_condition, depth + 1)
    reading.expect(")")
    return inner


def _take(reading: Reading, sign: str) -> bool:
    reading.skip_spaces()
    return bool(reading.take_any(sign))
