"""The one JSON loader: what it refuses, in which words, and that it agrees with JSON on the rest."""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from strongroom.strict_json import MAX_DEPTH, MAX_TOKENS, MalformedJSON, NumberText, load_json, load_object

fuzz = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])

NOT_JSON = "The text is not JSON."
NOT_UTF8 = "The text is not UTF-8."
TWICE = "A name occurs twice in one object."
CONSTANT = "NaN and Infinity are not JSON."
TOO_LONG = "An integer does not fit into 64 bits."
NUL = "A text holds NUL."
SURROGATE = "A text holds half of a surrogate pair."
DEEP = "The text is nested too deeply."
MANY = "The text has too many names and values."
NOT_OBJECT = "The top level is not an object."


def refusal(text: bytes) -> str:
    """Give the words with which a body is refused."""
    with pytest.raises(MalformedJSON) as caught:
        load_object(text)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", NOT_JSON),
        (b" ", NOT_JSON),
        (b"{", NOT_JSON),
        (b'{"a"}', NOT_JSON),
        (b'{"a":}', NOT_JSON),
        (b'{"a":1,}', NOT_JSON),
        (b"{'a':1}", NOT_JSON),
        (b"{a:1}", NOT_JSON),
        (b'{"a":1} x', NOT_JSON),
        (b'{"a":1}{}', NOT_JSON),
        (b'{"a":1}\x00', NOT_JSON),
        (b'{"a":01}', NOT_JSON),
        (b'{"a":+1}', NOT_JSON),
        (b'{"a":.5}', NOT_JSON),
        (b'{"a":1.}', NOT_JSON),
        (b'{"a":1_0}', NOT_JSON),
        (b'{"a":0x1}', NOT_JSON),
        (b'{"a":True}', NOT_JSON),
        (b'{"a":"\n"}', NOT_JSON),
        (b'{"a":"\x00"}', NOT_JSON),
        (b'{"a":"\\x41"}', NOT_JSON),
        (b'{"a":"\\u12"}', NOT_JSON),
        (b'{"a":"x}', NOT_JSON),
        (b'/**/{"a":1}', NOT_JSON),
        ("\N{NO-BREAK SPACE}{}".encode(), NOT_JSON),
        ('{"a":1٣}'.encode(), NOT_JSON),
        (b"[]", NOT_OBJECT),
        (b"null", NOT_OBJECT),
        (b'"a"', NOT_OBJECT),
        (b"1", NOT_OBJECT),
    ],
)
def test_j01_what_is_not_one_json_object_is_refused(text: bytes, words: str) -> None:
    """Each breach of the grammar ends in the same words."""
    assert refusal(text) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b'\xef\xbb\xbf{"a":1}', NOT_JSON),
        ('{"a":1}'.encode("utf-16"), NOT_UTF8),
        ('{"a":1}'.encode("utf-16-le"), NOT_JSON),
        ('{"a":1}'.encode("utf-32-be"), NOT_JSON),
        (b'{"a":"\xff"}', NOT_UTF8),
        (b'{"a":"\xc0\xaf"}', NOT_UTF8),
        (b'{"a":"\xed\xa0\x80"}', NOT_UTF8),
        (b'{"a":"\xf4\x90\x80\x80"}', NOT_UTF8),
    ],
)
def test_j01_only_strict_utf8_without_a_mark_is_read(text: bytes, words: str) -> None:
    """No other encoding is guessed, and overlong forms, surrogates and too large code points are refused."""
    assert refusal(text) == words


@pytest.mark.parametrize(
    "text", [b'{"a":1,"a":1}', b'{"x":[{"a":1,"b":2,"a":null}]}', b'{"a":1,"\\u0061":2}']
)
def test_j01_a_name_that_occurs_twice_is_refused(text: bytes) -> None:
    """Duplicates are found at any depth and behind escapes."""
    assert refusal(text) == TWICE
    assert load_object(b'{"a":{"a":1},"b":{"a":1}}') == {"a": {"a": 1}, "b": {"a": 1}}


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity"])
def test_j01_numbers_that_are_none_are_refused(number: bytes) -> None:
    """The constants that Python's reader knows besides JSON are refused."""
    assert refusal(b'{"a":' + number + b"}") == CONSTANT


def test_j01_integers_lie_within_64_bits_and_numbers_do_not_overflow() -> None:
    """The last integers that fit pass, the next ones and infinite numbers do not."""
    top = 2**63
    assert load_object(b'{"a":%d,"b":%d,"c":0,"d":-1}' % (top - 1, -top)) == {
        "a": top - 1,
        "b": -top,
        "c": 0,
        "d": -1,
    }
    assert refusal(b'{"a":%d}' % top) == TOO_LONG
    assert refusal(b'{"a":%d}' % (-top - 1)) == TOO_LONG
    assert refusal(b'{"a":' + b"9" * 100_000 + b"}") == TOO_LONG
    assert refusal(b'{"a":1e999}') == "A number is too large."
    assert refusal(b'{"a":-1e999}') == "A number is too large."
    assert load_object(b'{"a":1.5e3}') == {"a": 1500.0}


def test_j01_depth_is_limited_to_64() -> None:
    """Depth 64 passes, depth 65 does not, and brackets inside of texts do not count."""

    def nested(depth: int) -> bytes:
        return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"

    assert load_object(nested(MAX_DEPTH))
    assert refusal(nested(MAX_DEPTH + 1)) == DEEP
    assert refusal(b'{"a":' * 100_000) == DEEP
    inside = '"[{' * 10_000
    assert load_object(json.dumps({"a": inside}).encode()) == {"a": inside}
    siblings: list[Any] = [[[]]] * 100
    assert load_object(json.dumps({"a": siblings}).encode()) == {"a": siblings}


@fuzz
@given(st.lists(st.sampled_from(["[", "]", "{", "}", '"', "\\", ":", ",", "a"]), max_size=12).map("".join))
@example('"')
@example("\\")
@example('\\"')
@example("[")
def test_j01_depth_is_counted_whatever_the_texts(inside: str) -> None:
    """Texts of quotes, brackets and backslashes around and inside of what is too deep change nothing about it."""
    written = json.dumps(inside)
    for depth, problem in ((MAX_DEPTH - 2, None), (MAX_DEPTH - 1, DEEP)):
        for innermost in ("", written):
            deep = "[" * depth + innermost + "]" * depth
            for text in (
                f'{{"a":[{written},{deep},{written}]}}',
                f'{{"1":{written},"2":[{deep}],"3":{written}}}',
            ):
                if problem is None:
                    assert len(load_object(text.encode())) in (1, 3)
                else:
                    assert refusal(text.encode()) == problem


def test_j01_many_siblings_are_not_deep() -> None:
    """A thousand objects and lists side by side pass, and one among them that is too deep does not."""
    siblings: list[Any] = [{"a": ["[", {"b": ['"']}]}] * 300
    deep: list[Any] = []
    for _ in range(MAX_DEPTH - 3):
        deep = [deep]
    assert load_object(json.dumps({"a": [*siblings, deep, *siblings]}).encode())
    assert refusal(json.dumps({"a": [*siblings, [deep], *siblings]}).encode()) == DEEP


def test_j01_names_and_values_are_limited_to_10000() -> None:
    """Ten thousand names and values pass, one more does not, and commas inside of texts do not count."""

    def listed(elements: int) -> bytes:
        return json.dumps({"a": [7] * elements}).encode()

    assert len(load_object(listed(MAX_TOKENS - 3))["a"]) == MAX_TOKENS - 3  # the object, the name, the list
    assert refusal(listed(MAX_TOKENS - 2)) == MANY
    assert refusal(json.dumps({str(n): "" for n in range(MAX_TOKENS // 2)}).encode()) == MANY
    assert refusal(b'{"a":[' + b"{}," * MAX_TOKENS + b"{}]}") == MANY
    secret = json.dumps({"k": ["v\\"] * 20_000})
    assert load_object(json.dumps({"a": secret}).encode()) == {"a": secret}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (rb'{"a":"x\u0000"}', NUL),
        (rb'{"a\u0000":1}', NUL),
        (rb'{"a":[{"b":["\u0000"]}]}', NUL),
        (rb'{"a":"\ud800"}', SURROGATE),
        (rb'{"a":"\udc00\ud800"}', SURROGATE),
        (rb'{"a":{"\uDFFF":1}}', SURROGATE),
    ],
)
def test_j02_nul_and_lone_surrogates_are_refused_anywhere(text: bytes, words: str) -> None:
    """Escapes bring neither into names nor into values."""
    assert refusal(text) == words


def test_j02_whole_pairs_and_escaped_backslashes_pass() -> None:
    """A surrogate pair is one character, and a backslash before ``u0000`` is text."""
    assert load_object(rb'{"a":"\ud83d\ude00","b":"\\u0000 \u00e9"}') == {"a": "😀", "b": "\\u0000 é"}


def test_j02_text_from_another_document_is_held_to_the_same_rules() -> None:
    """A policy given as text is read like bytes, and a lone surrogate in it is no UTF-8."""
    assert load_json('{"a":"é"}') == {"a": "é"}
    assert load_json("[1]") == [1]
    with pytest.raises(MalformedJSON, match=NOT_UTF8):
        load_json('{"a":"\ud800"}')


@pytest.mark.parametrize(
    "text",
    [b'{"a":"canary"', b'{"canary":1,"canary":1}', b'"canary"', b'{"a":"canary\xff"}', b'{"canary":NaN}'],
)
def test_j05_a_refusal_holds_nothing_of_the_input(text: bytes) -> None:
    """Neither the message, nor the traceback, nor an attribute or chained error holds the document."""
    with pytest.raises(MalformedJSON) as caught:
        load_object(text)
    problem = caught.value
    assert "canary" not in "".join(traceback.format_exception(problem))
    assert problem.__cause__ is None
    assert problem.__context__ is None
    assert vars(problem) == {"message": problem.message}


def test_j01_a_stack_that_is_nearly_full_gives_the_same_error() -> None:
    """The reader's own recursion ends in a refusal, wherever it is called from."""
    limit = sys.getrecursionlimit()
    text = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert load_json(text)
    sys.setrecursionlimit(len(inspect.stack(0)) + MAX_DEPTH // 2)
    try:
        with pytest.raises(MalformedJSON, match=NOT_JSON):
            load_json(text)
    finally:
        sys.setrecursionlimit(limit)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), inner)
    ),
)


@fuzz
@given(values, st.booleans(), st.sampled_from([None, 1]))
def test_whatever_can_be_said_is_read_back(value: Any, ascii_only: bool, indent: int | None) -> None:
    """Values that break no rule come back as they were, however they are spelled."""
    assert load_json(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()) == value


@fuzz
@given(st.binary() | st.text('{}[]",:\\u0dDtn1-e. \n').map(str.encode))
def test_any_bytes_give_a_value_or_the_one_error(text: bytes) -> None:
    """Nothing but MalformedJSON comes out of bad input."""
    try:
        load_json(text)
    except MalformedJSON as problem:
        assert problem.message.endswith(".")  # noqa: PT017  either outcome is right


def test_numbers_can_keep_what_was_written() -> None:
    """No digit of a policy's number is lost on the way to a decimal comparison."""
    numbers = load_json("[1.10, 1e400, 9223372036854775809]", number_texts=True)
    assert numbers == ["1.10", "1e400", "9223372036854775809"]
    assert all(isinstance(number, NumberText) for number in numbers)
