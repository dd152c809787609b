"""Signed requests byte by byte over connections that stay open: fast, and free to send what no client sends.

Rules:
 - What is signed is exactly what is sent: headers and body are made, and spoilt, before the signature.
 - Every connection carries one request at a time; several may be under way on several connections.
 - A reply is read strictly: status line, headers, Content-Length, and not a byte more.
"""

from __future__ import annotations

import hashlib
import hmac
import socket
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from urllib.parse import quote, urlsplit

from tests.support.accounts import Account, Key

ANSWER_WITHIN_S = 60.0
_PIECE_BYTES = 65_536

RawHeader = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Unsigned:
    """A request before it is signed.

    Attributes:
        service: Of the credential scope.
        headers: In the order in which they are sent, repeated ones included; without Host and Content-Length.
        body: As it is sent.
        method: Of HTTP.
        query: Behind the question mark; signed as it stands, so it must be in canonical order.
        region: Of the credential scope.
        path: As it is sent; it is signed encoded once more.
    """

    service: str
    headers: Sequence[RawHeader]
    body: bytes
    method: bytes = b"POST"
    query: bytes = b""
    region: str = "us-east-1"
    path: bytes = b"/"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; header names in lower case, the last of repeated ones."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes

    @property
    def request_id(self) -> str:
        """The request's id; empty where the reply has none."""
        return self.headers.get(b"x-amzn-requestid", b"").decode("ascii")

    @property
    def code(self) -> str:
        """The error's code; empty for a success."""
        return self.headers.get(b"x-amzn-errortype", b"").decode("ascii")


class ConnectionDropped(Exception):
    """The server ended the connection instead of answering."""


class KeepAlive:
    """One connection."""

    def __init__(self, endpoint: str) -> None:
        host, _, port = urlsplit(endpoint).netloc.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=ANSWER_WITHIN_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    def __enter__(self) -> KeepAlive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self._socket.sendall(data)

    def read(self) -> Reply:
        """Read one reply.

        Raises:
            ConnectionDropped: It ended before the reply was whole.
        """
        head, _, rest = self._until(b"\r\n\r\n").partition(b"\r\n\r\n")
        line, *fields = head.split(b"\r\n")
        headers = {}
        for field in fields:
            name, _, value = field.partition(b":")
            headers[name.lower()] = value.strip()
        length = int(headers.get(b"content-length", b"0"))  # a 204 has none
        while len(rest) < length:
            rest += self._more()
        self._rest = rest[length:]
        assert not self._rest, "the server sent more than its reply"
        return Reply(int(line.split(b" ")[1]), headers, rest[:length])

    def ask(self, data: bytes) -> Reply:
        """Send a request and read its reply."""
        self.send(data)
        return self.read()

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _until(self, mark: bytes) -> bytes:
        got, self._rest = self._rest, b""
        while mark not in got:
            got += self._more()
        return got

    def _more(self) -> bytes:
        try:
            piece = self._socket.recv(_PIECE_BYTES)
        except ConnectionError as problem:
            raise ConnectionDropped from problem
        if not piece:
            raise ConnectionDropped
        return piece


def write_signed(
    request: Unsigned,
    endpoint: str,
    key: Account | Key,
    *,
    now_s: float | None = None,
    scope: str | None = None,
    uncovered: Collection[bytes] = (b"user-agent",),
    added: Sequence[RawHeader] = (),
    sent_body: bytes | None = None,
    target: bytes | None = None,
) -> bytes:
    """Sign a request and write it as it goes over the wire.

    Args:
        request: What is signed.
        endpoint: Where it goes.
        key: Who signs.
        now_s: When it says that it was signed; by default now.
        scope: ``date/Region/service/terminator`` instead of the right one.
        uncovered: Headers that the signature does not cover, in lower case.
        added: Headers that are sent but not signed.
        sent_body: Another body than the signed one.
        target: Another request target than the signed one.
    """
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now_s)).encode("ascii")
    headers = [
        (b"Host", urlsplit(endpoint).netloc.encode("ascii")),
        (b"X-Amz-Date", stamp),
        *request.headers,
    ]
    by_name: dict[bytes, list[bytes]] = {}
    for name, value in headers:
        if name.lower() not in uncovered:
            by_name.setdefault(name.lower(), []).append(b" ".join(value.split()))
    names = sorted(by_name)
    signed = b";".join(names)
    lines = b"".join(name + b":" + b",".join(by_name[name]) + b"\n" for name in names)
    digest = hashlib.sha256(request.body).hexdigest().encode("ascii")
    path = quote(request.path, safe="/").encode("ascii")
    canonical = b"\n".join([request.method, path, request.query, lines, signed, digest])
    scope = scope or f"{stamp[:8].decode()}/{request.region}/{request.service}/aws4_request"
    body = request.body if sent_body is None else sent_body
    text = b"\n".join(
        [
            b"AWS4-HMAC-SHA256",
            stamp,
            scope.encode("ascii"),
            hashlib.sha256(canonical).hexdigest().encode("ascii"),
        ]
    )
    signature = hmac.new(_signing_key(key.secret_access_key, scope), text, "sha256").hexdigest()
    authorization = (
        f"AWS4-HMAC-SHA256 Credential={key.access_key_id}/{scope}, SignedHeaders={signed.decode()}, "
        f"Signature={signature}"
    )
    headers += [
        (b"Authorization", authorization.encode("ascii")),
        (b"Content-Length", b"%d" % len(body)),
        *added,
    ]
    if target is None:
        target = request.path + b"?" + request.query if request.query else request.path
    head = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
    return b"".join([request.method, b" ", target, b" HTTP/1.1\r\n", head, b"\r\n", body])


@lru_cache(maxsize=256)
def _signing_key(secret: str, scope: str) -> bytes:
    made = b"AWS4" + secret.encode("ascii")
    for part in scope.split("/"):
        made = hmac.new(made, part.encode("ascii"), "sha256").digest()
    return made
