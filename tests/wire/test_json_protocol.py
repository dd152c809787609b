"""AWS JSON: requests in, responses out."""

from __future__ import annotations

import base64
import json
import traceback
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.wire.constraints import Wording, violation_message
from strongroom.wire.json_protocol import JSONProtocol
from strongroom.wire.problems import ConstraintViolations, SerializationProblem
from strongroom.wire.shapes import Shape, timestamp
from tests.wire.examples import (
    Everything,
    Filter,
    GetSecretValueRequest,
    GetSecretValueResponse,
    ListSecretsRequest,
    PutSecretValueRequest,
    Tag,
)

PROTOCOL = JSONProtocol("1.1")

fuzz = settings(deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])


class WithDefault(Shape):
    """A request whose optional members have defaults of their own."""

    max_results: int = 100
    names: tuple[str, ...] = ()
    is_deep: bool = False


def refusal(body: bytes | dict[str, Any], shape: type[Shape]) -> str:
    """Give the words with which a request is refused for its types."""
    with pytest.raises(SerializationProblem) as caught:
        PROTOCOL.parse(body if isinstance(body, bytes) else json.dumps(body).encode(), shape)
    return caught.value.message


def test_the_content_type_names_the_version() -> None:
    """Both versions of the protocol have their own content type."""
    assert PROTOCOL.content_type == "application/x-amz-json-1.1"
    assert JSONProtocol("1.0").content_type == "application/x-amz-json-1.0"


def test_a_request_becomes_its_shape() -> None:
    """Wire names become members; what was not sent is ``None``."""
    request = PROTOCOL.parse(b'{"SecretId":"prod/db","VersionStage":"AWSCURRENT"}', GetSecretValueRequest)
    assert request == GetSecretValueRequest(secret_id="prod/db", version_stage="AWSCURRENT")
    assert request.version_id is None


def test_an_empty_body_is_an_empty_object() -> None:
    """An operation without required members takes no body at all."""
    assert PROTOCOL.parse(b"", ListSecretsRequest) == PROTOCOL.parse(b"{}", ListSecretsRequest)
    with pytest.raises(ConstraintViolations, match="Value null at 'secretId'"):
        PROTOCOL.parse(b"", GetSecretValueRequest)


def test_unknown_members_are_ignored_at_every_depth() -> None:
    """AWS ignores what it does not know; the rest of the request counts."""
    body = b'{"Surprise":{"a":[1]},"Filters":[{"Key":"name","Values":["a"],"More":1}],"maxresults":7}'
    request = PROTOCOL.parse(body, ListSecretsRequest)
    assert request == ListSecretsRequest(filters=[Filter(key="name", values=["a"])])


def test_null_members_are_absent_members() -> None:
    """A ``null`` gives the default, whatever it is, and a ``null`` in a list is dropped."""
    body = b'{"MaxResults":null,"Names":["a",null,"b"],"IsDeep":null}'
    assert PROTOCOL.parse(body, WithDefault) == WithDefault(names=("a", "b"))
    assert PROTOCOL.parse(b'{"VersionId":null,"SecretId":"a"}', GetSecretValueRequest).version_id is None
    assert PROTOCOL.parse(b'{"Tags":null,"Context":{"a":null}}', Everything) == Everything(context={})
    with pytest.raises(ConstraintViolations, match="Value null at 'secretId'"):
        PROTOCOL.parse(b'{"SecretId":null}', GetSecretValueRequest)


@pytest.mark.parametrize(
    ("member", "value", "words"),
    [
        ("Text", 1, "NUMBER_VALUE can not be converted to a String"),
        ("Text", 1.5, "NUMBER_VALUE can not be converted to a String"),
        ("Text", True, "TRUE_VALUE can not be converted to a String"),
        ("Text", False, "FALSE_VALUE can not be converted to a String"),
        ("Text", ["x"], "Start of list found where not expected"),
        ("Text", {}, "Start of structure or map found where not expected."),
        ("Level", 1, "NUMBER_VALUE can not be converted to a String"),
        ("Number", "1", "STRING_VALUE can not be converted to an Integer"),
        ("Number", True, "TRUE_VALUE can not be converted to an Integer"),
        ("Number", 1.5, "NUMBER_VALUE can not be converted to an Integer"),
        ("Number", 1e300, "NUMBER_VALUE can not be converted to an Integer"),
        ("Ratio", "1", "STRING_VALUE can not be converted to a Double"),
        ("Ratio", False, "FALSE_VALUE can not be converted to a Double"),
        ("Instant", "2026-01-02T03:04:05Z", "STRING_VALUE can not be converted to a Double"),
        ("Flag", "true", "STRING_VALUE can not be converted to a Boolean"),
        ("Flag", 1, "NUMBER_VALUE can not be converted to a Boolean"),
        ("Blob", 1, "NUMBER_VALUE can not be converted to a String"),
        ("Names", "a", "Expected list or null"),
        ("Names", {"1": "a"}, "Start of structure or map found where not expected."),
        ("Names", [1], "NUMBER_VALUE can not be converted to a String"),
        ("Tags", [["a"]], "Start of list found where not expected"),
        ("Tags", ["a"], "Expected null"),
        ("Tags", [{"Key": 1, "Value": "v"}], "NUMBER_VALUE can not be converted to a String"),
        ("Context", "a", "Expected null"),
        ("Context", ["a"], "Start of list found where not expected"),
        ("Context", {"a": 1}, "NUMBER_VALUE can not be converted to a String"),
        ("Inner", True, "Expected null"),
        ("Inner", {"Inner": {"Text": 1}}, "NUMBER_VALUE can not be converted to a String"),
    ],
)
def test_j03_types_are_exact(member: str, value: Any, words: str) -> None:
    """No value is taken for another type, at any depth; the words are those of AWS."""
    assert refusal({member: value}, Everything) == words


def test_wrong_types_are_found_on_the_fast_path_too() -> None:
    """Shapes without blobs, which take the short way, end in the same words."""
    assert refusal({"SecretId": 1}, GetSecretValueRequest) == "NUMBER_VALUE can not be converted to a String"
    assert (
        refusal({"MaxResults": True}, ListSecretsRequest) == "TRUE_VALUE can not be converted to an Integer"
    )
    assert refusal(b"[]", GetSecretValueRequest) == "The top level is not an object."


def test_j03_a_whole_number_may_be_written_with_a_fraction() -> None:
    """``7.0`` and ``1e2`` are integers by value; an integer is a number where a decimal is wanted."""
    assert PROTOCOL.parse(b'{"MaxResults":7.0}', ListSecretsRequest).max_results == 7
    parsed = PROTOCOL.parse(b'{"Number":1e2,"Ratio":2,"Instant":3}', Everything)
    assert (parsed.number, parsed.ratio, parsed.instant) == (100, 2.0, 3.0)
    assert type(parsed.number) is int


@pytest.mark.parametrize(
    "text",
    [
        "Zm9v\n",
        " Zm9v",
        "Zm9v=",
        "Zm9",
        "Zm8",
        "Zm9=",
        "Zh==",
        "Z===",
        "=",
        "Zm-_",
        "Zm9vé",
        "Zm9v====",
        "Zg==Zg==",
    ],
)
def test_j04_blobs_have_one_spelling(text: str) -> None:
    """Blanks, missing or extra padding, other alphabets and stray bits are refused."""
    words = "A blob is not base64 in its canonical form."
    assert refusal({"SecretId": "a", "SecretBinary": text}, PutSecretValueRequest) == words


def test_j04_blobs_are_decoded_once() -> None:
    """The length that counts is that of the bytes."""
    body = json.dumps({"SecretId": "a", "SecretBinary": base64.b64encode(bytes(65536)).decode()}).encode()
    assert PROTOCOL.parse(body, PutSecretValueRequest).secret_binary == bytes(65536)
    longer = json.dumps({"SecretId": "a", "SecretBinary": base64.b64encode(bytes(65537)).decode()}).encode()
    with pytest.raises(
        ConstraintViolations, match=r"Value at 'secretBinary' failed .* less than or equal to 65536"
    ):
        PROTOCOL.parse(longer, PutSecretValueRequest)


@pytest.mark.parametrize(
    ("body", "shape"),
    [
        (b'{"SecretId":["canary"]}', GetSecretValueRequest),
        (b'{"SecretId":"a","SecretString":["canary"]}', PutSecretValueRequest),
        (b'{"SecretId":"a","SecretBinary":"canary"}', PutSecretValueRequest),
        (b'{"SecretId":"a","SecretString":"canary","RotationToken":"canary"}', PutSecretValueRequest),
        (b'{"SecretId":"a","SecretString":"canary"', PutSecretValueRequest),
    ],
)
def test_j05_a_refusal_quotes_no_secret(body: bytes, shape: type[Shape]) -> None:
    """Neither the message nor the traceback nor a chained error holds a value."""
    with pytest.raises((SerializationProblem, ConstraintViolations)) as caught:
        PROTOCOL.parse(body, shape)
    assert "canary" not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


def test_a_response_is_written_without_its_absent_members() -> None:
    """Blobs are base64 once, instants numbers with milliseconds, and nothing is ``null``."""
    response = GetSecretValueResponse(
        arn="arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1b2c3",
        secret_binary=b"footest",
        version_stages=["AWSCURRENT"],
        created_date=timestamp(1523477145713),
    )
    assert PROTOCOL.render(response) == (
        b'{"ARN":"arn:aws:secretsmanager:us-east-1:123456789012:secret:db-a1b2c3","SecretBinary":"Zm9vdGVzdA==",'
        b'"VersionStages":["AWSCURRENT"],"CreatedDate":1523477145.713}'
    )


def test_an_operation_without_output_has_an_empty_body() -> None:
    """No output is no body; an output without members is an object."""
    assert PROTOCOL.render(None) == b""
    assert PROTOCOL.render(GetSecretValueResponse()) == b"{}"


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=50)
shapes = st.recursive(
    st.builds(
        Everything,
        text=st.none() | text,
        number=st.none() | st.integers(-10, 6000),
        ratio=st.none() | st.floats(allow_nan=False, allow_infinity=False),
        flag=st.none() | st.booleans(),
        instant=st.none() | st.integers(0, 10**13).map(timestamp),
        blob=st.none() | st.binary(max_size=80),
        tags=st.none() | st.lists(st.builds(Tag, key=text, value=text), max_size=6),
        names=st.none() | st.lists(st.text("ab", max_size=9), max_size=5),
        context=st.none() | st.dictionaries(st.text("ab", max_size=9), st.text("ab", max_size=9), max_size=9),
        level=st.none() | st.sampled_from(["OK", "ALARM", "ok"]),
    ),
    lambda inner: st.builds(Everything, inner=inner),
    max_leaves=3,
)


@fuzz
@given(shapes)
def test_what_is_written_is_read_back_or_breaks_a_constraint(shape: Everything) -> None:
    """Reading inverts writing; msgspec and the walk that words violations agree on what is valid."""
    body = PROTOCOL.render(shape)
    try:
        assert PROTOCOL.parse(body, Everything) == shape
    except ConstraintViolations as problem:
        assert "failed to satisfy constraint: M" in problem.message  # noqa: PT017  either outcome is right
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(json.loads(body), Everything)
    else:
        assert (
            violation_message(
                msgspec.to_builtins(shape, builtin_types=[bytes]), Everything, Wording.WITH_VALUE
            )
            is None
        )


members = st.sampled_from(
    [*Everything.__struct_encode_fields__, "SecretId", "Filters", "MaxResults", "Key", "x"]
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["Zg==", "OK"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(members, inner, max_size=4),
)


@fuzz
@given(
    st.binary() | st.dictionaries(members, anything).map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [Everything, GetSecretValueRequest, PutSecretValueRequest, ListSecretsRequest, WithDefault]
    ),
)
def test_any_body_gives_a_request_or_one_of_the_two_problems(body: bytes, shape: type[Shape]) -> None:
    """No other error leaves the protocol, and no violation stays without its words."""
    try:
        parsed = PROTOCOL.parse(body, shape)
    except (SerializationProblem, ConstraintViolations) as problem:
        assert problem.message != "The request does not have the form of the operation."  # noqa: PT017  as above
        assert len(problem.message.encode()) <= 1000  # noqa: PT017
    else:
        assert isinstance(parsed, shape)
