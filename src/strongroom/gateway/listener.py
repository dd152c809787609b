"""The listening sockets of the edge: plain, or with TLS.

Rules:
 - A connection is counted before its TLS handshake, or a flood of handshakes would pass the limits.
 - A handshake has as long as a request head.
 - A TLS context that allows less than TLS 1.2 is refused.
"""

from __future__ import annotations

import asyncio
import socket
import ssl

from strongroom.errors import StrongroomError
from strongroom.gateway.connection import Connection
from strongroom.gateway.framing import Refused
from strongroom.gateway.switchboard import Switchboard

BACKLOG = 2048
_ACCEPT_PAUSE_S = 0.1


class WeakTLSContext(StrongroomError):
    """The TLS context would accept TLS 1.1 or older."""


class TLSListener:
    """Accepts connections, makes their handshakes, and gives them to ``Connection``.

    It accepts by itself: a server of the loop shows a connection only after its handshake.
    """

    def __init__(
        self,
        board: Switchboard,
        loop: asyncio.AbstractEventLoop,
        context: ssl.SSLContext,
        listening: socket.socket,
    ) -> None:
        self._board = board
        self._loop = loop
        self._context = context
        self._listening = listening
        self._handshakes: set[asyncio.Task[None]] = set()
        listening.listen(BACKLOG)
        self._accepting = loop.create_task(self._accept())

    async def _accept(self) -> None:
        while True:
            try:
                client, address = await self._loop.sock_accept(self._listening)
            except OSError:  # the client went before we looked, or no file is left: not in a tight loop
                await asyncio.sleep(_ACCEPT_PAUSE_S)
                continue
            try:
                group = self._board.admit(address[0])
            except Refused:
                client.close()  # before the handshake there is no way to say why
                continue
            handshake = self._loop.create_task(self._shake_hands(client, group))
            self._handshakes.add(handshake)
            handshake.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, client: socket.socket, group: str) -> None:
        board = self._board
        connection = Connection(board, group)
        try:
            await self._loop.connect_accepted_socket(
                lambda: connection,
                client,
                ssl=self._context,
                ssl_handshake_timeout=board.limits.header_timeout_s,
            )
        except OSError:  # ssl.SSLError, a reset, a time-out
            board.counters.handshakes_failed += 1
        finally:
            if not connection.is_made:
                connection.connection_lost(None)  # it has no transport that will say so

    async def close(self) -> None:
        """Stop accepting and give up the handshakes under way."""
        self._accepting.cancel()
        await asyncio.wait([self._accepting])  # by then every handshake has begun and cleans up after itself
        handshakes = list(self._handshakes)
        for handshake in handshakes:
            handshake.cancel()
        if handshakes:
            await asyncio.wait(handshakes)
        self._listening.close()


def check_context(context: ssl.SSLContext) -> None:
    """Refuse a context that allows less than TLS 1.2.

    Raises:
        WeakTLSContext: With what to set.

    Source: RFC 8996.
    """
    if context.minimum_version < ssl.TLSVersion.TLSv1_2 and context.minimum_version != (
        ssl.TLSVersion.MAXIMUM_SUPPORTED
    ):
        raise WeakTLSContext("set minimum_version of the TLS context to TLSv1_2 or later")


def bind(host: str, port: int, *, reuse_port: bool) -> socket.socket:
    """Open a listening socket; ``reuse_port`` lets the workers share the port.

    Raises:
        OSError: The address cannot be had.
    """
    # Given as bytes, an address is not put through IDNA, whose tables take longer to load than all of this.
    family, kind, protocol, _, address = socket.getaddrinfo(
        host.encode("ascii") if host.isascii() else host,
        port,
        type=socket.SOCK_STREAM,
        flags=socket.AI_PASSIVE,
    )[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setblocking(False)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening
