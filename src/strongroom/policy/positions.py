"""Where the statements of a policy stand in its text, as simulations show them.

AWS counts lines and columns from 1 and names the place *behind* a brace: ``{`` in the first column is at column 2
(recorded: the statement of ``{"Version":"2012-10-17","Statement":{`` begins at column 38).

The text must be a policy that was parsed already.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from json import JSONDecoder
from typing import Final

import msgspec

_LINE_END: Final = re.compile(r"\r\n|\r|\n")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_raw_decode: Final = JSONDecoder().raw_decode


class Position(msgspec.Struct, frozen=True, gc=False):
    """Line and column, both from 1."""

    line: int
    column: int


class Span(msgspec.Struct, frozen=True, gc=False):
    """From where to where a statement goes."""

    start: Position
    end: Position


def statement_spans(text: str) -> tuple[Span, ...]:
    """Find the statements of a policy, in their order."""
    return tuple(
        Span(_position_behind(text, start), _position_behind(text, end - 1)) for start, end in _places(text)
    )


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each statement begins, and the first place behind it."""
    place = _skip(text, _skip(text, 0) + 1)
    while text[place] == '"':
        name, place = _raw_decode(text, place)
        place = _skip(text, _skip(text, place) + 1)  # over the colon
        if name == "Statement" and text[place] == "[":
            place = _skip(text, place + 1)
            while text[place] != "]":
                end = _raw_decode(text, place)[1]
                yield place, end
                place = _next(text, end)
            end = place + 1
        else:
            end = _raw_decode(text, place)[1]
            if name == "Statement":
                yield place, end
        place = _next(text, end)


def _next(text: str, end: int) -> int:
    """Go over white space and at most one comma."""
    place = _skip(text, end)
    return _skip(text, place + 1) if text[place] == "," else place


def _skip(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return place if found is None else found.end()


def _position_behind(text: str, place: int) -> Position:
    """Name the place behind the character at ``place``."""
    lines = _LINE_END.split(text[:place])
    return Position(len(lines), len(lines[-1]) + 2)
