"""The request that is arriving on a connection: its bytes, and how far they were read.

Rules (threat model S-10, J-06, Z-01):
 - A head that is not whole is looked at as it comes, each byte once; one that cannot become a head ends it at once.
 - The bytes of unfinished bodies are counted over all connections; a large body has a place of its own instead.
 - Time runs from the first byte of a head, and for a body from its head; each byte of a body buys its share of time,
   so that the average rate holds at every instant.

What this does not do: read from the client, answer, or end the connection.
"""

from __future__ import annotations

from typing import Final

from strongroom.gateway.framing import ChunkedBody, Head, Refusal, Refused, check_part_of_head
from strongroom.gateway.switchboard import Switchboard

NEVER: Final = float("inf")


class Arriving:
    """What has arrived and makes no whole request yet.

    Attributes:
        buffer: Bytes that were not taken yet.
        head: Of the request whose body is arriving; None before the head is whole.
        begun_at: When the unfinished head, or the unfinished body, began.
        owes_continue: Whether the client waits for our word before it sends the body.
        is_large: Whether the body holds a place for large ones.
    """

    __slots__ = (
        "_arrived",
        "_board",
        "_body",
        "_buffered",
        "_checked",
        "begun_at",
        "buffer",
        "head",
        "is_large",
        "owes_continue",
    )

    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.buffer: bytes | bytearray = b""
        self.head: Head | None = None
        self.begun_at = NEVER
        self.owes_continue = False
        self.is_large = False
        self._body: ChunkedBody | None = None
        self._checked = 0  # bytes of an unfinished head that were looked at
        self._arrived = 0  # bytes of an unfinished body
        self._buffered = 0  # our part of board.buffered_bytes

    def add(self, data: bytes) -> None:
        """Add to what has arrived."""
        if not self.buffer:
            self.buffer = data
            return
        if not isinstance(self.buffer, bytearray):
            self.buffer = bytearray(self.buffer)  # which grows and shrinks without a copy
        self.buffer += data

    def take_head(self, since: float) -> Head | None:
        """Take the head out of the buffer; None while it is not whole.

        Args:
            since: When what is in the buffer arrived; NEVER for now.

        Raises:
            Refused: It is none, or asks for what is not served.
        """
        board, buffer = self._board, self.buffer
        limits = board.limits
        end = buffer.find(b"\r\n\r\n", max(0, self._checked - 3), limits.max_header_bytes) + 4
        if end == 3:
            if len(buffer) >= limits.max_header_bytes:
                raise Refused(Refusal.HEAD_TOO_LARGE)
            check_part_of_head(buffer, self._checked)
            self._checked = len(buffer)
            if self.begun_at == NEVER:
                self.begun_at = min(since, board.now())
            return None
        head = board.heads.read(bytes(buffer[:end]), board.admit_large)
        self._drop(end)
        self._begin_body(head)
        self.begun_at = since
        return head

    def _begin_body(self, head: Head) -> None:
        """Go on to the body of a head; what has arrived of it is in the buffer."""
        self._checked = 0
        self.head = head
        self.is_large = head.content_length > self._board.limits.max_body_bytes  # so it was let in
        self.owes_continue = head.expects_continue and not self.buffer and head.content_length != 0
        if head.content_length < 0:
            self._body = ChunkedBody(self._board.limits.max_body_bytes)

    def take_body(self, head: Head) -> bytes | None:
        """Take the body out of the buffer; None while it is not whole.

        Raises:
            Refused: It is framed wrongly or too long, or the unfinished bodies of all clients fill their room.
        """
        length = head.content_length
        if self._body is not None:
            if not isinstance(self.buffer, bytearray):
                self.buffer = bytearray(self.buffer)
            body = self._body.read(self.buffer)
            if body is not None:
                return body
            self._arrived = len(self._body)
        elif length == 0:
            return b""
        elif len(self.buffer) >= length:
            if len(self.buffer) == length:  # a large one is not copied twice
                body = bytes(self.buffer)
                self.buffer = b""
                return body
            body = bytes(self.buffer[:length])
            self._drop(length)
            return body
        else:
            self._arrived = len(self.buffer)
        self._count_unfinished()
        return None

    def due_at(self) -> float:
        """When the client must have brought the rest of the head, or more of the body."""
        limits = self._board.limits
        if self.head is None:
            return self.begun_at + limits.header_timeout_s
        return self.begun_at + limits.body_grace_s + self._arrived / limits.body_min_rate

    def finish(self) -> None:
        """Note that the request is whole; what follows it stays in the buffer."""
        self.head = None
        self._body = None
        self.owes_continue = False
        self.begun_at = NEVER
        if self._buffered:
            self._release_buffered()

    def forget(self) -> None:
        """Drop what has arrived, and give back the room that it took."""
        self.buffer = b""
        self.head = None
        self._body = None
        self.owes_continue = False
        self._release_buffered()
        if self.is_large:
            self.is_large = False
            desk = self._board.uploads
            assert desk is not None, "nobody else lets a large body in"
            desk.release()

    def _count_unfinished(self) -> None:
        board = self._board
        if not self.is_large:  # which has a place of its own
            board.buffered_bytes += self._arrived - self._buffered
            self._buffered = self._arrived
        if board.buffered_bytes > board.limits.max_buffered_bytes:
            raise Refused(Refusal.BUFFERS_FULL)
        if self.begun_at == NEVER:
            self.begun_at = board.now()

    def _drop(self, count: int) -> None:
        if isinstance(self.buffer, bytearray):
            del self.buffer[:count]
        else:
            self.buffer = self.buffer[count:]

    def _release_buffered(self) -> None:
        self._board.buffered_bytes -= self._buffered
        self._buffered = 0
