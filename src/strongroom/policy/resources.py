"""The resources that statements name, in buckets, so that a thousand cost nearly what ten cost.

Rules:
 - A pattern of six or more parts is matched part by part: a star in the Region or the account never swallows
   a colon; the last part is free, its star spans colons and slashes. A shorter pattern (``arn:aws:sns:*``,
   ``*``) is one glob over the whole ARN.
 - Comparison is exact in case (threat model P-04).
 - Variables count after the fifth colon only. An unresolved one matches nothing.
 - NotResource excludes what any of its patterns matches. Where none matches and one is unresolved, the answer
   is None: the statement then applies if it denies, and does not if it allows.

The buckets::

    everything   Resource "*"
    by head      first the length of the literal text after the fifth colon, up to the first wildcard or
                 variable, then the text itself; candidates are then matched in full. Whole literals stand
                 in a bucket of their own (exact).
    others       what has no literal there, short patterns, NotResource: matched one by one

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Generic, TypeVar

from strongroom.policy.conditions.judgement import Judgement
from strongroom.policy.match import ARN_PARTS, STAR, Glob
from strongroom.policy.question import Question
from strongroom.policy.variables import Token, has_variable, resolve, split_arn, tokenise, without_variables

_COLONS = ARN_PARTS - 1


class ResourcePattern:
    """One compiled entry of Resource or NotResource.

    Attributes:
        literal_head: What the part after the fifth colon begins with; empty for none, and for short patterns.
        is_literal: Whether that part is literal as a whole.
    """

    __slots__ = ("_head", "_parts", "_tail", "_template", "_whole", "is_literal", "literal_head")

    def __init__(self, text: str, *, variables: bool) -> None:
        self._whole: Glob | None = None
        self._head: str | None = None
        self._parts: tuple[tuple[int, Glob], ...] = ()
        self._tail: Glob | None = None
        self._template: tuple[Token, ...] = ()
        self.literal_head = ""
        self.is_literal = False
        tokens = tokenise(text, variables=variables)
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
        if tail and isinstance(tail[0], str):
            self.literal_head = tail[0]
        if has_variable(tail):
            self._template = tuple(tail)
        else:
            self._tail = Glob(without_variables(tail))
            self.is_literal = self._tail.exact is not None

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


class ResourceIndex(Generic[Named]):
    """Finds the statements that name a resource."""

    __slots__ = ("_by_head", "_everything", "_exact", "_exclusions", "_is_flat", "_lengths", "_others")

    def __init__(self) -> None:
        self._everything: list[Named] = []
        self._exact: dict[str, list[tuple[ResourcePattern, Named]]] = {}
        self._by_head: dict[str, list[tuple[ResourcePattern, Named]]] = {}
        self._lengths: tuple[int, ...] = ()
        self._others: list[tuple[ResourcePattern, Named]] = []
        self._exclusions: list[_Exclusion[Named]] = []
        self._is_flat = True

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
            elif pattern.literal_head:
                self._by_head.setdefault(pattern.literal_head, []).append(entry)
                self._lengths = tuple(sorted({*self._lengths, len(pattern.literal_head)}))
            else:
                self._others.append(entry)

    def add_exclusion(self, item: Named, patterns: Iterable[ResourcePattern], *, denies: bool) -> None:
        """Add a statement with NotResource."""
        self._is_flat = False
        self._exclusions.append(_Exclusion(item, tuple(patterns), denies))

    def find(self, question: Question) -> Sequence[Named]:
        """Return the statements that name the question's resource; one may be named twice."""
        if self._is_flat:
            return self._everything
        found = self._everything.copy()
        parts = question.resource.split(":", _COLONS)
        if len(parts) == ARN_PARTS:
            tail = parts[_COLONS]
            for pattern, item in self._exact.get(tail, ()):
                if pattern.judge(parts, question):
                    found.append(item)
            by_head = self._by_head
            for length in self._lengths:
                for pattern, item in by_head.get(tail[:length], ()):
                    if pattern.judge(parts, question):
                        found.append(item)
        for pattern, item in self._others:
            if pattern.judge(parts, question):
                found.append(item)
        for exclusion in self._exclusions:
            if exclusion.applies(parts, question):
                found.append(exclusion.item)
        return found


def is_everything(text: str) -> bool:
    """Whether a resource pattern is nothing but stars."""
    return text != "" and all(token is STAR for token in tokenise(text, variables=False))
