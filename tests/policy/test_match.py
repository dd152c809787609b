"""Globs and case folding (threat model P-03, P-04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from strongroom.policy.match import Glob, Places, fold
from strongroom.policy.variables import tokenise, without_variables


def glob(pattern: str) -> Glob:
    """Compile a pattern."""
    return Glob(without_variables(tokenise(pattern, variables=False)))


def slow_glob(pattern: str, text: str) -> bool:
    """Match by a table over all prefixes: plain, and nothing like the code under test."""
    row = [True] + [False] * len(text)
    for sign in pattern:
        above = row
        row = [sign == "*" and above[0]]
        for place, character in enumerate(text):
            if sign == "*":
                row.append(above[place + 1] or row[place])
            else:
                row.append(above[place] and sign in ("?", character))
    return row[-1]


class CountingText(str):
    """A text that counts the characters that searches and comparisons may look at."""

    __slots__ = ("looks",)
    looks: int

    def startswith(self, prefix: Any, start: Any = 0, *_end: Any) -> bool:
        """Count the characters compared."""
        self.looks += len(prefix)
        return super().startswith(prefix, start)

    def find(self, sub: str, start: Any = 0, end: Any = None) -> int:
        """Count the characters passed over."""
        found = super().find(sub, start, end)
        stop = (len(self) if end is None else end) if found < 0 else found + len(sub)
        self.looks += max(stop - start, 0) + 1
        return found


def looks(pattern: str, text: str) -> int:
    """Count what matching looks at."""
    counting = CountingText(text)
    counting.looks = 0
    glob(pattern).matches(counting)
    return counting.looks


@settings(max_examples=1_500, deadline=None)
@example("*a?a*", "abbaba")
@example("*a?b*b", "aabaaabb")
@example("*a?b*", "aaaaaaaabab")
@example("*a?b*ba", "aaaaaaaabba")
@given(st.text("ab*?", max_size=12), st.text("ab", max_size=20))
def test_p03_globs_agree_with_a_plain_table(pattern: str, text: str) -> None:
    """The matcher and a matcher of another kind agree on every small pattern and text."""
    assert glob(pattern).matches(text) is slow_glob(pattern, text)


@pytest.mark.parametrize("stars", [5, 9, 50, 500])
def test_p03_many_stars_cost_linear_time(stars: int) -> None:
    """Patterns that make a backtracking matcher explode look at each character a few times only."""
    text = "a" * 2_000
    assert looks("*a" * stars + "*b", text) <= 4 * len(text)
    assert looks("a*" * stars + "b", text) <= 4 * len(text)


HOSTILE: dict[str, Callable[[int], tuple[str, str]]] = {
    "stars": lambda n: ("*a" * (n // 8) + "*b", "a" * n),
    "question marks": lambda n: ("*" + "?a" * (n // 8) + "b*", "a" * n),
    "late failure": lambda n: ("*" + "a?" * (n // 8) + "b*", "a" * (n // 2) + "ab" * (n // 4)),
    "long literal": lambda n: ("*" + "a" * (n // 8) + "b*", "a" * n),
    "many runs": lambda n: ("*" + "*".join(["aa?ab?"] * (n // 16)) + "*", "a" * n),
    "runs that fit": lambda n: ("*" + "*".join(["a?a"] * (n // 16)) + "*c", "ab" * (n // 2)),
    "many signs": lambda n: (
        "*" + "".join(f"{chr(200 + i % 500)}?" for i in range(n // 8)) + "x*",
        "".join(chr(200 + i % 500) for i in range(n)),
    ),
    "only wildcards": lambda n: ("*?" * (n // 2) + "?", "a" * n),
}
"""Pattern and text of a size, by what makes a careless matcher slow on them."""


def work(pattern: str, text: str, monkeypatch: pytest.MonkeyPatch) -> float:
    """Count the characters looked at, and the words of the integers that stand for many places."""
    integers: list[str] = []
    of = Places.of

    def counting(self: Places, sign: str) -> int:
        integers.append(sign)
        return of(self, sign)

    monkeypatch.setattr(Places, "of", counting)
    seen = looks(pattern, text)
    return seen + len(integers) * (1 + len(text) / 512)


@pytest.mark.parametrize("shape", list(HOSTILE))
def test_p03_twice_the_input_is_about_twice_the_work(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On hostile patterns and texts, both twice as long, the work grows by less than 2.5 times."""
    half, whole = (work(*HOSTILE[shape](size), monkeypatch) for size in (1_024, 2_048))
    assert whole <= 2.5 * max(half, 64)


def test_p03_there_are_no_character_classes_or_escapes() -> None:
    """What other globs and regular expressions give a meaning stands for itself."""
    assert not glob("[ab]").matches("a")
    assert glob("[!a]").matches("[!a]")
    assert not glob("a.").matches("ab")
    assert glob("a\\*").matches("a\\b")
    assert not glob("a").matches("a\n")


def test_p03_open_braces_are_looked_for_once() -> None:
    """A text of nothing but beginnings of variables is plain text, and cut in one pass."""
    assert tokenise("${" * 30_000, variables=True) == ("${" * 30_000,)
    assert tokenise("}${a", variables=True) == ("}${a",)
    assert len(tokenise("${a}${", variables=True)) == 2


def test_p03_a_long_pattern_needs_no_recursion() -> None:
    """A pattern of 100,000 wildcards matches without a deep stack."""
    assert glob("*?" * 50_000).matches("a" * 50_000)
    assert not glob("*?" * 50_000).matches("a" * 49_999)


def test_p04_case_folds_in_ascii_only() -> None:
    """KELVIN SIGN, dotted capital I and umlauts are left alone."""
    assert fold("AZaz09") == "azaz09"
    assert fold("\u212aEY") == "\u212aey"
    assert fold("\u0130\u00c4X") == "\u0130\u00c4x"
