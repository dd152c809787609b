"""The load generator against servers of every kind: it counts each answer once, and says what it cannot count."""

from __future__ import annotations

import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bench.generator import load_command, write_requests
from bench.measuring import Load, measure
from bench.servers import Server, ServerFailed
from bench.signing import Signer

REQUESTS = [b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % number for number in range(5)]
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Answer = Callable[[socketserver.StreamRequestHandler, int], None]


@contextmanager
def answering(answer: Answer) -> Iterator[Server]:
    """Run a server that reads heads and lets ``answer`` write to each; it numbers them from 0 in each connection."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            number = 0
            while self.rfile.readline():
                while self.rfile.readline() not in (b"\r\n", b""):
                    pass
                try:
                    answer(self, number)
                except StopIteration:
                    return
                number += 1

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield Server("test", server.server_address[1], 1, Signer("", "", ""))
        finally:
            server.shutdown()
            thread.join()


def replay(answer: Answer, total: int = 40, connections: int = 4) -> Load:
    """Measure such a server."""
    with answering(answer) as server:
        return measure(server, REQUESTS, seconds=20, total=total, connections=connections)


def test_connections_are_kept_and_used_in_turn() -> None:
    """Each request is sent once, in order, begun anew after the last."""
    paths: list[bytes] = []

    def answer(connection: socketserver.StreamRequestHandler, number: int) -> None:
        paths.append(b"%d" % number)
        connection.wfile.write(GOOD)

    load = replay(answer, total=12, connections=1)
    assert (load.requests, len(paths), paths[-1]) == (12, 12, b"11")
    assert 0 < load.p50_ms <= load.p99_ms <= load.longest_ms
    assert load.load_us > 0


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\ncontent-length: 2\r\n\r\nok",
    ],
    ids=["HTTP/1.0", "Connection: close"],
)
def test_a_server_that_closes_gets_new_connections(reply: bytes) -> None:
    """Nothing is lost by it."""

    def answer(connection: socketserver.StreamRequestHandler, number: int) -> None:
        assert number == 0
        connection.wfile.write(reply)
        raise StopIteration

    assert replay(answer).requests == 40


def test_answers_may_come_in_pieces() -> None:
    """And larger than what the system gives at once."""
    large = b"HTTP/1.1 200 OK\r\nContent-Length: 500000\r\n\r\n" + bytes(500_000)

    def answer(connection: socketserver.StreamRequestHandler, number: int) -> None:
        whole = large if number % 2 else GOOD
        for start in (0, 3, 12, 30, 41):
            end = {0: 3, 3: 12, 12: 30, 30: 41, 41: None}[start]
            connection.wfile.write(whole[start:end])
            connection.wfile.flush()

    assert replay(answer).requests == 40


def _close(connection: socketserver.StreamRequestHandler, number: int) -> None:
    if number == 3:
        raise StopIteration
    connection.wfile.write(GOOD)


def _fail_once(connection: socketserver.StreamRequestHandler, number: int) -> None:
    connection.wfile.write(GOOD if number != 3 else GOOD.replace(b"200", b"500"))


def _without_length(connection: socketserver.StreamRequestHandler, _: int) -> None:
    connection.wfile.write(b"HTTP/1.1 200 OK\r\n\r\nok")


def _twice(connection: socketserver.StreamRequestHandler, _: int) -> None:
    connection.wfile.write(GOOD + GOOD)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_close, "answers were lost"),
        (_fail_once, "'500'"),
        (_without_length, "cannot be understood"),
        (_twice, "more was answered than was asked"),
    ],
)
def test_anything_but_right_answers_is_no_measurement(answer: Answer, said: str) -> None:
    """A lost answer, another status, an answer without a length, two answers to one request."""
    with pytest.raises(ServerFailed, match=said):
        replay(answer)


@pytest.mark.parametrize("content", [b"", b"\x09\0\0\0short"])
def test_requests_that_cannot_be_read_are_refused(tmp_path: Path, content: bytes) -> None:
    """No requests, or a file that was cut."""
    file = tmp_path / "requests"
    file.write_bytes(content)
    done = subprocess.run(load_command(1, file, 1, 1, 1), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(str(file).encode())


def test_requests_are_sent_to_the_byte(tmp_path: Path) -> None:
    """Whatever bytes they hold."""
    seen: list[bytes] = []
    odd = [b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n\0\xff\r\n", *REQUESTS]

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            for one in odd:
                seen.append(self.rfile.read(len(one)))
                self.wfile.write(GOOD)

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        file = tmp_path / "requests"
        with file.open("wb") as opened:
            write_requests(opened, odd)
        subprocess.run(
            load_command(server.server_address[1], file, 1, 20, len(odd)), check=True, capture_output=True
        )
        thread.join()
    assert seen == odd
