"""The rules of the JSON loader, each at its edge (threat model J-01, J-02)."""

from __future__ import annotations

import pytest

from strongroom.policy.strict_json import MAX_DEPTH, MAX_TOKENS, NotStrictJSON, NumberText, load_json


def _list_of(count: int) -> str:
    return "[" + ",".join(["1"] * count) + "]"


@pytest.mark.parametrize(
    "text",
    [
        "[" * MAX_DEPTH + "]" * MAX_DEPTH,
        _list_of(MAX_TOKENS - 1),
        '{"a":{"a":1},"b":"]]]][[[["}',
        '["' + "[" * 200 + '"]',
        '"\\ud83d\\ude00"',
        b'"\xc3\xa4"',
    ],
)
def test_j01_what_keeps_the_rules_is_read(text: str | bytes) -> None:
    """Texts at the limits, and brackets inside strings, are no offence."""
    load_json(text)


@pytest.mark.parametrize(
    "text",
    [
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        _list_of(MAX_TOKENS),
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":1}',
        "NaN",
        "[Infinity]",
        "-Infinity",
        '"\\ud800"',
        '{"\\udc00":1}',
        '"\\u0000"',
        "\ufeff1",
        b'"\xff"',
        "",
        "1 2",
        '["' + "\\" * 50_000,
    ],
)
def test_j01_what_breaks_a_rule_is_refused(text: str | bytes) -> None:
    """Depth, count, repeated names, odd numbers and broken texts all end in the one error."""
    with pytest.raises(NotStrictJSON) as caught:
        load_json(text)
    assert caught.value.__context__ is None


def test_numbers_keep_what_was_written() -> None:
    """No digit of a number is lost on the way to a decimal comparison."""
    assert load_json("[1.10, 1e400, 9223372036854775809]") == ["1.10", "1e400", "9223372036854775809"]
    assert isinstance(load_json("1"), NumberText)
