"""The resources that statements name, in buckets, so that a thousand cost nearly what ten cost.

Rules:
 - A pattern of six or more parts is matched part by part: a star in the Region or the account never swallows
   a colon; the last part is free, its star spans colons and slashes. A shorter pattern (``arn:aws:sns:*``,
   ``*``) is one glob over the whole ARN.
 - Comparison is exact in case (threat model P-04).
 - Variables count after the fifth colon only. An unresolved one matches nothing.
 - NotResource excludes what any of its patterns matches. Where none matches and one is unresolved, the answer
   is None: the statement then applies if it denies, and does not if it allows.

The buckets, by what stands after the fifth colon::

    everything   Resource "*"
    exact        whole literals
    by head      patterns by the literal text that they begin with, found by its length
    by gram      patterns with wildcards inside by up to four characters of one of their literals: the ones
                 that fewest patterns of the policy share. Whoever matches holds them somewhere
    others       what has no literal there, short patterns, NotResource: matched one by one

A bucket only chooses candidates, which are then matched in full. An index is made for each policy, and a
``PolicySet`` merges those of a caller, which costs little where one policy changes.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Generic, TypeVar

from strongroom.policy.match import ARN_PARTS, Glob
from strongroom.policy.question import Question
from strongroom.policy.variables import (
    Token,
    has_variable,
    plain_glob,
    resolve,
    split_arn,
    tokenise,
    without_variables,
)

if TYPE_CHECKING:
    from strongroom.policy.conditions.judgement import Judgement

_COLONS = ARN_PARTS - 1


class ResourcePattern:
    """One compiled entry of Resource or NotResource.

    Attributes:
        literal_head: What the part after the fifth colon begins with; empty for none, and for short patterns.
        is_literal: Whether that part is literal as a whole.
        literals: The other literal texts of that part; each stands in whatever matches.
    """

    __slots__ = ("_head", "_parts", "_tail", "_template", "_whole", "is_literal", "literal_head", "literals")

    def __init__(self, text: str, *, variables: bool) -> None:
        self._whole: Glob | None = None
        self._head: str | None = None
        self._parts: tuple[tuple[int, Glob], ...] = ()
        self._tail: Glob | None = None
        self._template: tuple[Token, ...] = ()
        self.literal_head = ""
        self.is_literal = False
        self.literals: tuple[str, ...] = ()
        if variables and "${" in text:
            self._read_template(text)
            return
        parts = text.split(":", _COLONS)
        if len(parts) < ARN_PARTS:
            self._whole = plain_glob(text)
            return
        tail = parts.pop()
        head = text[: len(text) - len(tail) - 1]
        if "*" in head or "?" in head:
            self._parts = tuple((place, _head_glob(part)) for place, part in enumerate(parts) if part != "*")
        else:
            self._head = head
        self._set_tail(plain_glob(tail))

    def _read_template(self, text: str) -> None:
        """Read a pattern with variables or escapes."""
        tokens = tokenise(text, variables=True)
        parts = split_arn(tokens)
        if parts is None:
            self._whole = Glob(without_variables(tokens))
            return
        globs = [Glob(without_variables(part)) for part in parts[:_COLONS]]
        if all(glob.exact is not None for glob in globs):
            self._head = ":".join(glob.exact or "" for glob in globs)
        else:
            self._parts = tuple((place, glob) for place, glob in enumerate(globs) if not glob.matches_all)
        tail = parts[_COLONS]
        if not has_variable(tail):
            self._set_tail(Glob(without_variables(tail)))
            return
        self._template = tuple(tail)
        if tail and isinstance(tail[0], str):
            self.literal_head = tail[0]
            tail = tail[1:]
        self.literals = tuple(token for token in tail if isinstance(token, str))

    def _set_tail(self, glob: Glob) -> None:
        self._tail = glob
        self.literal_head = glob.head
        self.is_literal = glob.exact is not None
        self.literals = tuple(glob.literals)

    def judge(self, parts: Sequence[str], question: Question) -> Judgement:
        """Match the question's resource; None where a variable has no value.

        Args:
            parts: The resource, split at its first five colons.
            question: For the resource as a whole and for the variables.
        """
        if self._whole is not None:
            return self._whole.matches(question.resource)
        if len(parts) != ARN_PARTS:
            return False
        tail = parts[_COLONS]
        if self._head is not None:
            # The head of the resource is all before the fifth colon.
            if question.resource[: -len(tail) - 1] != self._head:
                return False
        else:
            for place, glob in self._parts:
                if not glob.matches(parts[place]):
                    return False
        if self._tail is not None:
            return self._tail.matches(tail)
        resolved = resolve(self._template, question)
        return None if resolved is None else Glob(resolved).matches(tail)


_head_glob = lru_cache(maxsize=256)(plain_glob)
"""Partitions, services, Regions and accounts are the same in most patterns; globs may be shared."""


Named = TypeVar("Named")
"""What is found by resource: a compiled statement."""


class _Exclusion(Generic[Named]):
    """A statement with NotResource."""

    __slots__ = ("denies", "item", "patterns")

    def __init__(self, item: Named, patterns: tuple[ResourcePattern, ...], denies: bool) -> None:
        self.item = item
        self.patterns = patterns
        self.denies = denies

    def applies(self, parts: Sequence[str], question: Question) -> bool:
        uncertain = False
        for pattern in self.patterns:
            judgement = pattern.judge(parts, question)
            if judgement:
                return False
            uncertain = uncertain or judgement is None
        return self.denies if uncertain else True


GRAM = 4
"""The longest gram. Longer ones would tell no more apart in names that people and programs give."""

Entry = tuple[ResourcePattern, Named]
Buckets = dict[str, list[Entry[Named]]]


class ResourceIndex(Generic[Named]):
    """Finds the statements that name a resource.

    It is filled, then finished, and from then on it is only read.
    """

    __slots__ = (
        "_by_gram",
        "_by_head",
        "_everything",
        "_exact",
        "_exclusions",
        "_gram_lengths",
        "_head_lengths",
        "_is_flat",
        "_others",
        "_waiting",
    )

    def __init__(self) -> None:
        self._everything: list[Named] = []
        self._exact: Buckets[Named] = {}
        self._by_head: Buckets[Named] = {}
        self._by_gram: Buckets[Named] = {}
        self._head_lengths: tuple[int, ...] = ()
        self._gram_lengths: tuple[int, ...] = ()
        self._others: list[Entry[Named]] = []
        self._exclusions: list[_Exclusion[Named]] = []
        self._waiting: list[Entry[Named]] = []
        self._is_flat = True

    @classmethod
    def merged(cls, indexes: Sequence[ResourceIndex[Named]]) -> ResourceIndex[Named]:
        """Make one index of several that are finished; they stay as they are.

        It costs the most to go through the buckets of the second and all that follow: let the first be the largest.
        """
        first = indexes[0]
        if len(indexes) == 1:
            return first
        made: ResourceIndex[Named] = cls()
        made._everything = [item for index in indexes for item in index._everything]
        made._others = [entry for index in indexes for entry in index._others]
        made._exclusions = [exclusion for index in indexes for exclusion in index._exclusions]
        made._is_flat = all(index._is_flat for index in indexes)
        made._exact = _joined([index._exact for index in indexes])
        made._by_head = _joined([index._by_head for index in indexes])
        made._by_gram = _joined([index._by_gram for index in indexes])
        made._head_lengths = tuple(sorted({each for index in indexes for each in index._head_lengths}))
        made._gram_lengths = tuple(sorted({each for index in indexes for each in index._gram_lengths}))
        return made

    def add_everywhere(self, item: Named) -> None:
        """Add a statement that names no resource, or all of them."""
        self._everything.append(item)

    def add(self, item: Named, patterns: Iterable[ResourcePattern]) -> None:
        """Add a statement with Resource."""
        self._is_flat = False
        for pattern in patterns:
            entry = (pattern, item)
            if pattern.is_literal:
                self._exact.setdefault(pattern.literal_head, []).append(entry)
            elif pattern.literals:
                self._waiting.append(entry)
            elif pattern.literal_head:
                self._by_head.setdefault(pattern.literal_head, []).append(entry)
            else:
                self._others.append(entry)

    def add_exclusion(self, item: Named, patterns: Iterable[ResourcePattern], *, denies: bool) -> None:
        """Add a statement with NotResource."""
        self._is_flat = False
        self._exclusions.append(_Exclusion(item, tuple(patterns), denies))

    def finish(self) -> None:
        """Choose the buckets of the patterns with wildcards inside: now their neighbours are known."""
        shared = Counter(self._keys_of_waiting())
        shared.update({(True, head): len(entries) for head, entries in self._by_head.items()})
        for entry in self._waiting:
            # The head comes first, and wins where it is shared by no more: it is the cheapest to look for.
            is_head, key = min(_keys(entry[0]), key=shared.__getitem__)
            (self._by_head if is_head else self._by_gram).setdefault(key, []).append(entry)
        self._waiting = []
        self._head_lengths = tuple(sorted({len(head) for head in self._by_head}))
        self._gram_lengths = tuple(sorted({len(gram) for gram in self._by_gram}))

    def _keys_of_waiting(self) -> Iterator[tuple[bool, str]]:
        for pattern, _ in self._waiting:
            yield from set(_keys(pattern))

    def find(self, question: Question) -> Sequence[Named]:
        """Return the statements that name the question's resource; one may be named twice."""
        if self._is_flat:
            return self._everything
        found = self._everything.copy()
        parts = question.resource.split(":", _COLONS)
        if len(parts) == ARN_PARTS:
            for entries in self._candidates(parts[_COLONS]):
                for pattern, item in entries:
                    if pattern.judge(parts, question):
                        found.append(item)
        for pattern, item in self._others:
            if pattern.judge(parts, question):
                found.append(item)
        for exclusion in self._exclusions:
            if exclusion.applies(parts, question):
                found.append(exclusion.item)
        return found

    def _candidates(self, tail: str) -> Iterator[list[Entry[Named]]]:
        """Yield the buckets of a resource; a bucket at most once."""
        entries = self._exact.get(tail)
        if entries is not None:
            yield entries
        size = len(tail)
        buckets = self._by_head
        for length in self._head_lengths:
            if length > size:
                break
            entries = buckets.get(tail[:length])
            if entries is not None:
                yield entries
        buckets = self._by_gram
        for length in self._gram_lengths:
            for gram in {tail[place : place + length] for place in range(size - length + 1)}:
                entries = buckets.get(gram)
                if entries is not None:
                    yield entries


def _joined(several: Sequence[Buckets[Named]]) -> Buckets[Named]:
    """Join buckets; a bucket that only one of them has is shared with it."""
    made = several[0].copy()
    own: set[str] = set()
    for buckets in several[1:]:
        for key, entries in buckets.items():
            held = made.get(key)
            if held is None:
                made[key] = entries
            elif key in own:
                held += entries
            else:
                made[key] = held + entries
                own.add(key)
    return made


def _keys(pattern: ResourcePattern) -> list[tuple[bool, str]]:
    """Give the keys that a pattern could be found by: its head (True), and the grams of its other literals."""
    keys = [(True, pattern.literal_head)] if pattern.literal_head else []
    for literal in pattern.literals:
        length = min(GRAM, len(literal))
        keys += [(False, literal[place : place + length]) for place in range(len(literal) - length + 1)]
    return keys


def is_everything(text: str) -> bool:
    """Whether a resource pattern is nothing but stars."""
    return text != "" and text.strip("*") == ""
