"""What all connections of one edge share: limits, counters, the batch of this loop iteration, the date.

Rules:
 - The requests that one iteration of the loop completes, on all connections, go to the application as one
   batch, after all of them arrived: the application makes one freshness check for them (design section 2).
 - What arrives on connections where nothing is under way is put aside and read when the loop has polled all sockets:
   heads are read one after the other then, while the code for that is in the processor's caches (see pipeline.py).
 - A defect of the application answers 500 and never leaves a client waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from strongroom.clock import Clock, render_http_date
from strongroom.gateway.connection_limits import ConnectionCensus, EdgeCounters, EdgeLimits, address_group
from strongroom.gateway.exchange import Application, Exchange
from strongroom.gateway.forwarded import Network, is_trusted
from strongroom.gateway.framing import Refusal, Refused
from strongroom.gateway.head_forms import HeadForms
from strongroom.gateway.uploads import UploadDesk


class WatchedConnection(Protocol):
    """A connection, as far as the watch over slow clients and the drain know it."""

    overdue_at: float
    write_overdue_at: float

    def close_overdue(self, now: float) -> None:
        """End the connection if its client is late."""

    def close_when_done(self) -> None:
        """End the connection after what was accepted is answered."""

    def cut_off(self) -> None:
        """End the connection at once."""

    def take_aside(self) -> None:
        """Take what was put aside."""


class Switchboard:
    """What all connections of one edge share.

    Args:
        now: Monotonic seconds, for the limits.
        server_time: The instant for the Date header.
        trusted: Peers whose ``X-Forwarded-*`` headers are believed; empty without a proxy.
        is_tls: Whether the connections are encrypted here.
        uploads: Lets large bodies in; None for none.

    Attributes:
        put_aside_at: When the first of what was put aside in this turn of the loop arrived.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        application: Application,
        limits: EdgeLimits,
        census: ConnectionCensus,
        *,
        now: Callable[[], float],
        server_time: Clock,
        new_request_id: Callable[[], str],
        trusted: tuple[Network, ...],
        is_tls: bool,
        uploads: UploadDesk | None = None,
    ) -> None:
        self.limits = limits
        self.census = census
        self.counters = EdgeCounters()
        self.heads = HeadForms(limits.max_headers, limits.max_body_bytes)
        self.connections: set[WatchedConnection] = set()
        self.now = now
        self.new_request_id = new_request_id
        self.trusted = trusted
        self.is_tls = is_tls
        self.uploads = uploads
        self.admit_large = None if uploads is None else uploads.admit
        self.is_draining = False
        self.buffered_bytes = 0  # of unfinished bodies
        self.on_empty: Callable[[], None] | None = None
        self._loop = loop
        self._application = application
        self._server_time = server_time
        self.put_aside_at = 0.0
        self._aside: list[WatchedConnection] = []
        self._batch: list[Exchange] = []
        self._is_handing_over = False
        self._date_at = -1.0
        self._date_second = -1
        self._date = b""

    def admit(self, peer: str) -> str:
        """Count a new connection; return the group it is counted under.

        Raises:
            Refused: One of the connection limits is reached.
        """
        # A proxy speaks for many clients: the limit of one address is not its limit.
        group = "" if is_trusted(peer, self.trusted) else address_group(peer)
        refusal = self.census.admit(group)
        if refusal is not None:
            self.counters.refused[refusal] += 1
            raise Refused(refusal)
        self.counters.connections_accepted += 1
        self.counters.connections_open += 1
        return group

    def release(self, group: str) -> None:
        """Take back an admitted connection."""
        self.census.release(group)
        self.counters.connections_open -= 1

    def put_aside(self, connection: WatchedConnection) -> None:
        """Let a connection read what it received when all sockets were polled."""
        if not self._aside:
            self.put_aside_at = self.now()
            self._expect_hand_over()
        self._aside.append(connection)

    def submit(self, exchange: Exchange) -> None:
        """Put a request into the batch of this loop iteration."""
        if not self._batch:
            self._expect_hand_over()
        self._batch.append(exchange)

    def _expect_hand_over(self) -> None:
        if not self._is_handing_over:
            # The loop runs this after it polled all sockets: the requests of one poll make one batch.
            self._is_handing_over = True
            self._loop.call_soon(self._hand_over)

    def _hand_over(self) -> None:
        aside, self._aside = self._aside, []
        for connection in aside:
            try:
                connection.take_aside()
            except Exception as problem:  # noqa: BLE001 - reported; a defect must not leave other clients waiting
                self._loop.call_exception_handler(
                    {"message": "what a connection received could not be taken", "exception": problem}
                )
                connection.cut_off()
        self._is_handing_over = False
        if self._batch:
            self._give_batch()

    def _give_batch(self) -> None:
        batch = self._batch
        self._batch = []
        self.counters.requests += len(batch)
        try:
            self._application.handle_batch(batch)
        except Exception:
            # A defect must not leave clients waiting; the loop's exception handler reports it.
            for exchange in batch:
                if exchange.framed is None:
                    exchange.respond(Refusal.UNANSWERED.reply)
            raise

    def date_line(self, now: float) -> bytes:
        """Give the Date header, made once a second.

        Args:
            now: Monotonic seconds; the wall clock is asked once for each instant. The loop's stand still in a turn.
        """
        if now != self._date_at:
            self._date_at = now
            second = self._server_time() // 1000
            if second != self._date_second:
                self._date_second = second
                self._date = b"Date: %b\r\n" % render_http_date(second * 1000).encode()
        return self._date
