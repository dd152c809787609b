"""The bytes of a record."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

import pytest

from strongroom.audit.errors import UnrecordableValue
from strongroom.audit.record import (
    MAX_RECORD_BYTES,
    Resource,
    SessionAttributes,
    SessionContext,
    SessionIssuer,
    TLSDetails,
    UserIdentity,
    encode_record,
)

from .places import ACCOUNT, ALICE, REGION, SECRET_ARN, event, record

EVENT_ID = "11111111-0000-4000-8000-000000000000"


class Colour(StrEnum):
    """A subclass of str, as a type that hides a secret might be."""

    RED = "red"


def test_a_read_has_exactly_the_fields_of_a_recorded_get_secret_value() -> None:
    """The field set is the one that a published log of AWS shows for GetSecretValue."""
    details = TLSDetails("TLSv1.3", "TLS_AES_128_GCM_SHA256", "secretsmanager.eu-central-1.amazonaws.com")
    assert json.loads(encode_record(event(tls=details), EVENT_ID)) == {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": ALICE.principal_id,
            "arn": ALICE.arn,
            "accountId": ACCOUNT,
            "accessKeyId": ALICE.access_key_id,
            "userName": "Alice",
        },
        "eventTime": "2026-01-02T03:04:05Z",
        "eventSource": "secretsmanager.amazonaws.com",
        "eventName": "GetSecretValue",
        "awsRegion": REGION,
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2.0",
        "requestParameters": {"secretId": SECRET_ARN},
        "responseElements": None,
        "requestID": "00000000-0000-4000-8000-000000000000",
        "eventID": EVENT_ID,
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
        "tlsDetails": {
            "tlsVersion": "TLSv1.3",
            "cipherSuite": "TLS_AES_128_GCM_SHA256",
            "clientProvidedHostHeader": "secretsmanager.eu-central-1.amazonaws.com",
        },
    }


def test_parameters_and_response_are_present_even_when_null() -> None:
    """Both members are always there."""
    decoded = json.loads(encode_record(event(request_parameters=None), EVENT_ID))
    assert decoded["requestParameters"] is None
    assert decoded["responseElements"] is None
    assert "resources" not in decoded


def test_a_failed_call_carries_code_and_message() -> None:
    """What the client saw stands in the record."""
    decoded = json.loads(encode_record(event(error_code="AccessDenied", error_message="no"), EVENT_ID))
    assert (decoded["errorCode"], decoded["errorMessage"]) == ("AccessDenied", "no")


def test_an_assumed_role_has_its_session_context() -> None:
    """The nested names are AWS's."""
    issuer = SessionIssuer("Role", "AROAEXAMPLE", f"arn:aws:iam::{ACCOUNT}:role/R", ACCOUNT, "R")
    context = SessionContext(issuer, {}, SessionAttributes("false", "2026-01-02T03:00:00Z"))
    identity = UserIdentity("AssumedRole", "AROAEXAMPLE:s", account_id=ACCOUNT, session_context=context)
    decoded = json.loads(encode_record(event(identity=identity), EVENT_ID))["userIdentity"]
    assert decoded["sessionContext"] == {
        "sessionIssuer": {
            "type": "Role",
            "principalId": "AROAEXAMPLE",
            "arn": f"arn:aws:iam::{ACCOUNT}:role/R",
            "accountId": ACCOUNT,
            "userName": "R",
        },
        "webIdFederationData": {},
        "attributes": {"mfaAuthenticated": "false", "creationDate": "2026-01-02T03:00:00Z"},
    }


def test_resources_keep_the_upper_case_arn() -> None:
    """KMS names its key under "ARN"."""
    entry = Resource(ACCOUNT, "AWS::KMS::Key", "arn:aws:kms:x")
    decoded = json.loads(encode_record(event(resources=(entry,)), EVENT_ID))
    assert decoded["resources"] == [{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": "arn:aws:kms:x"}]


@pytest.mark.parametrize(
    "value", [b"secret", bytearray(b"s"), memoryview(b"s"), 1.5, None, {1, 2}, (1,), object(), Colour.RED]
)
@pytest.mark.parametrize(
    "member", ["request_parameters", "response_elements", "additional_event_data", "service_event_details"]
)
def test_l03_other_types_than_the_five_are_refused(member: str, value: object) -> None:
    """Bytes and everything unforeseen are refused at every depth, and the refusal does not quote them."""
    shapes: tuple[Any, ...] = ({"a": value}, {"a": [value]}, {"a": {"b": [{"c": value}]}})
    for parameters in shapes:
        with pytest.raises(UnrecordableValue) as refusal:
            encode_record(event(0, **{member: parameters}), EVENT_ID)
        assert "secret" not in str(refusal.value)


def test_l03_names_of_members_are_texts() -> None:
    """A member's name of another type is refused."""
    with pytest.raises(UnrecordableValue):
        encode_record(event(request_parameters={b"a": "b"}), EVENT_ID)


def test_texts_that_are_no_utf8_are_refused_with_a_domain_error() -> None:
    """A lone surrogate ends in UnrecordableValue, and the text is not quoted."""
    with pytest.raises(UnrecordableValue) as refusal:
        encode_record(event(request_parameters={"a": "canary\ud800"}), EVENT_ID)
    assert "canary" not in str(refusal.value)


def test_endless_nesting_is_refused() -> None:
    """Depth is bounded."""
    deep: list[object] = []
    for _ in range(100):
        deep = [deep]
    with pytest.raises(UnrecordableValue):
        encode_record(event(request_parameters={"a": deep}), EVENT_ID)


def test_user_agent_and_error_message_are_cut_to_one_kilobyte() -> None:
    """The cut counts bytes and splits no character."""
    text = "é" * 1000
    decoded = json.loads(encode_record(event(user_agent=text, error_message=text), EVENT_ID))
    assert decoded["userAgent"] == decoded["errorMessage"] == "é" * 512


def test_parts_over_their_limit_are_left_out() -> None:
    """A huge request is recorded without its parameters; the record stays bounded."""
    huge = {"a": "x" * 200_000}
    encoded = encode_record(
        event(request_parameters=huge, response_elements=huge, additional_event_data=huge), EVENT_ID
    )
    assert len(encoded) < MAX_RECORD_BYTES
    decoded = json.loads(encoded)
    assert decoded["requestParameters"] is None
    assert decoded["responseElements"] is None
    assert "additionalEventData" not in decoded


def test_a_record_is_one_line() -> None:
    """Line breaks of the client are escaped: it cannot write lines of its own into the journal."""
    assert b"\n" not in record(user_agent="a\nR 2 2 x\r\n", request_parameters={"a\n": "b\n"})
