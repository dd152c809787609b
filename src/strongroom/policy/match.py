"""Texts against patterns: ASCII case folding, globs, ARN segments.

Rules:
 - ``*`` is any run of characters, ``?`` exactly one. There are no classes, no escapes, no anchors: neither
   ``fnmatch`` nor ``re`` is used (threat model P-03).
 - A pattern reaches this module as tokens, never as text, so that a substituted value cannot bring in a
   wildcard (P-05). ``variables.tokenise`` makes the tokens.
 - Globs match with two pointers, one into the runs between the stars, one into the text. Only the last star
   is ever reconsidered, and nothing recurses.
 - A run that is literal is found by ``str.find``. One with question marks inside could fail late at every
   place of a hostile text; after a few failures all places are looked at together, as the bits of one
   integer, so that twice the text or twice the pattern is twice the work.
 - Case is folded in ASCII only: KELVIN SIGN is not ``k`` (P-04).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum

_ASCII_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}

ARN_PARTS = 6


class Wildcard(Enum):
    """The two wildcards of the language."""

    STAR = "*"
    ANY = "?"


STAR = Wildcard.STAR
ANY = Wildcard.ANY

GlobToken = str | Wildcard
"""A literal run of characters, or a wildcard."""


def fold(text: str) -> str:
    """Lower the ASCII letters of ``text`` and leave every other character alone."""
    return text.lower() if text.isascii() else text.translate(_ASCII_LOWER)


TRIES = 2
"""Places at which a run with question marks is tried one by one. Honest patterns need one or two."""


class Places:
    """Where each sign stands in one text, as the bits of an integer: bit 0 is the first character."""

    __slots__ = ("_masks", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._masks: dict[str, int] = {}

    def of(self, sign: str) -> int:
        """Return the places of one sign."""
        mask = self._masks.get(sign)
        if mask is None:
            bits = bytearray(len(self._text) // 8 + 1)
            place = self._text.find(sign)
            while place >= 0:
                bits[place >> 3] |= 1 << (place & 7)
                place = self._text.find(sign, place + 1)
            mask = self._masks[sign] = int.from_bytes(bits, "little")
        return mask


class _Run:
    """What stands between two stars: a fixed number of characters, some of them given."""

    __slots__ = ("length", "literals")

    def __init__(self, tokens: Sequence[GlobToken]) -> None:
        literals: list[tuple[int, str]] = []
        length = 0
        for token in tokens:
            if isinstance(token, str):
                literals.append((length, token))
                length += len(token)
            else:
                length += 1
        self.length = length
        self.literals = tuple(literals)

    def stands_at(self, text: str, start: int) -> bool:
        return all(text.startswith(literal, start + offset) for offset, literal in self.literals)

    def find(self, text: str, start: int, end: int, places: Places) -> int:
        """Return the first place at or after ``start`` where the run fits before ``end``, or -1.

        Args:
            text: Where to look.
            start: The first place.
            end: Where the run must have ended.
            places: The places of the text.
        """
        if not self.literals:
            return start if start + self.length <= end else -1
        offset, literal = self.literals[0]
        for _ in range(TRIES):
            found = text.find(literal, start + offset, end)
            if found < 0:
                return -1
            start = found - offset
            if start + self.length > end:
                return -1
            if self.stands_at(text, start):
                return start
            start += 1
        return self._find_among(places, start, end)

    def _find_among(self, places: Places, start: int, end: int) -> int:
        fitting = -1  # all bits
        for offset, literal in self.literals:
            for number, sign in enumerate(literal, offset):
                fitting &= places.of(sign) >> number
            if not fitting:
                return -1
        fitting >>= start
        if not fitting:
            return -1
        found = start + (fitting & -fitting).bit_length() - 1
        return found if found + self.length <= end else -1


class Glob:
    """A compiled pattern.

    Attributes:
        exact: The only text that matches, where the pattern has no wildcard; else None.
        head: The literal text that every match begins with; may be empty.
        is_prefix: Whether the pattern is ``head`` and a star.
        matches_all: Whether the pattern is a lone star.
    """

    __slots__ = (
        "_first",
        "_last",
        "_middle",
        "_shortest",
        "exact",
        "head",
        "is_prefix",
        "matches_all",
    )

    def __init__(self, tokens: Sequence[GlobToken]) -> None:
        merged = tokens if len(tokens) == 1 and tokens[0] else _merge(tokens)
        head = merged[0] if merged and isinstance(merged[0], str) else ""
        self.exact: str | None = None
        self.head: str = head
        rest = merged[1:] if head else merged
        if not rest:
            self.exact = head
        self.is_prefix = len(rest) == 1 and rest[0] is STAR
        self.matches_all = self.is_prefix and not head
        if not rest or self.is_prefix:
            return  # most patterns are literal or a prefix, and need no runs
        runs: list[list[GlobToken]] = [[]]
        for token in merged:
            if token is STAR:
                runs.append([])
            else:
                runs[-1].append(token)
        compiled = [_Run(run) for run in runs]
        self._first = compiled[0]
        self._last = compiled[-1] if len(compiled) > 1 else None
        self._middle = tuple(compiled[1:-1])
        self._shortest = sum(run.length for run in compiled)

    @property
    def literals(self) -> Iterator[str]:
        """The literal texts between the wildcards, the head apart; each stands in every match."""
        if self.exact is None and not self.is_prefix:
            runs = (self._first, *self._middle, self._last)
            for run in runs:
                if run is not None:
                    for offset, literal in run.literals:
                        if run is not self._first or offset:
                            yield literal

    def matches(self, text: str) -> bool:
        """Whether the whole of ``text`` matches, case and all."""
        if self.exact is not None:
            return text == self.exact
        if self.is_prefix:
            return text.startswith(self.head)
        last = self._last
        if last is None:
            return len(text) == self._shortest and self._first.stands_at(text, 0)
        if len(text) < self._shortest or not self._first.stands_at(text, 0):
            return False
        end = len(text) - last.length
        if not last.stands_at(text, end):
            return False
        if not self._middle:
            return True
        position = self._first.length
        # Leftmost placement of each run is never wrong: what follows it begins with a star.
        places = Places(text)
        for run in self._middle:
            found = run.find(text, position, end, places)
            if found < 0:
                return False
            position = found + run.length
        return True


def _merge(tokens: Sequence[GlobToken]) -> list[GlobToken]:
    """Join neighbouring literals, drop empty ones, and make one star of several."""
    merged: list[GlobToken] = []
    for token in tokens:
        if isinstance(token, str):
            if not token:
                continue
            if merged and isinstance(merged[-1], str):
                merged[-1] += token
                continue
        elif token is STAR and merged and merged[-1] is STAR:
            continue
        merged.append(token)
    return merged
