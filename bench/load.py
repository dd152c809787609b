"""The load generator: replays prepared requests over keep-alive connections, as its own process.

    python -m bench.load PORT REQUESTS.msgpack --connections 64 --seconds 3

Rules:
 - Requests are signed in advance, so that the generator costs little and the server does all the work.
 - Each connection has one request under way at a time, as a client has that waits for its answer.
 - Every answer is read whole and its status counted. A server that closes a connection after its answer gets
   a new one; a connection that ends without an answer is counted as lost.
 - ``epoll`` and sockets without an event loop above them: asyncio costs twice as much for each request.

The result is one line of JSON; the processor time in it is that of the generator.
"""

from __future__ import annotations

import argparse
import json
import select
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

ANSWER_WITHIN_S: Final = 30.0
_LENGTH: Final = b"content-length:"


class NoAnswer(Exception):
    """The server stopped answering, or its answers cannot be understood."""


@dataclass
class Tally:
    """What was measured so far."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[bytes] = field(default_factory=Counter)
    lost: int = 0


class Replay:
    """Sends requests over a number of connections, round and round.

    Args:
        port: The server's, on 127.0.0.1.
        requests: Whole requests; sent in this order, begun anew after the last when ``total`` is greater.
        connections: How many there are.
        total: How many requests are sent at most.
        seconds: How long requests are sent at most.
    """

    def __init__(
        self, port: int, requests: list[bytes], connections: int, total: int, seconds: float
    ) -> None:
        self._port = port
        self._requests = requests
        self._connections = connections
        self._total = total
        self._seconds = seconds
        self._sent = 0
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._began: dict[int, float] = {}
        self._partial: dict[int, bytes] = {}
        self.tally = Tally()

    def run(self) -> dict[str, object]:
        """Send, receive, and give what was measured."""
        for _ in range(min(self._connections, self._total)):
            self._connect()
        spent = time.process_time()
        started = time.perf_counter()
        self._deadline = started + self._seconds
        for descriptor in list(self._sockets):
            self._send(descriptor)
        while self._began:
            ready = self._poll.poll(ANSWER_WITHIN_S)
            if not ready:
                raise NoAnswer(f"{len(self._began)} requests had no answer within {ANSWER_WITHIN_S:.0f} s")
            for descriptor, _ in ready:
                self._receive(descriptor)
        elapsed = time.perf_counter() - started
        spent = time.process_time() - spent
        for connection in self._sockets.values():
            connection.close()
        return self._result(elapsed, spent)

    def _connect(self) -> int:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_WITHIN_S)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        descriptor = connection.fileno()
        self._sockets[descriptor] = connection
        self._poll.register(descriptor, select.EPOLLIN)
        return descriptor

    def _send(self, descriptor: int) -> None:
        now = time.perf_counter()
        if self._sent >= self._total or now >= self._deadline:
            return
        request = self._requests[self._sent % len(self._requests)]
        self._sent += 1
        self._began[descriptor] = now
        self._sockets[descriptor].sendall(request)

    def _receive(self, descriptor: int) -> None:
        try:
            data = self._sockets[descriptor].recv(262_144)
        except ConnectionError:
            data = b""
        if not data:
            self._renew(descriptor)
            return
        before = self._partial.pop(descriptor, None)
        if before is not None:
            data = before + data
        head_end = data.find(b"\r\n\r\n")
        if head_end < 0:
            self._partial[descriptor] = data
            return
        head = data[:head_end].lower()
        mark = head.find(_LENGTH)
        if mark < 0:
            raise NoAnswer("an answer has no Content-Length")
        length = int(head[mark + 15 :].split(b"\r\n", 1)[0])
        if len(data) < head_end + 4 + length:
            self._partial[descriptor] = data
            return
        self.tally.latencies.append(time.perf_counter() - self._began.pop(descriptor))
        self.tally.statuses[head[9:12]] += 1
        if b"connection: close" in head or head.startswith(b"http/1.0"):
            self._renew(descriptor)
        else:
            self._send(descriptor)

    def _renew(self, descriptor: int) -> None:
        """Replace a connection that the server ended, or is about to end."""
        if self._began.pop(descriptor, None) is not None:
            self.tally.lost += 1
        self._partial.pop(descriptor, None)
        self._poll.unregister(descriptor)
        self._sockets.pop(descriptor).close()
        if self._sent < self._total and time.perf_counter() < self._deadline:
            self._send(self._connect())

    def _result(self, elapsed: float, spent: float) -> dict[str, object]:
        ordered = sorted(self.tally.latencies)
        if not ordered:
            raise NoAnswer("no request was answered")
        return {
            "requests": len(ordered),
            "seconds": elapsed,
            "per_second": len(ordered) / elapsed,
            "p50_ms": ordered[len(ordered) // 2] * 1_000,
            "p99_ms": ordered[int(len(ordered) * 0.99)] * 1_000,
            "longest_ms": ordered[-1] * 1_000,
            "load_us": spent / len(ordered) * 1e6,
            "seconds_of_load": time.process_time(),
            "statuses": {status.decode(): number for status, number in self.tally.statuses.items()},
            "lost": self.tally.lost,
        }


def main() -> None:
    """Parse the arguments and print the result."""
    parser = argparse.ArgumentParser(description="Replay prepared requests.")
    parser.add_argument("port", type=int)
    parser.add_argument("requests", type=Path)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--total", type=int, default=1_000_000_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    given = parser.parse_args()
    prepared = msgspec.msgpack.decode(given.requests.read_bytes(), type=list[bytes])
    replay = Replay(given.port, prepared, given.connections, given.total, given.seconds)
    sys.stdout.write(json.dumps(replay.run()) + "\n")


if __name__ == "__main__":
    main()
