"""What filters select, on values: the recorded cases of AWS and the rules between them.

The cases marked recorded are outcomes that were observed on AWS (Secrets Manager reference 7).
"""

from __future__ import annotations

from typing import Any

import pytest

from strongroom.errors import Fault
from strongroom.services.secretsmanager.filters import SecretFilters, split_words
from strongroom.services.secretsmanager.model import Attributes, Secret
from strongroom.services.secretsmanager.shapes import Filter


def secret(
    name: str = "a-name", description: str | None = None, tags: tuple[tuple[str, str], ...] | None = None
) -> Secret:
    """Make a secret of which only the searched texts matter."""
    return Secret(
        secret_id=1,
        account="111122223333",
        region="us-east-1",
        name=name,
        suffix="a1B2c3",
        created_ms=0,
        changed_ms=0,
        accessed_ms=0,
        deleted_ms=None,
        purge_ms=None,
        attributes=Attributes(labels={}, description=description, tags=tags),
    )


def selects(held: Secret, *filters: tuple[Any, list[str]]) -> bool:
    """Ask one secret."""
    return SecretFilters([Filter(key=key, values=values) for key, values in filters]).match(held)


def names(found: list[Secret], *filters: tuple[Any, list[str]]) -> list[str]:
    """List the names of the secrets that are selected."""
    return [held.name for held in found if selects(held, *filters)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("credsDatabase#892", ["creds", "database", "892"]),
        ("SecretFTag", ["secret", "f", "tag"]),
        ("COMPANY", ["company"]),
        ("COMPANYthings", ["compan", "ythings"]),
        ("Thirdsecret", ["thirdsecret"]),
        ("prod/AppBeta/x", ["prod", "app", "beta", "x"]),
        ("prod-AppBeta/x", ["prod-appbeta/x"]),
        ("the key, for mail-server.", ["the", "key", "for", "mail", "server"]),
        ("a2b", ["a", "2", "b"]),
        ("+", []),
        ("", []),
        (" / - ", []),
    ],
)
def test_words_end_where_aws_ends_them(text: str, words: list[str]) -> None:
    """The words of ``all`` end at punctuation, at changes of case and of letters and digits."""
    assert list(split_words(text)) == words


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a", ["a secret", "an secret", "asecret"]),
        ("a secret", ["a secret", "an secret"]),
        ("A SECRET", ["a secret", "an secret"]),
        ("secret a", ["a secret", "an secret"]),
        ("!a", ["thesecret", "absent"]),
        ("!c", ["a secret", "an secret", "asecret", "thesecret", "absent"]),
    ],
)
def test_a_description_is_found_by_beginnings_of_its_words(value: str, found: list[str]) -> None:
    """Every word of the value begins a word of the description, in any case and order (recorded)."""
    texts = ["a secret", "an secret", "asecret", "thesecret"]
    held = [*(secret(text, text) for text in texts), secret("absent")]
    assert names(held, ("description", [value])) == found


@pytest.mark.parametrize(
    ("value", "found"), [("one two", ["foo", "bar"]), ("o t", ["foo", "bar"]), ("t", ["foo", "bar", "qux"])]
)
def test_several_words_of_a_value_all_have_to_be_there(value: str, found: list[str]) -> None:
    """Words between the wanted ones do not matter (recorded)."""
    held = [
        secret("foo", "one two"),
        secret("bar", "one and two"),
        secret("baz", "one"),
        secret("qux", "two"),
        secret("none", "unrelated"),
    ]
    assert names(held, ("description", [value])) == found


def test_a_name_is_found_by_its_beginning_in_its_case() -> None:
    """A name has no words: only its beginning counts, and case does (recorded)."""
    held = [secret("Testing1"), secret("testing1"), secret("one/testing1")]
    assert names(held, ("name", ["testing1"])) == ["testing1"]
    assert names(held, ("name", ["testing1 one"])) == []
    assert names(held, ("name", ["Te", "one"])) == ["Testing1", "one/testing1"]
    assert names([secret("/a"), secret("a/b")], ("name", ["!/"])) == ["a/b"]


def test_tags_are_found_by_beginning_of_key_or_value() -> None:
    """Keys and values are prefixes in their case; two filters may be met by two tags."""
    held = [
        secret("foo", tags=(("right", "right"),)),
        secret("bar", tags=(("right", "wrong"),)),
        secret("baz", tags=(("wrong", "right"), ("other", "x"))),
        secret("bare"),
    ]
    assert names(held, ("tag-key", ["rig"])) == ["foo", "bar"]
    assert names(held, ("tag-key", ["Rig"])) == []
    assert names(held, ("tag-value", ["x"])) == ["baz"]
    assert names(held, ("tag-key", ["right"]), ("tag-value", ["right"])) == ["foo"]
    assert names(held, ("tag-key", ["!neverexists"])) == ["foo", "bar", "baz", "bare"]
    assert names(held, ("tag-key", ["!right"])) == ["baz", "bare"]


def test_filters_with_the_same_key_must_all_match() -> None:
    """Two filters are joined by AND, also with one key (recorded)."""
    held = [secret("foo", "one two"), secret("bar", "one"), secret("baz", "two")]
    assert names(held, ("description", ["one"]), ("description", ["two"])) == ["foo"]


def test_positive_and_negative_values_of_a_filter_are_alternatives() -> None:
    """``["one", "!two"]`` selects what has one and what lacks two."""
    held = [secret("foo", "one two"), secret("bar", "one"), secret("baz", "two"), secret("none", "other")]
    assert names(held, ("description", ["one", "!two"])) == ["foo", "bar", "none"]


RECORDED = [
    secret("SecretOne"),
    secret("SecretTwo", "DescTwo"),
    secret("Thirdsecret"),
    secret("SecretFTag", tags=(("1", "foo"),)),
    secret("SecretFValue", tags=(("foo", "v"),)),
    secret("none"),
]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("SecretOne", ["SecretOne"]),
        ("foo", ["SecretFTag", "SecretFValue"]),
        ("Secret", ["SecretOne", "SecretTwo", "SecretFTag", "SecretFValue"]),
        ("secret", ["SecretOne", "SecretTwo", "SecretFTag", "SecretFValue"]),
        ("sec", ["SecretOne", "SecretTwo", "SecretFTag", "SecretFValue"]),
        ("ret", []),
        ("SomeSecret", []),
        ("d", ["SecretTwo"]),
        ("d t", ["SecretTwo"]),
        ("t", ["SecretTwo", "Thirdsecret", "SecretFTag"]),
        ("foo v", ["SecretFValue"]),
    ],
)
def test_all_searches_the_words_of_every_text(value: str, found: list[str]) -> None:
    """``all`` looks at name, description, tag keys and tag values, in any case (recorded)."""
    assert names(RECORDED, ("all", [value])) == found


SEPARATED = [f"prod{sign}AppBeta{sign}x" for sign in "/_+=.@-"]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("AppBeta", SEPARATED),
        ("Beta", SEPARATED),
        ("prod", [*SEPARATED, "prod-AppBeta/x"]),
        ("x", [*SEPARATED, "uat/COMPANY/x", "uat/COMPANYthings/x"]),
        ("+", []),
        ("company", ["uat/COMPANY/x"]),
        ("Ythings", ["uat/COMPANYthings/x"]),
        ("things", []),
        ("N", []),
        ("pany", []),
        ("prod-AppBeta/x", ["prod-AppBeta/x"]),
        ("!AppBeta", ["prod-AppBeta/x", "uat/COMPANY/x", "uat/COMPANYthings/x"]),
        ("!+", [*SEPARATED, "prod-AppBeta/x", "uat/COMPANY/x", "uat/COMPANYthings/x"]),
    ],
)
def test_all_splits_names_at_one_kind_of_separator(value: str, found: list[str]) -> None:
    """Each separator splits when it is the only kind in the name; a mixture is one word (recorded)."""
    held = [secret(name) for name in (*SEPARATED, "prod-AppBeta/x", "uat/COMPANY/x", "uat/COMPANYthings/x")]
    assert names(held, ("all", [value])) == found


@pytest.mark.parametrize("key", ["primary-region", "owning-service"])
def test_nothing_has_a_primary_region_or_an_owning_service_yet(key: str) -> None:
    """No secret has such a text: nothing is selected by it, and everything by its absence."""
    assert not selects(secret(), (key, ["a"]))
    assert selects(secret(), (key, ["!a"]))


def test_no_filters_select_everything() -> None:
    """Without filters nothing is left out."""
    assert SecretFilters(None).match(secret())
    assert SecretFilters([]).match(secret())
    assert not SecretFilters([])


def test_only_positive_name_filters_narrow_the_search() -> None:
    """Prefixes are offered only where nothing outside of them can match."""
    both = SecretFilters([Filter(key="description", values=["x"]), Filter(key="name", values=["a", "b"])])
    assert both.name_prefixes == ("a", "b")
    assert SecretFilters([Filter(key="name", values=["a", "!b"])]).name_prefixes is None
    assert SecretFilters([Filter(key="tag-key", values=["a"])]).name_prefixes is None


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (Filter(values=["x"]), "Invalid filter key"),
        (Filter(key="description"), "Invalid filter values for key: description"),
    ],
)
def test_a_filter_without_key_or_values_is_refused(broken: Filter, message: str) -> None:
    """Both members are optional in the model and needed all the same."""
    with pytest.raises(Fault) as refused:
        SecretFilters([broken])
    assert (refused.value.code, refused.value.message) == ("InvalidParameterException", message)
