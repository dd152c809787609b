"""What goes over the runner's socket, and how: frames of four bytes of length and MessagePack.

A conversation: ``Asked``; then, as often as an archive is missing, ``CodeWanted`` and the archive in frames that
end with an empty one; then ``Answered`` or ``Refused``. Frames are bounded, so that neither side can make the other
hold much.
"""

from __future__ import annotations

import socket
import struct
from typing import Final

import msgspec

from strongroom.functions.invocation import MOST_PAYLOAD_BYTES

SOCKET_NAME: Final = "functions.sock"
MOST_FRAME_BYTES: Final = 3 * MOST_PAYLOAD_BYTES
CODE_PART_BYTES: Final = 1_048_576
MOST_CODE_BYTES: Final = 104_857_600
_LENGTH: Final = struct.Struct("!I")


class Endpoint(msgspec.Struct, frozen=True):
    """Our own endpoint, for functions.

    Attributes:
        url: As functions name it.
        listening: Where the server really listens; None when the URL leads somewhere else, to a proxy.
    """

    url: str
    listening: tuple[str, int] | None


class _Quiet(msgspec.Struct, frozen=True):
    """Base of messages that hold secrets: they show nothing of themselves."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: hidden>"


class Asked(_Quiet, frozen=True):
    """An invocation and its function. The members are those of ``FunctionSpec`` and ``Invocation``."""

    identity: tuple[str, ...]
    name: str
    version: str
    region: str
    runtime: str
    handler: str
    memory_mb: int
    timeout_s: int
    environment: dict[str, str]
    code: bytes
    layers: tuple[bytes, ...]
    ephemeral_mb: int
    log_group: str
    request_id: str
    invoked_arn: str
    payload: bytes
    credentials: tuple[str, str, str]
    expires_ms: int
    scope: str
    deadline_ms: int
    hosts: tuple[tuple[str, int], ...]
    scrub: tuple[bytes, ...]
    client_context: bytes | None
    endpoint: Endpoint | None
    function_id: str
    reserved: int | None


class CodeWanted(msgspec.Struct, frozen=True, tag=True):
    """The runner does not have this archive."""

    digest: bytes


class Answered(_Quiet, frozen=True, tag=True):
    """How it ended. The members are those of ``Outcome``."""

    payload: bytes
    function_error: str | None
    log_stream: str
    log_lines: tuple[tuple[int, str], ...]
    log_tail: bytes
    duration_ms: float
    init_ms: float | None
    max_memory_mb: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    """It was not run, or nothing is known of it.

    Attributes:
        sentence: For operators.
        no_room: Why there was no room, by AWS's name; empty when something else was wrong.
    """

    sentence: str
    no_room: str = ""


Reply = CodeWanted | Answered | Refused
_asked = msgspec.msgpack.Decoder(Asked)
_reply: msgspec.msgpack.Decoder[Reply] = msgspec.msgpack.Decoder(Reply)
_encoder = msgspec.msgpack.Encoder()


class ConversationEnded(Exception):
    """The other side is gone, or does not keep to the form."""


def send(connection: socket.socket, message: Asked | Reply) -> None:
    """Send a message."""
    send_frame(connection, _encoder.encode(message))


def send_frame(connection: socket.socket, data: bytes | memoryview) -> None:
    """Send a frame.

    Raises:
        ConversationEnded: The other side is gone.
    """
    try:
        connection.sendall(_LENGTH.pack(len(data)))
        connection.sendall(data)
    except OSError as problem:
        raise ConversationEnded from problem


def receive_asked(connection: socket.socket) -> Asked:
    """Receive what is asked.

    Raises:
        ConversationEnded: There is none, or it has another form.
    """
    try:
        return _asked.decode(receive_frame(connection, MOST_FRAME_BYTES))
    except msgspec.MsgspecError as problem:
        raise ConversationEnded from problem


def receive_reply(connection: socket.socket) -> Reply:
    """Receive an answer.

    Raises:
        ConversationEnded: There is none, or it has another form.
    """
    try:
        return _reply.decode(receive_frame(connection, MOST_FRAME_BYTES))
    except msgspec.MsgspecError as problem:
        raise ConversationEnded from problem


def receive_frame(connection: socket.socket, most: int) -> bytes:
    """Receive a frame of at most so many bytes.

    Raises:
        ConversationEnded: There is none, or it is larger.
    """
    (length,) = _LENGTH.unpack(_receive(connection, _LENGTH.size))
    if length > most:
        raise ConversationEnded
    return _receive(connection, length)


def _receive(connection: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        try:
            part = connection.recv(min(length - len(data), CODE_PART_BYTES))
        except OSError as problem:
            raise ConversationEnded from problem
        if not part:
            raise ConversationEnded
        data += part
    return bytes(data)
