"""Which of the kinds of patterns a text is."""

from __future__ import annotations

from typing import Final, Protocol

from strongroom.filterpattern.documents import parse_document
from strongroom.filterpattern.errors import MalformedPattern
from strongroom.filterpattern.terms import parse_terms
from strongroom.filterpattern.words import parse_words

CHARACTERS_MOST: Final = 1_024


class FilterPattern(Protocol):
    """A compiled pattern."""

    def matches(self, message: str, /) -> bool:
        """Whether an event is wanted."""
        ...


class Everything:
    """The empty pattern."""

    def matches(self, _message: str) -> bool:
        """Want every event."""
        return True


def compile_pattern(text: str) -> FilterPattern:
    """Read a pattern of up to 1,024 characters.

    Raises:
        MalformedPattern: It is none.
    """
    bare = text.strip()
    if len(text) > CHARACTERS_MOST:
        raise MalformedPattern("Invalid filter pattern: it is too long")
    if bare in ("", '""'):
        return Everything()
    if bare.startswith("{"):
        return parse_document(bare)
    if bare.startswith("["):
        return parse_words(bare)
    if len(bare) > 1 and bare.startswith("%") and bare.endswith("%"):
        raise MalformedPattern("Regular expressions in filter patterns are not supported by Strongroom")
    return parse_terms(bare)
