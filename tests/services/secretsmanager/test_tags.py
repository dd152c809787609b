"""The rules of tags, on values."""

from __future__ import annotations

import pytest

from strongroom.errors import Fault
from strongroom.services.secretsmanager.shapes import Tag
from strongroom.services.secretsmanager.tags import (
    put_tags,
    read_tags,
    remove_tags,
    request_tag_conditions,
    shown_tags,
)


def tags(*pairs: tuple[str, str]) -> list[Tag]:
    """Make the tags of a request."""
    return [Tag(key=key, value=value) for key, value in pairs]


def test_keys_keep_their_place_and_case() -> None:
    """A key that was there keeps its place; keys that differ by case are two keys."""
    held = put_tags(None, read_tags(tags(("one", "1"), ("two", "2"))))
    assert put_tags(held, read_tags(tags(("three", "3"), ("one", "x"), ("ONE", "y")))) == (
        ("one", "x"),
        ("two", "2"),
        ("three", "3"),
        ("ONE", "y"),
    )


def test_never_tagged_is_not_untagged() -> None:
    """No tags at all and no tags any more are told apart."""
    assert shown_tags(put_tags(None, ())) is None
    assert shown_tags(remove_tags(None, ["one"])) is None
    assert shown_tags(remove_tags((("one", "1"),), ["one", "absent"])) == []


def test_fifty_tags_are_the_most() -> None:
    """Fifty tags fit, overwriting one of them too; one more is refused."""
    fifty = read_tags(tags(*((f"key{number}", "v") for number in range(50))))
    held = put_tags(None, fifty)
    assert put_tags(held, (("key7", "w"),)) is not None
    with pytest.raises(Fault) as caught:
        put_tags(held, (("one more", "v"),))
    assert caught.value.code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("aws:mine", "v"),
        ("AwS:mine", "v"),
        ("key", "*"),
        ("key", "a?"),
        ("k*y", "v"),
        ("key", "line\nbreak"),
        ("key", "\x7f"),
        ("key", "\u2028"),
    ],
)
def test_p05_reserved_keys_and_wildcards_are_refused(key: str, value: str) -> None:
    """What AWS reserves, and what a policy variable could turn into a wildcard, never becomes a tag."""
    with pytest.raises(Fault) as caught:
        read_tags(tags((key, value)))
    assert caught.value.code == "InvalidParameterException"


def test_a_tag_needs_a_key_and_only_one_value() -> None:
    """A tag without key, and a key listed twice, are refused; an absent value is empty."""
    with pytest.raises(Fault):
        read_tags([Tag(value="v")])
    with pytest.raises(Fault):
        read_tags(tags(("key", "1"), ("key", "2")))
    assert read_tags([Tag(key="aws-like")]) == (("aws-like", ""),)


def test_p04_condition_keys_fold_ascii_only_and_keep_every_value() -> None:
    """Keys that differ by ASCII case share one condition key with all their values; KELVIN SIGN is no k."""
    conditions = request_tag_conditions(
        [*tags(("Env", "a"), ("ENV", "b"), ("\u212aey", "c")), Tag(value="x")]
    )
    assert conditions["aws:requesttag/env"] == ("a", "b")
    assert conditions["aws:requesttag/\u212aey"] == ("c",)
    assert conditions["aws:tagkeys"] == ("Env", "ENV", "\u212aey")
    assert dict(request_tag_conditions(None)) == {}
