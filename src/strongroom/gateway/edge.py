"""The HTTP/1.1 edge: listening, the watch over slow clients, draining.

Rules (threat model Z-01):
 - One look through all connections each second, on one timer; no timer per connection.
 - While draining, what was accepted is answered with ``Connection: close``; resting connections end at once.

How requests are read and replies written is in ``connection`` and ``framing``; the limits are in
``connection_limits``; whom to believe about ``X-Forwarded-*`` is in ``forwarded``.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

from strongroom.clock import Clock, system_clock
from strongroom.gateway.connection import Connection
from strongroom.gateway.connection_limits import (
    ConnectionCensus,
    EdgeCounters,
    EdgeLimits,
    affordable_connections,
)
from strongroom.gateway.exchange import AlreadyAnswered, Application, Exchange
from strongroom.gateway.forwarded import Network, loopback
from strongroom.gateway.framing import Refusal, UnframableReply
from strongroom.gateway.listener import BACKLOG, TLSListener, bind, check_context
from strongroom.gateway.switchboard import Switchboard
from strongroom.gateway.uploads import UploadDesk

__all__ = [
    "AlreadyAnswered",
    "Application",
    "Edge",
    "EdgeCounters",
    "EdgeLimits",
    "Exchange",
    "Refusal",
    "UnframableReply",
]

_WATCH_INTERVAL_S = 1.0


class Edge:
    """Accepts connections and hands their requests to the application.

    Args:
        loop: The loop that everything of the edge runs on; made for uvloop.
        application: Takes the requests.
        limits: See ``EdgeLimits``.
        tls: The server's context, TLS 1.2 or later; None for plain HTTP.
        behind_proxy: Whether ``X-Forwarded-For`` and ``X-Forwarded-Proto`` of a trusted peer count.
        trusted_proxies: Who is trusted then, besides loopback.
        new_request_id: Draws a request id.
        server_time: The instant for the Date header.
        now: Monotonic seconds for the limits; by default the loop's.
        uploads: Lets bodies in that are larger than the limit; by default there are none.

    Attributes:
        counters: For the metrics.
        max_connections: The total in force: the limit, or less where ``RLIMIT_NOFILE`` allows less.

    Raises:
        WeakTLSContext: The context allows less than TLS 1.2.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        application: Application,
        limits: EdgeLimits,
        *,
        tls: ssl.SSLContext | None = None,
        behind_proxy: bool = False,
        trusted_proxies: tuple[Network, ...] = (),
        new_request_id: Callable[[], str],
        server_time: Clock = system_clock,
        now: Callable[[], float] | None = None,
        uploads: UploadDesk | None = None,
    ) -> None:
        if tls is not None:
            check_context(tls)
        self.max_connections = affordable_connections(limits.max_connections)
        self._loop = loop
        self._tls = tls
        self._board = Switchboard(
            loop,
            application,
            limits,
            ConnectionCensus(self.max_connections, limits.max_connections_per_address),
            now=now or loop.time,
            server_time=server_time,
            new_request_id=new_request_id,
            trusted=loopback() + trusted_proxies if behind_proxy else (),
            is_tls=tls is not None,
            uploads=uploads,
        )
        self.counters: EdgeCounters = self._board.counters
        self._servers: list[asyncio.Server] = []
        self._tls_listeners: list[TLSListener] = []
        self._watch: asyncio.TimerHandle | None = None

    async def listen(self, host: str, port: int, *, reuse_port: bool = False) -> int:
        """Start to accept on an address; return the port, chosen by the system where ``port`` is 0.

        Raises:
            OSError: The address cannot be had.
        """
        listening = bind(host, port, reuse_port=reuse_port)
        if self._tls is not None:
            self._tls_listeners.append(TLSListener(self._board, self._loop, self._tls, listening))
        else:
            server = await self._loop.create_server(self._meet, sock=listening, backlog=BACKLOG)
            self._servers.append(server)
        if self._watch is None:
            self._watch = self._loop.call_later(_WATCH_INTERVAL_S, self._look_through)
        return int(listening.getsockname()[1])

    def close_overdue(self) -> None:
        """End every connection whose client is late; called each second by the edge itself."""
        now = self._board.now()
        for connection in list(self._board.connections):
            if connection.overdue_at <= now or connection.write_overdue_at <= now:
                connection.close_overdue(now)

    async def drain(self, timeout_s: float) -> int:
        """Stop accepting, answer what was accepted, and close; return how many had to be cut off.

        Args:
            timeout_s: How long the clients and the application may take.
        """
        board = self._board
        board.is_draining = True
        for server in self._servers:
            server.close()
        for listener in self._tls_listeners:
            await listener.close()
        self._tls_listeners.clear()
        for connection in list(board.connections):
            connection.close_when_done()
        cut = 0
        if not await self._wait_until_empty(timeout_s):
            cut = len(board.connections)
            for connection in list(board.connections):
                connection.cut_off()
            await self._wait_until_empty(1)  # an abort is reported in the next iteration of the loop
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        return cut

    async def _wait_until_empty(self, timeout_s: float) -> bool:
        board = self._board
        if not board.connections:
            return True
        empty = asyncio.Event()
        board.on_empty = empty.set
        try:
            await asyncio.wait_for(empty.wait(), timeout_s)
        except TimeoutError:
            return False
        finally:
            board.on_empty = None
        return True

    def _meet(self) -> Connection:
        return Connection(self._board)

    def _look_through(self) -> None:
        self._watch = self._loop.call_later(_WATCH_INTERVAL_S, self._look_through)
        self.close_overdue()
