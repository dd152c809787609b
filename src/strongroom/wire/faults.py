"""The one place that writes replies, and above all errors, in the form of each protocol.

::

    AWS JSON    {"__type":"ResourceNotFoundException","Message":"..."}          x-amzn-ErrorType: <code>
    REST JSON   {"Type":"User","Message":"..."}                                 x-amzn-ErrorType: <code>
    query       <ErrorResponse xmlns="..."><Error><Type>Sender</Type><Code>..</Code><Message>..</Message>
                </Error><RequestId>..</RequestId></ErrorResponse>

Rules:
 - Every reply carries ``x-amzn-RequestId``.
 - The client gets the code and the message of the fault; its ``cause`` is for operators and stays here.
 - A fault without a message is written without one, as AWS does for unknown operations.
 - A reply that holds a secret is marked ``Cache-Control: no-store`` (threat model X-04): the caller asks.

Source: Secrets Manager reference 1.1; identity reference 0.
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import msgspec

from strongroom.errors import Fault
from strongroom.http_message import Header, RawReply
from strongroom.wire.json_protocol import JSONProtocol
from strongroom.wire.query_protocol import QueryProtocol, escape
from strongroom.wire.rest_json import Binding, RestJSONProtocol
from strongroom.wire.shapes import Shape

Protocol = JSONProtocol | QueryProtocol | RestJSONProtocol
"""The protocols that replies can be written in."""

MessageMember = Literal["Message", "message"]
"""The name of the text in a JSON error: ``Message`` for errors that Secrets Manager models and for denials,
``message`` for those of the front door (signature, protocol) and of KMS."""

_NO_STORE: Header = (b"Cache-Control", b"no-store")


def render_reply(
    response: Shape | None,
    protocol: JSONProtocol | QueryProtocol,
    request_id: str,
    *,
    operation: str = "",
    namespace: str = "",
    no_store: bool = False,
) -> RawReply:
    """Write the answer to a request that succeeded.

    Args:
        response: The output; ``None`` for an operation without one.
        protocol: The protocol of the request.
        request_id: The id of the request.
        operation: Name of the operation; the query protocol writes it.
        namespace: XML namespace of the service; the query protocol writes it.
        no_store: Whether no cache may keep the reply.
    """
    if isinstance(protocol, JSONProtocol):
        body = protocol.render(response)
    else:
        body = protocol.render(operation, response, namespace, request_id)
    request_header = b"x-amzn-RequestId", request_id.encode("ascii")
    content_type = _content_type(protocol.content_type)
    headers = (request_header, content_type, _NO_STORE) if no_store else (request_header, content_type)
    return RawReply(200, headers, body)


def render_rest_reply(
    response: Shape | None,
    binding: Binding,
    protocol: RestJSONProtocol,
    request_id: str,
    *,
    no_store: bool = False,
) -> RawReply:
    """Write the answer to a REST request that succeeded; the binding says what stands in its headers."""
    status, held, body = protocol.render(binding, response)
    headers = (
        (b"x-amzn-RequestId", request_id.encode("ascii")),
        (b"Content-Type", binding.reply_type.encode("ascii")),
    )
    own = tuple((name.encode("ascii"), value.encode("latin-1")) for name, value in held.items())
    return RawReply(
        status=status, headers=(*headers, *own, _NO_STORE) if no_store else (*headers, *own), body=body
    )


def render_fault(
    fault: Fault,
    protocol: Protocol,
    request_id: str,
    *,
    namespace: str = "",
    message_member: MessageMember = "message",
) -> RawReply:
    """Write the answer to a request that failed.

    Args:
        fault: What went wrong.
        protocol: The protocol of the request.
        request_id: The id of the request.
        namespace: XML namespace of the service; the query protocol writes it.
        message_member: How the JSON protocols name the text.
    """
    if isinstance(protocol, JSONProtocol):
        members = {"__type": fault.code}
        if fault.message:
            members[message_member] = fault.message
        body = msgspec.json.encode(members)
    elif isinstance(protocol, RestJSONProtocol):
        members = {"Type": "Service" if fault.is_server_fault else "User", **(fault.details or {})}
        if fault.message:
            members[message_member] = fault.message
        body = msgspec.json.encode(members)
    else:
        body = _error_xml(fault, namespace, request_id)
    error_type = (b"x-amzn-ErrorType", fault.code.encode("ascii"))
    return RawReply(status=fault.status, headers=(*_headers(protocol, request_id), error_type), body=body)


def _headers(protocol: Protocol, request_id: str) -> tuple[Header, Header]:
    return (
        (b"x-amzn-RequestId", request_id.encode("ascii")),
        _content_type(protocol.content_type),
    )


@cache
def _content_type(name: str) -> Header:
    return b"Content-Type", name.encode("ascii")


def _error_xml(fault: Fault, namespace: str, request_id: str) -> bytes:
    blamed = "Receiver" if fault.is_server_fault else "Sender"
    message = f"<Message>{escape(fault.message)}</Message>" if fault.message else ""
    return (
        f'<ErrorResponse xmlns="{escape(namespace)}">\n'
        f"  <Error><Type>{blamed}</Type><Code>{escape(fault.code)}</Code>{message}</Error>\n"
        f"  <RequestId>{escape(request_id)}</RequestId>\n"
        "</ErrorResponse>\n"
    ).encode()
