"""Patterns of terms: ``ERROR "not found" -debug`` and ``?ERROR ?WARN``."""

from __future__ import annotations

import msgspec

from strongroom.filterpattern.errors import MalformedPattern
from strongroom.filterpattern.reading import Reading


class Terms(msgspec.Struct, frozen=True):
    """A pattern of terms.

    Attributes:
        required: All of them must be there.
        refused: None of them may be there.
        optional: One of them must be there, where there are no others.
    """

    required: tuple[str, ...]
    refused: tuple[str, ...]
    optional: tuple[str, ...]

    def matches(self, message: str) -> bool:
        """Whether an event is wanted."""
        if self.required or self.refused:
            return all(term in message for term in self.required) and not any(
                term in message for term in self.refused
            )
        return any(term in message for term in self.optional)


def parse_terms(text: str) -> Terms:
    """Read a pattern of terms.

    Raises:
        MalformedPattern: A bare term has other signs than letters, digits and underscores, or a quote is open.
    """
    found: dict[str, list[str]] = {"": [], "-": [], "?": []}
    reading = Reading(text)
    while not reading.is_at_end():
        sign = reading.take_any("-", "?")
        term = reading.quoted() if reading.is_at('"') else reading.word(' \t\r\n"')
        if not term:
            raise MalformedPattern("Invalid character(s) in term ''")
        if not reading.was_quoted and not term.replace("_", "a").isalnum():
            raise MalformedPattern(f"Invalid character(s) in term '{term}'")
        found[sign].append(term)
        reading.skip_spaces()
    return Terms(tuple(found[""]), tuple(found["-"]), tuple(found["?"]))
