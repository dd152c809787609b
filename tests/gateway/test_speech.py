"""The words of a service for what the gateway finds before anybody is let in."""

from __future__ import annotations

import pytest

from strongroom.errors import Fault
from strongroom.gateway.routing import Route
from strongroom.gateway.speech import front_door_reply
from strongroom.services.table import SERVICES

BROKEN = Fault("InternalServiceError", "An error occurred on the server side.", status=500)


@pytest.mark.parametrize(
    ("service", "body"),
    [
        (
            "secretsmanager",
            b'{"__type":"InternalServiceError","message":"An error occurred on the server side."}',
        ),
        ("iam", b"<Type>Receiver</Type><Code>InternalFailure</Code>"),
    ],
)
def test_a_store_that_fails_before_the_signature_is_worded_by_the_service(service: str, body: bytes) -> None:
    """The code, the protocol and the namespace are those of the service that was asked."""
    found = next(entry for entry in SERVICES if entry.name == service)
    protocol = "query" if found.protocol == "query" else "json-1.1"
    operation = found.operations[0]
    route = Route(found, operation, operation.name, protocol)
    reply = front_door_reply(BROKEN, "id-1", route=route, protocol="json-1.1")
    assert reply.status == 500
    assert body in reply.body
    assert found.namespace.encode() in reply.body


def test_what_has_no_service_is_worded_by_its_protocol() -> None:
    """Without a route there is no namespace to name, and the reply still carries the request id."""
    reply = front_door_reply(Fault("MissingAction", "x"), "id-1", route=None, protocol="query")
    assert b"<Code>MissingAction</Code>" in reply.body
    assert (b"x-amzn-RequestId", b"id-1") in reply.headers
