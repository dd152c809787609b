"""Texts against patterns: ASCII case folding, globs, ARN segments.

Rules:
 - ``*`` is any run of characters, ``?`` exactly one. There are no classes, no escapes, no anchors: neither
   ``fnmatch`` nor ``re`` is used (threat model P-03).
 - A pattern reaches this module as tokens, never as text, so that a substituted value cannot bring in a
   wildcard (P-05). ``variables.tokenise`` makes the tokens.
 - Globs match with two pointers, one into the runs between the stars, one into the text. Only the last star
   is ever reconsidered, so a match costs at most O(text x pattern) and never recurses.
 - Case is folded in ASCII only: KELVIN SIGN is not ``k`` (P-04).

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

from collections.abc import Sequence
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

    def find(self, text: str, start: int, end: int) -> int:
        """Return the first place at or after ``start`` where the run fits before ``end``, or -1."""
        while start + self.length <= end:
            if not self.literals:
                return start
            offset, literal = self.literals[0]
            found = text.find(literal, start + offset, end)
            if found < 0:
                return -1
            start = found - offset
            if start + self.length <= end and self.stands_at(text, start):
                return start
            start += 1
        return -1


class Glob:
    """A compiled pattern.

    Attributes:
        exact: The only text that matches, where the pattern has no wildcard; else None.
        head: The literal text that every match begins with; may be empty.
        matches_all: Whether the pattern is a lone star.
    """

    __slots__ = ("_first", "_last", "_middle", "_shortest", "exact", "head", "is_prefix", "matches_all")

    def __init__(self, tokens: Sequence[GlobToken]) -> None:
        merged = _merge(tokens)
        self.exact: str | None = None
        if not any(isinstance(token, Wildcard) for token in merged):
            self.exact = merged[0] if merged and isinstance(merged[0], str) else ""
        self.head: str = merged[0] if merged and isinstance(merged[0], str) else ""
        self.matches_all = merged == [STAR]
        self.is_prefix = bool(merged) and merged[1 if self.head else 0 :] == [STAR]
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
        position = self._first.length
        # Leftmost placement of each run is never wrong: what follows it begins with a star.
        for run in self._middle:
            found = run.find(text, position, end)
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
