"""What the edge and the application behind it say to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from strongroom.errors import StrongroomError
from strongroom.http_message import RawReply, RawRequest


class AlreadyAnswered(StrongroomError):
    """An exchange was answered twice: a defect of the application."""


class ReplyWriter(Protocol):
    """The connection of an exchange, as far as the exchange knows it."""

    def answer(self, exchange: Exchange, reply: RawReply) -> None:
        """Frame the reply and send it as soon as those before it were sent."""


class Exchange(msgspec.Struct, eq=False):
    """One request and the place its reply goes.

    Attributes:
        request: What arrived.
        writer: Takes the reply.
        is_last: Whether the connection ends after this reply.
        framed: The reply as bytes, once there is one; written by the connection.
    """

    request: RawRequest
    writer: ReplyWriter
    is_last: bool
    framed: bytes | None = None

    def __repr__(self) -> str:
        return f"Exchange({self.request!r})"  # a reply may hold a secret

    def respond(self, reply: RawReply) -> None:
        """Give the reply; on the loop's thread, exactly once. It reaches nobody when the client has gone.

        Raises:
            AlreadyAnswered: On the second call.
            UnframableReply: The reply cannot be written as one; the exchange still waits for another.
        """
        if self.framed is not None:
            raise AlreadyAnswered(self.request.request_id)
        self.writer.answer(self, reply)


class Application(Protocol):
    """What stands behind the edge."""

    def handle_batch(self, exchanges: Sequence[Exchange]) -> None:
        """Take all requests that one loop iteration completed; each is answered now or later."""
