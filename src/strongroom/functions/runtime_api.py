"""The Runtime API of one sandbox, version 2018-06-01: how its runtime takes events and gives answers.

Rules:
 - Who speaks is the function, which may say anything: heads and bodies are bounded, and so are connections.
 - One event at a time. An answer counts only for the event that is under way, and only once; one for another id is
   refused.
 - No answer is later than the invocation: what comes after its end is refused.

Source: Lambda developer guide, "Using the Lambda runtime API for custom runtimes".
"""

from __future__ import annotations

import json
import socket
import threading
import time
from enum import Enum
from typing import Any, Final

import httptools
import msgspec

from strongroom.functions.invocation import MOST_RESPONSE_BYTES

MOST_HEAD_BYTES: Final = 2_097_152
"""An error's stack for tracing comes in a header; clients send at most 1 MiB of it."""
CONNECTIONS_MOST: Final = 8
MOST_ERROR_BYTES: Final = 1_048_576
_PREFIX: Final = "/2018-06-01/runtime/"
_RECEIVE_BYTES: Final = 65_536
_REASONS: Final = {
    200: b"OK",
    202: b"Accepted",
    400: b"Bad Request",
    403: b"Forbidden",
    404: b"Not Found",
    413: b"Payload Too Large",
}


class Kind(Enum):
    """What a runtime answered."""

    RESPONSE = "response"
    ERROR = "error"
    INIT_ERROR = "init error"
    TOO_LARGE = "too large"


class Answer(msgspec.Struct, frozen=True):
    """What a runtime gave back.

    Attributes:
        kind: As which.
        body: The bytes.
        at: When, by the monotonic clock.
    """

    kind: Kind
    body: bytes
    at: float


class Event(msgspec.Struct, frozen=True):
    """What a runtime is given.

    Attributes:
        request_id: The id of the invocation.
        headers: Of the answer to ``next``.
        body: The event.
    """

    request_id: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


class RuntimeAPI:
    """Both sides of one sandbox's events and answers."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._event: Event | None = None
        self._under_way: str | None = None
        self._is_taken = False
        self._answer: Answer | None = None
        self._waiting = 0
        self._is_over = False
        self._connections = 0

    # The runner's side

    def wait_until_idle(self, limit: float) -> bool:
        """Wait until the runtime asks for an event; False when it failed first, or the time is over."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._waiting or self._is_over or self._answer, max(0.0, limit - time.monotonic())
            )
            return bool(self._waiting) and self._answer is None and not self._is_over

    def give(self, event: Event) -> None:
        """Hand an event out to the runtime that waits, or that will."""
        with self._changed:
            self._event = event
            self._answer = None
            self._is_taken = False
            self._changed.notify_all()

    def wait_for_answer(self, limit: float) -> Answer | None:
        """Wait for the answer; None when the sandbox has ended, or the time is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._answer or self._is_over, max(0.0, limit - time.monotonic()))
            return self.take_answer()

    def take_answer(self) -> Answer | None:
        """Take the answer that is there, and accept no other."""
        with self._changed:
            answer, self._answer = self._answer, None
            self._event = self._under_way = None
            return answer

    def end(self) -> None:
        """The sandbox has ended: nobody waits any longer."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    @property
    def is_over(self) -> bool:
        """Whether the sandbox has ended."""
        return self._is_over

    @property
    def is_taken(self) -> bool:
        """Whether the runtime took the last event."""
        return self._is_taken

    def take_connection(self, connection: socket.socket) -> None:
        """Serve a connection of this sandbox on a thread of its own."""
        with self._changed:
            if self._connections >= CONNECTIONS_MOST or self._is_over:
                connection.close()
                return
            self._connections += 1
        threading.Thread(target=self._serve, args=(connection,), name="runtime-api", daemon=True).start()

    # The runtime's side

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection:
                connection.settimeout(None)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                reader = _Reader(connection)
                while (request := reader.read(self._most_body)) is not None:
                    status, headers, body = self._act(request)
                    connection.sendall(_render(status, headers, body))
                    if request.must_close:
                        return
        except OSError:
            return  # the sandbox has ended
        finally:
            with self._changed:
                self._connections -= 1

    def _most_body(self, target: str) -> int:
        """How many bytes a request to this target may have; nothing is read for an event that is not under way."""
        parts = _parts(target)
        if parts == ("init", "error"):
            return MOST_ERROR_BYTES
        with self._changed:
            is_under_way = len(parts) == 3 and parts[0] == "invocation" and parts[1] == self._under_way
        if not is_under_way:
            return _RECEIVE_BYTES
        return MOST_RESPONSE_BYTES if parts[2] == "response" else MOST_ERROR_BYTES

    def _act(self, request: _Request) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        parts = _parts(request.target)
        if request.method == "GET" and parts == ("invocation", "next"):
            return self._next()
        if request.method == "POST" and parts == ("init", "error"):
            return self._accept(None, Kind.INIT_ERROR, request)
        if request.method == "POST" and len(parts) == 3 and parts[0] == "invocation":
            kind = {"response": Kind.RESPONSE, "error": Kind.ERROR}.get(parts[2])
            if kind is not None:
                return self._accept(parts[1], kind, request)
        return 404, (), _problem("InvalidRequest", "There is no such resource.")

    def _next(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        with self._changed:
            self._waiting += 1
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: self._event or self._is_over)
            finally:
                self._waiting -= 1
            event, self._event = self._event, None
            if event is None:
                return 403, (), _problem("Forbidden", "This sandbox has ended.")
            self._under_way = event.request_id
            self._is_taken = True
            return 200, event.headers, event.body

    def _accept(
        self, request_id: str | None, kind: Kind, request: _Request
    ) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        with self._changed:
            if request_id != self._under_way or self._answer is not None or self._is_over:
                return 400, (), _problem("InvalidRequestID", "This request is not under way.")
            if request.is_too_large:
                self._answer = Answer(Kind.TOO_LARGE, b"", time.monotonic())
            else:
                self._answer = Answer(kind, request.body, time.monotonic())
            self._changed.notify_all()
        if request.is_too_large:
            message = f"Exceeded maximum allowed payload size ({MOST_RESPONSE_BYTES} bytes)."
            return 413, (), _problem("RequestEntityTooLarge", message)
        return 202, (), b'{"status":"OK"}\n'


class _Request:
    """One request, as it was read."""

    def __init__(self) -> None:
        self.method = ""
        self.target = ""
        self.body = b""
        self.is_too_large = False
        self.must_close = False


class _Reader:
    """Reads requests from one connection; what ``httptools`` calls is in its manner."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._parser: Any = httptools.HttpRequestParser(self)
        self._request = _Request()
        self._parts: list[bytes] = []
        self._length = 0
        self._head_bytes = 0
        self._most: int | None = None
        self._is_whole = False

    def read(self, most_body: Any) -> _Request | None:
        """Read the next request; None when there is none.

        Args:
            most_body: Says how many bytes of body a target may have.
        """
        self._request, self._parts, self._length, self._head_bytes = _Request(), [], 0, 0
        self._most, self._is_whole, self._most_body = None, False, most_body
        while not self._is_whole:
            data = self._connection.recv(_RECEIVE_BYTES)
            if not data:
                return None
            if self._most is None:
                self._head_bytes += len(data)
                if self._head_bytes > MOST_HEAD_BYTES:
                    return None
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserError:
                return None
        request = self._request
        request.method = self._parser.get_method().decode("latin-1")
        request.must_close = request.is_too_large or not self._parser.should_keep_alive()
        request.body = b"" if request.is_too_large else b"".join(self._parts)
        return request

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._request.target += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Answer those who ask first whether they may send."""
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self._connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_headers_complete(self) -> None:
        """Learn how large the body may be."""
        self._most = self._most_body(self._request.target)

    def on_body(self, data: bytes) -> None:
        """Keep what is within the limit."""
        self._length += len(data)
        if self._most is not None and self._length > self._most:
            self._request.is_too_large = True
            self._parts.clear()
        elif not self._request.is_too_large:
            self._parts.append(data)

    def on_message_complete(self) -> None:
        """The request is whole; a second one in the same bytes is not answered, for no client sends one."""
        self._is_whole = True


def _parts(target: str) -> tuple[str, ...]:
    path = target.partition("?")[0]
    return tuple(path[len(_PREFIX) :].split("/")) if path.startswith(_PREFIX) else ()


def _problem(kind: str, message: str) -> bytes:
    return json.dumps({"errorType": kind, "errorMessage": message}).encode()


def _render(status: int, headers: tuple[tuple[str, str], ...], body: bytes) -> bytes:
    head = [b"HTTP/1.1 %d %s" % (status, _REASONS[status]), b"Content-Type: application/json"]
    head += [f"{name}: {value}".encode("latin-1", errors="replace") for name, value in headers]
    head.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body
