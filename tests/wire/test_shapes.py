"""Shapes and their descriptions."""

from __future__ import annotations

import sys
import unicodedata
from enum import Enum
from typing import Annotated, Any

import msgspec
import pytest

from strongroom.wire.describe import (
    Kind,
    UnsupportedAnnotation,
    describe,
    holds_blob,
    holds_secret,
    lower_camel,
)
from strongroom.wire.shapes import Shape, limits
from tests.wire.examples import (
    TAG_PATTERN,
    Everything,
    GetSecretValueResponse,
    ListSecretsRequest,
    PutSecretValueRequest,
    Tag,
)


class Level(Enum):
    """An enumeration as a class."""

    LOW = "low"
    HIGH = "high"


class WithEnum(Shape):
    """A shape with an enumeration class."""

    level: Level = Level.LOW


class Mixed(Shape):
    """A shape whose required member comes last."""

    count: int | None = None
    key: str


class Batch(Shape):
    """A shape with secrets one level down."""

    values: list[GetSecretValueResponse] | None = None
    by_name: dict[str, GetSecretValueResponse] | None = None
    nested: Batch | None = None
    names: list[str] | None = None


class WithAnything(Shape):
    """A shape that no protocol can carry."""

    anything: Any = None


@pytest.mark.parametrize(
    ("wire_name", "audit_name"),
    [
        ("SecretId", "secretId"),
        ("ARN", "arn"),
        ("KmsKeyId", "kmsKeyId"),
        ("RotationLambdaARN", "rotationLambdaARN"),
        ("AWSAccountId", "aWSAccountId"),
    ],
)
def test_audit_names_are_those_of_cloudtrail(wire_name: str, audit_name: str) -> None:
    """Wire names become audit names as CloudTrail has them."""
    assert lower_camel(wire_name) == audit_name


def test_a_description_lists_members_with_their_constraints() -> None:
    """Names, kinds, limits, secrecy and requirement come out of the annotations."""
    members = {member.wire_name: member for member in describe(PutSecretValueRequest)}
    assert list(members) == [
        "SecretId",
        "ClientRequestToken",
        "SecretBinary",
        "SecretString",
        "VersionStages",
        "RotationToken",
    ]
    assert members["SecretId"].is_required
    assert not members["SecretString"].is_required
    assert members["SecretString"].type.is_sensitive
    assert members["SecretBinary"].type.kind is Kind.BLOB
    stages = members["VersionStages"].type
    assert (stages.kind, stages.least, stages.most) == (Kind.LIST, 1, 20)
    assert stages.element is not None
    assert stages.element.most == 256
    token = members["RotationToken"].type
    assert token.pattern == r"^[a-zA-Z0-9\-]+$"
    assert token.is_sensitive
    assert {m.name: m.type.kind for m in describe(Everything)}["instant"] is Kind.TIMESTAMP
    assert describe(WithEnum)[0].type.choices == ("low", "high")


def test_blobs_and_secrets_are_found_at_any_depth() -> None:
    """Shapes that contain themselves are walked once."""
    assert holds_blob(Everything)
    assert not holds_blob(ListSecretsRequest)
    assert not any(holds_secret(member.type) for member in describe(ListSecretsRequest))
    assert [m.name for m in describe(GetSecretValueResponse) if holds_secret(m.type)] == [
        "secret_binary",
        "secret_string",
    ]
    assert [m.name for m in describe(Batch) if holds_secret(m.type)] == ["values", "by_name", "nested"]


def test_an_annotation_that_no_protocol_carries_is_refused() -> None:
    """The mistake names the shape and the member."""
    with pytest.raises(UnsupportedAnnotation, match=r"WithAnything\.anything"):
        describe(WithAnything)


@pytest.mark.parametrize("text", ["abc\n", "abc", "١٢", "ａ"])
def test_j03_patterns_match_the_whole_text_in_ascii(text: str) -> None:
    """A trailing line feed, foreign digits and wide letters do not pass ``^\\w+$``."""
    annotation = Annotated[str, limits(pattern=r"^\w+$")]
    if text == "abc":
        assert msgspec.convert(text, annotation) == text
    else:
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(text, annotation)


def test_tag_patterns_accept_every_letter_number_and_separator_of_unicode() -> None:
    """The translation of ``\\p{L}\\p{Z}\\p{N}`` agrees with the Unicode database for every character."""
    expression = describe(Tag)[0].type.expression
    assert expression is not None
    listed = set("_.:/=+-@")
    wrong = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if (unicodedata.category(chr(code))[0] in "LZN" or chr(code) in listed)
        != (expression.search(chr(code)) is not None)
    ]
    assert wrong == []


@pytest.mark.parametrize("pattern", [r"[\p{L}]+", r"[\p{L}\p{N}\p{M}_]+", r"[\p{L}\p{N}_\d]+"])
def test_other_unicode_properties_are_refused_when_a_shape_is_declared(pattern: str) -> None:
    """A property without translation is not quietly taken for something else."""
    with pytest.raises(ValueError, match="unsupported"):
        limits(pattern=pattern)
    assert limits(pattern=TAG_PATTERN).extra == {"pattern": TAG_PATTERN}


def test_x01_no_representation_of_a_shape_shows_a_value() -> None:
    """Neither ``repr`` nor ``str`` of a response shows the secret."""
    response = GetSecretValueResponse(secret_string="canary")
    assert "canary" not in f"{response} {response!r}"


def test_shapes_are_frozen_and_keyword_only_in_any_order() -> None:
    """Required members may follow optional ones, as in the service models, and nothing changes later."""
    mixed = Mixed(key="a")
    assert mixed.count is None
    with pytest.raises(AttributeError):
        mixed.key = "b"  # type: ignore[misc]  # that it cannot be set is the point
    with pytest.raises(TypeError):
        Mixed(1, "a")  # type: ignore[call-arg]  # that names are needed is the point
