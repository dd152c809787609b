"""The texts of constraint violations, compared with what AWS was recorded to say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest

from strongroom.wire.constraints import MAX_MESSAGE_BYTES, Wording, checked, violation_message
from strongroom.wire.problems import ConstraintViolations
from strongroom.wire.shapes import SENSITIVE, Shape, limits, within
from tests.wire.examples import Everything, ListSecretsRequest, PutSecretValueRequest


class Target(Shape):
    """A target of an EventBridge rule."""

    id: Annotated[str, limits(1, 64, pattern=r"[\.\-_A-Za-z0-9]+")]


class Request(Shape):
    """The members about which texts of several services are recorded."""

    password_length: Annotated[int, within(1, 4096)] | None = None
    number_of_bytes: Annotated[int, within(1, 1024)] | None = None
    plaintext: Annotated[bytes, limits(1, 4096), SENSITIVE] | None = None
    role_session_name: Annotated[str, limits(2, 64, pattern=r"[\w+=,.@-]*")] | None = None
    version_id: Annotated[str, limits(pattern=r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?")] | None = None
    state_value: Literal["INSUFFICIENT_DATA", "ALARM", "OK"] | None = None
    targets: Annotated[list[Target], limits(1, 100)] | None = None
    stages: Annotated[list[Annotated[str, limits(1, 3, pattern="[a-z]+")]], limits(1, 2)] | None = None
    kinds: list[Literal["A", "B"]] | None = None
    tags: Annotated[dict[Annotated[str, limits(1, 2)], Annotated[str, limits(0, 2)]], limits(1, 2)] | None = (
        None
    )
    passwords: list[Annotated[str, limits(3), SENSITIVE]] | None = None
    blobs: list[Annotated[bytes, limits(3)]] | None = None


class Required(Shape):
    """A request with required members."""

    secret_id: Annotated[str, limits(1, 2048)]
    token: Annotated[str, SENSITIVE]
    context: dict[str, str]


RECORDED = [
    # Secrets Manager reference 11.
    ({"PasswordLength": 5000}, "Value '5000' at 'passwordLength' failed to satisfy constraint: "
     "Member must have value less than or equal to 4096"),
    # Identity reference 6.2 (KMS) and 5.1 (STS).
    ({"NumberOfBytes": 0}, "Value '0' at 'numberOfBytes' failed to satisfy constraint: "
     "Member must have value greater than or equal to 1"),
    ({"Plaintext": bytes(4097)}, "Value at 'plaintext' failed to satisfy constraint: "
     "Member must have length less than or equal to 4096"),
    ({"RoleSessionName": "Session1:2"}, "Value 'Session1:2' at 'roleSessionName' failed to satisfy "
     "constraint: "
     r"Member must satisfy regular expression pattern: [\w+=,.@-]*"),
    # Audit reference 4.2 (CloudWatch) and 2.1 (EventBridge).
    ({"StateValue": "INVALID"}, "Value 'INVALID' at 'stateValue' failed to satisfy constraint: "
     "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"),
    ({"Targets": [{"Id": "a"}, {"Id": "!"}]}, "Value '!' at 'targets.2.member.id' failed to satisfy "
     "constraint: "
     r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "words"), RECORDED)
def test_texts_are_those_that_aws_was_recorded_to_say(document: dict[str, Any], words: str) -> None:
    """Each recorded text is built letter for letter."""
    assert violation_message(document, Request, Wording.WITH_VALUE) == f"1 validation error detected: {words}"
    with pytest.raises(ConstraintViolations) as caught:
        checked(document, Request, Wording.WITH_VALUE)
    assert caught.value.message == f"1 validation error detected: {words}"


def test_filter_keys_are_refused_as_secrets_manager_does() -> None:
    """The place of a member in a list of structures counts from 1."""
    assert violation_message({"Filters": [{"Key": "invalid"}]}, ListSecretsRequest, Wording.WITH_VALUE) == (
        "1 validation error detected: Value 'invalid' at 'filters.1.member.key' failed to satisfy "
        "constraint: "
        "Member must satisfy enum value set: "
        "[all, name, tag-key, description, tag-value, primary-region, owning-service]"
    )


def test_iam_texts_leave_the_value_out() -> None:
    """The wording without values prints only the place."""
    assert violation_message({"VersionId": "1"}, Request, Wording.WITHOUT_VALUE) == (
        "1 validation error detected: Value at 'versionId' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: v[1-9][0-9]*(\.[A-Za-z0-9-]*)?"
    )


def test_all_violations_are_listed_in_the_order_of_the_shape() -> None:
    """Several are joined by semicolons, and the count leads them."""
    document = {"RoleSessionName": "!", "PasswordLength": 0}
    assert violation_message(document, Request, Wording.WITH_VALUE) == (
        "3 validation errors detected: "
        "Value '0' at 'passwordLength' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1; "
        "Value '!' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*; "
        "Value '!' at 'roleSessionName' failed to satisfy constraint: "
        "Member must have length greater than or equal to 2"
    )


def test_missing_members_are_null() -> None:
    """A required member that is absent is named; a secret one without ``null``, as every secret value."""
    assert violation_message({}, Required, Wording.WITH_VALUE) == (
        "3 validation errors detected: "
        "Value null at 'secretId' failed to satisfy constraint: Member must not be null; "
        "Value at 'token' failed to satisfy constraint: Member must not be null; "
        "Value null at 'context' failed to satisfy constraint: Member must not be null"
    )


def test_simple_elements_are_reported_with_the_whole_and_all_their_constraints() -> None:
    """A list of texts is quoted whole; maps name keys or values; the list's own limits come first."""
    element = (
        "[Member must have length less than or equal to 3, "
        "Member must have length greater than or equal to 1, "
        "Member must satisfy regular expression pattern: [a-z]+]"
    )
    assert violation_message({"Stages": ["a", "", "ABCD"]}, Request, Wording.WITH_VALUE) == (
        "2 validation errors detected: "
        "Value '[a, , ABCD]' at 'stages' failed to satisfy "
        "constraint: Member must have length less than or equal to 2; "
        f"Value '[a, , ABCD]' at 'stages' failed to satisfy "
        f"constraint: Member must satisfy constraint: {element}"
    )
    assert violation_message({"Kinds": ["A", "C"]}, Request, Wording.WITH_VALUE) == (
        "1 validation error detected: Value '[A, C]' at 'kinds' failed to satisfy constraint: "
        "Member must satisfy constraint: [Member must satisfy enum value set: [A, B]]"
    )
    assert violation_message({"Tags": {"abc": "abc"}}, Request, Wording.WITH_VALUE) == (
        "2 validation errors detected: Value at 'tags' failed to satisfy "
        "constraint: Map keys must satisfy constraint: "
        "[Member must have length less than or equal to 2, "
        "Member must have length greater than or equal to 1]; "
        "Value at 'tags' failed to satisfy constraint: Map value must satisfy constraint: "
        "[Member must have length less than or equal to 2, "
        "Member must have length greater than or equal to 0]"
    )


@pytest.mark.parametrize("wording", Wording)
def test_j05_x01_secrets_and_blobs_are_never_quoted(wording: Wording) -> None:
    """Sensitive members, alone or in lists, and blobs are named without their value."""
    document = {
        "SecretId": "a",
        "SecretString": "canary!" * 20_000,
        "RotationToken": "canary!",
        "SecretBinary": b"",
    }
    message = violation_message(document, PutSecretValueRequest, wording)
    assert message is not None
    assert message.startswith("4 validation errors detected: Value at 'secretBinary'")
    assert "canary" not in message
    for name, value in (("Passwords", ["xy"]), ("Blobs", [b"xy"])):
        message = violation_message({name: value}, Request, wording)
        assert message is not None
        assert "xy" not in message


@pytest.mark.parametrize(
    ("value", "quoted"),
    [
        ("!" * 129, "!" * 128 + "..."),
        ("!" * 128, "!" * 128),
        ("a!\nforged log line", "a!..."),
        ("\x1b[31m!", "..."),
        ("a\u202eb", "a..."),
        ("\u2028", "..."),
    ],
)
def test_quoted_values_are_cut(value: str, quoted: str) -> None:
    """Long values end at 128 characters, and none reaches past its first character that does not print."""
    message = violation_message({"VersionId": value}, Request, Wording.WITH_VALUE)
    assert message is not None
    assert message.startswith(f"1 validation error detected: Value '{quoted}' at 'versionId'")


@pytest.mark.parametrize("letter", ["!", "é!", "😀"])
def test_a_message_stays_below_a_kilobyte_and_counts_all(letter: str) -> None:
    """A hundred violations are counted, but not all of them are spelled out."""
    message = violation_message({"Targets": [{"Id": letter * 40}] * 100}, Request, Wording.WITH_VALUE)
    assert message is not None
    assert message.startswith(
        "100 validation errors detected: " if len(letter) == 1 else "200 validation errors"
    )
    assert MAX_MESSAGE_BYTES - 4 <= len(message.encode()) <= MAX_MESSAGE_BYTES
    assert message.endswith("...")


def test_j05_a_blob_that_is_no_secret_is_not_quoted_either() -> None:
    """Bytes have no form in a text."""
    assert violation_message({"Blob": b"x" * 65}, Everything, Wording.WITH_VALUE) == (
        "1 validation error detected: Value at 'blob' failed to satisfy constraint: "
        "Member must have length less than or equal to 64"
    )


def test_map_keys_are_reported_with_all_their_constraints() -> None:
    """A key that breaks a constraint is reported with the whole map."""
    assert violation_message({"Context": {"k" * 9: "v"}}, Everything, Wording.WITH_VALUE) == (
        "1 validation error detected: Value at 'context' failed to satisfy constraint: Map keys must satisfy "
        "constraint: [Member must have length less than or equal to 8, "
        "Member must have length greater than or equal to 1]"
    )
