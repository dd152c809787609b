"""Filter patterns against naive readings of the same rules, and against any text at all."""

from __future__ import annotations

import contextlib
import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from strongroom.filterpattern.errors import MalformedPattern
from strongroom.filterpattern.pattern import compile_pattern
from strongroom.filterpattern.values import Starred
from strongroom.filterpattern.words import split_words

SMALL = st.text("ab*", max_size=8)


@given(SMALL, st.text("ab", max_size=12))
def test_stars_match_as_an_expression_would(pattern: str, text: str) -> None:
    """A star is any run of characters, and everything else itself."""
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    assert Starred(tuple(pattern.split("*"))).matches(text) == bool(re.fullmatch(expression, text))


@given(
    st.lists(st.tuples(st.sampled_from(("", "-", "?")), st.text("abc ", min_size=1, max_size=3)), max_size=4),
    st.text("abc ", max_size=10),
)
def test_terms_are_what_their_signs_say(terms: list[tuple[str, str]], message: str) -> None:
    """Plain ones all, those with a minus none, those with a question mark one if they are alone."""
    pattern = " ".join(f'{sign}"{term}"' for sign, term in terms)
    by_sign = {kind: [term in message for sign, term in terms if sign == kind] for kind in ("", "-", "?")}
    expected = all(by_sign[""]) and not any(by_sign["-"])
    if terms and not by_sign[""] and not by_sign["-"]:
        expected = any(by_sign["?"])
    assert compile_pattern(pattern).matches(message) == expected


VALUES = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from(("a", "ab", "2", "b c")))
DOCUMENTS = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(("a", "b", "c")), inner, max_size=3)
    ),
    max_leaves=8,
)
SELECTORS = st.lists(st.sampled_from((".a", ".b", "['c']", "[0]", "[1]")), max_size=3)
CONDITIONS = st.one_of(
    st.tuples(st.sampled_from(("=", "!=")), st.sampled_from(("a", "*b*", "2", '"2"', '"b c"', "*"))),
    st.tuples(st.sampled_from(("<", "<=", ">", ">=")), st.integers(-3, 3).map(str)),
    st.tuples(st.sampled_from(("IS NULL", "IS TRUE", "IS FALSE", "NOT EXISTS")), st.just("")),
)


def found_by(document: Any, selector: list[str]) -> list[Any]:
    """Go down a selector, one step at a time."""
    if not selector:
        return [document]
    step, rest = selector[0], selector[1:]
    if step.startswith("[") and not step.startswith("['"):
        if not isinstance(document, list):
            return []
        chosen = document[int(step[1:-1]) :][:1]
        return [found for value in chosen for found in found_by(value, rest)]
    name = step.strip(".[]'")
    return found_by(document[name], rest) if isinstance(document, dict) and name in document else []


def holds(values: list[Any], operator: str, value: str) -> bool:
    """Judge a condition as the documentation words it."""
    if operator == "NOT EXISTS":
        return not values
    if operator.startswith("IS"):
        return any(json.dumps(found) == operator[3:].lower() for found in values)
    return any(compares(found, operator, value) for found in values)


def compares(found: Any, operator: str, value: str) -> bool:
    """Compare one value; only texts and numbers can be compared."""
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        return False
    if operator in ("=", "!="):
        bare = value.strip('"')
        text = ".*".join(re.escape(part) for part in bare.split("*"))
        is_equal = bool(re.fullmatch(text, str(found)))
        return is_equal == (operator == "=")
    try:
        left = int(found)
    except ValueError:
        return False
    return bool(eval(f"{left} {operator} {value}"))


@given(DOCUMENTS, st.lists(st.tuples(SELECTORS, CONDITIONS), min_size=1, max_size=4), st.data())
def test_documents_are_judged_as_a_naive_reader_would(
    document: Any, conditions: list[tuple[list[str], tuple[str, str]]], data: st.DataObject
) -> None:
    """With conditions joined in any way, once with the binding of && and once with parentheses."""
    joins = [data.draw(st.sampled_from(("&&", "||"))) for _ in conditions[1:]]
    texts, truths = [], []
    for selector, (operator, value) in conditions:
        texts.append(f"$.{''.join(selector)[1:]}" if selector[:1] == [".a"] else f"${''.join(selector)}")
        texts[-1] += f" {operator} {value}"
        truths.append(holds(found_by(document, selector), operator, value))
    message = json.dumps(document)
    plain = texts[0] + "".join(f" {join} {text}" for join, text in zip(joins, texts[1:], strict=True))
    groups: list[list[bool]] = [[truths[0]]]
    for join, truth in zip(joins, truths[1:], strict=True):
        if join == "&&":
            groups[-1].append(truth)
        else:
            groups.append([truth])
    assert compile_pattern(f"{{ {plain} }}").matches(message) == any(all(group) for group in groups)
    nested, expected = texts[0], truths[0]
    for join, text, truth in zip(joins, texts[1:], truths[1:], strict=True):
        nested = f"({nested}) {join} {text}"
        expected = (expected and truth) if join == "&&" else (expected or truth)
    assert compile_pattern(f"{{ {nested} }}").matches(message) == expected


@given(st.text('a b["]', max_size=20))
def test_words_are_cut_as_an_expression_would(message: str) -> None:
    """Quotes and brackets hold words together where they are closed."""
    expression = r'"([^"]*)"|\[([^\]]*)\]|(\S+)'
    expected = []
    for found in re.finditer(expression, message):
        expected.append(next(group for group in found.groups() if group is not None))
    assert split_words(message) == expected


@given(st.lists(st.sampled_from(("a", "b", "5")), max_size=6), st.integers(0, 3), st.integers(0, 3))
def test_dots_stand_for_any_number_of_words(words: list[str], before: int, after: int) -> None:
    """In front of them and behind them every word has its field."""
    fields = [*(f"x{number} = a" for number in range(before)), "...", *("= 5" for _ in range(after))]
    expected = (
        len(words) >= before + after
        and words[:before] == ["a"] * before
        and words[len(words) - after :] == ["5"] * after
    )
    assert compile_pattern(f"[{', '.join(fields)}]").matches(" ".join(words)) == expected


@given(st.text("{}[]()$.*=!<>&|\"'% ,?-ab1\\", max_size=40), st.text('{}[]":,ab1 ', max_size=20))
def test_any_text_is_a_pattern_or_malformed(pattern: str, message: str) -> None:
    """Nothing else is raised, neither by reading a pattern nor by matching."""
    with contextlib.suppress(MalformedPattern):
        compile_pattern(pattern).matches(message)
