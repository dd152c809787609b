"""Replies and errors as each protocol writes them, and as botocore reads them."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from botocore.model import StructureShape
from botocore.parsers import create_parser

from strongroom.errors import Fault
from strongroom.http_message import RawReply
from strongroom.wire.faults import render_fault, render_reply
from strongroom.wire.json_protocol import JSONProtocol
from strongroom.wire.query_protocol import QueryProtocol
from tests.wire.examples import GetSecretValueResponse

JSON = JSONProtocol("1.1")
QUERY = QueryProtocol()
NAMESPACE = "https://iam.amazonaws.com/doc/2010-05-08/"
REQUEST_ID = "5f0e7a5c-1d5a-4d7e-9c5e-3a1f0c3a9b11"
NOT_FOUND = Fault(
    "ResourceNotFoundException", "Secrets Manager can't find the specified secret.", cause="row 7"
)


def headers(reply: RawReply) -> dict[bytes, bytes]:
    """Give the headers of a reply, each of which occurs once."""
    assert len(dict(reply.headers)) == len(reply.headers)
    return dict(reply.headers)


def as_botocore_reads(reply: RawReply, protocol: str) -> dict[str, Any]:
    """Parse an error as boto3 does."""
    response = {
        "status_code": reply.status,
        "headers": {name.decode().lower(): value.decode() for name, value in reply.headers},
        "body": reply.body,
    }
    parsed: dict[str, Any] = create_parser(protocol).parse(
        response, StructureShape("Any", {"type": "structure", "members": {}})
    )
    return parsed


def test_a_modelled_error_of_secrets_manager_has_a_capital_message() -> None:
    """The body, the type header and the request id are those of the reference, the cause stays here."""
    reply = render_fault(NOT_FOUND, JSON, REQUEST_ID, message_member="Message")
    assert reply.status == 400
    assert reply.body == (
        b'{"__type":"ResourceNotFoundException",'
        b'"Message":"Secrets Manager can\'t find the specified secret."}'
    )
    assert headers(reply) == {
        b"x-amzn-RequestId": REQUEST_ID.encode(),
        b"Content-Type": b"application/x-amz-json-1.1",
        b"x-amzn-ErrorType": b"ResourceNotFoundException",
    }


def test_an_error_of_the_front_door_has_a_small_message() -> None:
    """Errors that no service models, and KMS's own, write ``message``."""
    reply = render_fault(Fault("UnrecognizedClientException", "Invalid."), JSON, REQUEST_ID)
    assert json.loads(reply.body) == {"__type": "UnrecognizedClientException", "message": "Invalid."}


@pytest.mark.parametrize("protocol", ["json", "query"])
@pytest.mark.parametrize("status", [400, 403, 500])
def test_botocore_reads_code_message_and_request_id(protocol: str, status: int) -> None:
    """What boto3 shows is what the fault says, markup and line ends included."""
    fault = Fault("SomeCode", 'a <b> & "c"\r\n\u2028é', status=status)
    wire = JSON if protocol == "json" else QUERY
    parsed = as_botocore_reads(render_fault(fault, wire, REQUEST_ID, namespace=NAMESPACE), protocol)
    assert parsed["Error"]["Code"] == "SomeCode"
    assert parsed["Error"]["Message"] == fault.message
    assert parsed["ResponseMetadata"]["RequestId"] == REQUEST_ID
    assert parsed["ResponseMetadata"]["HTTPStatusCode"] == status


@pytest.mark.parametrize(
    ("status", "blamed"), [(400, "Sender"), (404, "Sender"), (409, "Sender"), (500, "Receiver")]
)
def test_the_query_protocol_says_who_is_to_blame(status: int, blamed: str) -> None:
    """Client faults name the sender, server faults the receiver."""
    reply = render_fault(
        Fault("NoSuchEntity", "Gone.", status=status), QUERY, REQUEST_ID, namespace=NAMESPACE
    )
    assert reply.body.decode() == (
        f'<ErrorResponse xmlns="{NAMESPACE}">\n'
        f"  <Error><Type>{blamed}</Type><Code>NoSuchEntity</Code><Message>Gone.</Message></Error>\n"
        f"  <RequestId>{REQUEST_ID}</RequestId>\n"
        "</ErrorResponse>\n"
    )
    assert headers(reply)[b"Content-Type"] == b"text/xml"
    assert headers(reply)[b"x-amzn-RequestId"] == REQUEST_ID.encode()


def test_control_characters_in_a_message_leave_the_xml_well_formed() -> None:
    """What XML cannot hold is replaced, so that a client still reads the code."""
    reply = render_fault(Fault("SomeCode", "a\x00\x1b]]>\uffff"), QUERY, REQUEST_ID)
    assert [element.text for element in ElementTree.fromstring(reply.body).iter("Message")] == [
        "a\ufffd\ufffd]]>\ufffd"
    ]


def test_a_fault_without_a_message_is_written_without_one() -> None:
    """Unknown operations have a code and nothing else."""
    fault = Fault("UnknownOperationException", "")
    assert render_fault(fault, JSON, REQUEST_ID).body == b'{"__type":"UnknownOperationException"}'
    assert b"Message" not in render_fault(fault, QUERY, REQUEST_ID).body


def test_the_cause_of_a_fault_is_not_written() -> None:
    """What operators may know does not reach the client."""
    for wire in (JSON, QUERY):
        reply = render_fault(NOT_FOUND, wire, REQUEST_ID)
        assert b"row 7" not in reply.body + b"".join(value for _, value in reply.headers)


def test_x04_secrets_are_not_stored_by_caches() -> None:
    """A reply that holds a secret says so when asked, and only then."""
    response = GetSecretValueResponse(name="db", secret_string="s")
    reply = render_reply(response, JSON, REQUEST_ID, no_store=True)
    assert reply.status == 200
    assert reply.body == b'{"Name":"db","SecretString":"s"}'
    assert headers(reply) == {
        b"x-amzn-RequestId": REQUEST_ID.encode(),
        b"Content-Type": b"application/x-amz-json-1.1",
        b"Cache-Control": b"no-store",
    }
    assert b"Cache-Control" not in headers(render_reply(response, JSON, REQUEST_ID))


def test_replies_of_the_query_protocol_name_operation_and_request() -> None:
    """The same function writes XML for the services that speak it."""
    reply = render_reply(None, QUERY, REQUEST_ID, operation="DeleteUser", namespace=NAMESPACE)
    assert reply.body == QUERY.render("DeleteUser", None, NAMESPACE, REQUEST_ID)
    assert headers(reply) == {b"x-amzn-RequestId": REQUEST_ID.encode(), b"Content-Type": b"text/xml"}
