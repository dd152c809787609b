"""Large request bodies: which requests may bring one, and how many at a time (J-06, Z-02).

Rules:
 - Only the operations listed here may send more than the limit of all others, and only when the head names an access
   key that exists. Whether the signature is true is known when the body is there.
 - A few at a time: what they take of the memory is bounded. A place is given back with the answer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from strongroom.errors import Fault
from strongroom.gateway.exchange import Exchange, ReplyWriter
from strongroom.gateway.framing import Head, Refusal, Refused
from strongroom.gateway.routing import Route
from strongroom.gateway.speech import fault_reply
from strongroom.http_message import RawReply, RawRequest

MOST_AT_ONCE: Final = 4
CODE_BYTES: Final = 70_167_211
INVOKE_BYTES: Final = 6_291_456
_LIMITS: Final = {
    "CreateFunction": CODE_BYTES,
    "UpdateFunctionCode": CODE_BYTES,
    "PublishLayerVersion": CODE_BYTES,
    "Invoke": INVOKE_BYTES,
}
"""By operation of Lambda, the largest body in bytes.

Source: Lambda developer guide, "Lambda quotas"; audit reference 5.2, 5.4.
"""
_TARGETS: Final = {b"Logs_20140328.PutLogEvents": 6_291_456}
"""By target header, the largest body in bytes. A mebibyte of messages takes up to six times as much in JSON."""


class UploadDesk:
    """Lets large bodies in.

    Args:
        find_route: Finds the route of a head: method, path, query.
        knows: Whether the key that a head names exists.
    """

    def __init__(
        self, find_route: Callable[[bytes, bytes, bytes], Route], knows: Callable[[RawRequest], bool]
    ) -> None:
        self._find_route = find_route
        self._knows = knows
        self.held = 0

    def admit(self, head: Head) -> None:
        """Give a place to a body that is larger than others may be.

        Raises:
            Refused: The request may not bring it, or no place is free.
        """
        route, most = self._limit_of(head)
        if not self._knows(_head_alone(head)):
            raise Refused(Refusal.BODY_TOO_LARGE)
        if head.content_length > most:
            raise Refused(Refusal.BODY_TOO_LARGE, None if route is None else _too_large(route, most))
        if self.held >= MOST_AT_ONCE:
            raise Refused(Refusal.BUFFERS_FULL)
        self.held += 1

    def _limit_of(self, head: Head) -> tuple[Route | None, int]:
        """Find how much the operation of a head may bring; its route where Lambda words the refusal of more."""
        most = _TARGETS.get(head.named.get(b"x-amz-target", b""))
        if most is not None:
            return None, most
        try:
            route = self._find_route(head.method, head.path, head.query)
        except Fault:
            raise Refused(Refusal.BODY_TOO_LARGE) from None
        most = _LIMITS.get(route.name) if route.service.name == "lambda" else None
        if most is None:
            raise Refused(Refusal.BODY_TOO_LARGE)
        return route, most

    def release(self) -> None:
        """Take a place back."""
        self.held -= 1


class ReleasingWriter:
    """Gives the place of a large body back when its request is answered."""

    def __init__(self, writer: ReplyWriter, desk: UploadDesk) -> None:
        self._writer = writer
        self._desk = desk

    def answer(self, exchange: Exchange, reply: RawReply) -> None:
        """Hand the reply on."""
        self._writer.answer(exchange, reply)
        self._desk.release()


def _head_alone(head: Head) -> RawRequest:
    return RawRequest(head.method, head.path, head.query, head.headers, b"", "", False, "", head.named)


def _too_large(route: Route, most: int) -> RawReply:
    code = "RequestTooLargeException" if route.name == "Invoke" else "RequestEntityTooLargeException"
    name = "InvokeFunction" if route.name == "Invoke" else route.name
    text = f"Request must be smaller than {most} bytes for the {name} operation"
    reply = fault_reply(route, Fault(code, text, status=413), "")
    kept = tuple(header for header in reply.headers if header[0] != b"x-amzn-RequestId")
    return msgspec.structs.replace(reply, headers=kept, close=True)
