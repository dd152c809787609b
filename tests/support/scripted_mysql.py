"""A server that speaks the beginning of MySQL's protocol and then says what a test wants: refusals, and traps.

It offers no TLS. ::

    packet     length (3, little endian)  number (1)  payload
    greeting   0x0a  version NUL  thread (4)  salt (8) NUL  capabilities (2)  charset (1)  status (2)
               capabilities (2)  length of salts (1)  reserved (10)  salt (12) NUL  plugin NUL
    error      0xff  number (2)  "#" SQLSTATE (5)  text
    switch     0xfe  plugin NUL  salt NUL

Source: MySQL source documentation, "Connection Phase".
"""

from __future__ import annotations

import socket
import struct
import threading
from types import TracebackType

CAPABILITIES = 0x0000_8208 | 0x0008_0000  # protocol 4.1, secure connection, database, plugins
SALT = b"abcdefgh", b"ijklmnopqrst"


def error(number: int, text: str = "sentinel text of the server") -> bytes:
    """Write a refusal."""
    return b"\xff" + struct.pack("<H", number) + b"#28000" + text.encode()


def switch(plugin: str) -> bytes:
    """Ask for another way to log in."""
    return b"\xfe" + plugin.encode() + b"\0" + b"".join(SALT) + b"\0"


class ScriptedMySQL:
    """Answers every log-in in one way.

    Args:
        answer: Sent after the client's first packet, and after every other one.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        received: What clients sent.
    """

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.received = b""
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> ScriptedMySQL:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            with client:
                client.settimeout(5)
                self._serve(client)

    def _serve(self, client: socket.socket) -> None:
        head = b"\x0a8.4.0\0" + struct.pack("<I", 1) + SALT[0] + b"\0"
        middle = struct.pack("<HBHHB", CAPABILITIES & 0xFFFF, 45, 2, CAPABILITIES >> 16, 21)
        greeting = head + middle + b"\0" * 10 + SALT[1] + b"\0caching_sha2_password\0"
        try:
            client.sendall(_packet(0, greeting))
            number = 2
            while data := client.recv(65_536):
                self.received += data
                client.sendall(_packet(number, self._answer))
                number += 2
        except OSError:
            return


def _packet(number: int, payload: bytes) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([number]) + payload
