"""A real edge on 127.0.0.1 with a clock in the hand of the test, and a client that reads replies strictly."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import uvloop

from strongroom.gateway.edge import Edge, EdgeLimits, Exchange
from strongroom.http_message import RawReply, RawRequest

GOOD = RawReply(200, ((b"Content-Type", b"text/plain"),), b"good")
GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
SERVER_TIME_MS = 784_111_777_000  # Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110


@dataclass
class Desk:
    """The application behind the edge: answers at once, or keeps the exchanges for the test."""

    answer: Callable[[RawRequest], RawReply] | None = lambda _: GOOD
    batches: list[list[Exchange]] = field(default_factory=list)

    def handle_batch(self, exchanges: Sequence[Exchange]) -> None:
        """Remember the batch and answer it."""
        self.batches.append(list(exchanges))
        if self.answer is not None:
            for exchange in exchanges:
                exchange.respond(self.answer(exchange.request))

    @property
    def exchanges(self) -> list[Exchange]:
        """All exchanges so far."""
        return [exchange for batch in self.batches for exchange in batch]

    @property
    def requests(self) -> list[RawRequest]:
        """All requests so far."""
        return [exchange.request for exchange in self.exchanges]


@dataclass
class Reply:
    """One reply as the client reads it."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes


@dataclass
class Client:
    """One connection to the edge."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)

    async def reply(self, *, has_body: bool = True) -> Reply:
        """Read one reply; fail on anything that is not exactly one."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        start, *lines = head[:-4].split(b"\r\n")
        assert start.startswith(b"HTTP/1.1 ")
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, _, value = line.partition(b": ")
            assert name.lower() not in headers
            headers[name.lower()] = value
        length = int(headers.get(b"content-length", b"0")) if has_body else 0
        return Reply(int(start.split(b" ")[1]), headers, await self.reader.readexactly(length))

    async def rest(self) -> bytes:
        """Read to the end of the connection."""
        return await self.reader.read()

    async def refusal(self) -> int:
        """Read a refusal of the edge, check its fixed form, and that the connection ends; give the status."""
        reply = await self.reply()
        assert reply.headers[b"content-type"] == b"application/json"
        assert reply.headers[b"connection"] == b"close"
        assert list(json.loads(reply.body)) == ["message"]
        assert await self.rest() == b""
        return reply.status

    async def was_cut_off(self) -> bool:
        """Tell whether the connection ended without a byte, by an end or by a reset."""
        try:
            return await self.rest() == b""
        except ConnectionError:
            return True

    def abort(self) -> None:
        """Vanish with a reset, as a process that is killed in the middle of its work does."""
        connection = self.writer.get_extra_info("socket")
        if connection is not None and connection.fileno() >= 0:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


@dataclass
class Stand:
    """The edge under test."""

    edge: Edge
    desk: Desk
    port: int
    seconds: float = 0.0
    clients: list[Client] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)

    async def client(self, tls: ssl.SSLContext | None = None, **options: Any) -> Client:
        """Open a connection."""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            self.port,
            ssl=tls,
            server_hostname="localhost" if tls else None,
            limit=1 << 24,
            **options,
        )
        self.clients.append(Client(reader, writer))
        return self.clients[-1]

    async def ask(self, data: bytes) -> Client:
        """Open a connection and send bytes."""
        client = await self.client()
        client.send(data)
        return client

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the loop run until something holds; most of it is about counters, which ring no bell."""
        while not holds():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0)

    async def received(self, size: int) -> None:
        """Wait until the edge has read so many bytes in all."""
        await self.until(lambda: self.edge.counters.bytes_received >= size)

    def pass_time(self, seconds: float) -> None:
        """Move the clock and let the edge look at it."""
        self.seconds += seconds
        self.edge.close_overdue()


@contextlib.asynccontextmanager
async def standing(
    limits: EdgeLimits | None = None, desk: Desk | None = None, *, reports: bool = False, **options: Any
) -> AsyncIterator[Stand]:
    """Run an edge; afterwards nothing may have been reported to the loop, unless the test expects it."""
    loop = asyncio.get_running_loop()
    desk = desk or Desk()
    ids = (f"request-{number}" for number in count())
    stand = Stand(None, desk, 0)  # type: ignore[arg-type]  # the edge needs the stand's clock
    loop.set_exception_handler(
        lambda _, context: stand.reports.append(str(context.get("exception", context)))
    )
    stand.edge = Edge(
        loop,
        desk,
        limits or EdgeLimits(),
        new_request_id=lambda: next(ids),
        server_time=lambda: SERVER_TIME_MS,
        now=lambda: stand.seconds,
        **options,
    )
    stand.port = await stand.edge.listen("127.0.0.1", 0)
    try:
        yield stand
    finally:
        for client in stand.clients:
            client.abort()
        assert await stand.edge.drain(5) == 0
    assert stand.edge.counters.connections_open == 0
    assert bool(stand.reports) is reports, stand.reports


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run one test on uvloop; the limit only turns a hang into a failure."""
    uvloop.run(asyncio.wait_for(test, 60))
