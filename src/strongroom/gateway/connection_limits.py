"""How much one client, one address and all together may take of the edge (threat model Z-01, J-06).

Rules:
 - Every limit has a finite default and a unit in its name.
 - An IPv6 client is counted by its /64, because whoever has one address there has all of them.
 - The total stays below what the process may open, with a reserve for the store and the journal: a flood
   of connections must not make the audit journal fail to open its next file.

Counting only; closing is done by ``edge`` and ``connection``.
"""

from __future__ import annotations

import ipaddress
import resource

import msgspec

from strongroom.gateway.framing import Refusal

RESERVED_FILES = 128
"""Open files kept for everything that is not a client."""


class EdgeLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of the edge.

    Attributes:
        max_body_bytes: Largest request body; a larger one gets 413 before it is read.
        max_header_bytes: Largest request head, its first line and the empty line included.
        max_headers: Most header lines in a head.
        header_timeout_s: From the first byte of a head (for the first one: from the connection) to its end.
            A TLS handshake has as long.
        keep_alive_s: How long a connection may rest between requests.
        body_grace_s: How long a body may arrive at any speed.
        body_min_rate: Bytes a second that a body must bring on average after that.
        write_timeout_s: How long a client may leave a full write buffer unread.
        linger_s: How long we still listen after the last reply, so that the client reads it before it meets
            a reset (RFC 9112 section 9.6).
        write_buffer_bytes: Unsent bytes of a connection from which on nothing more is read from it.
        max_connections: Connections open at once.
        max_connections_per_address: Of these, from one IPv4 address or one IPv6 /64.
        max_pipelined: Requests of one connection that may wait for their answers.
        max_buffered_bytes: Unfinished request bodies of all connections together.
    """

    max_body_bytes: int = 1_048_576
    max_header_bytes: int = 32_768
    max_headers: int = 100
    header_timeout_s: float = 10
    keep_alive_s: float = 60
    body_grace_s: float = 10
    body_min_rate: int = 4_096
    write_timeout_s: float = 30
    linger_s: float = 2
    write_buffer_bytes: int = 262_144
    max_connections: int = 10_000
    max_connections_per_address: int = 1_000
    max_pipelined: int = 16
    max_buffered_bytes: int = 67_108_864


class EdgeCounters:
    """What the metrics show of the edge; plain numbers that only grow, except ``connections_open``.

    Attributes:
        refused: Requests and connections turned away, by ``Refusal``.
        idle_closed: Connections closed because they rested too long.
        write_timeouts: Connections cut because the client did not read.
        handshakes_failed: TLS handshakes that failed or took too long.
    """

    __slots__ = (
        "bytes_received",
        "bytes_sent",
        "connections_accepted",
        "connections_open",
        "handshakes_failed",
        "idle_closed",
        "refused",
        "requests",
        "write_timeouts",
    )

    def __init__(self) -> None:
        self.connections_accepted = 0
        self.connections_open = 0
        self.requests = 0
        self.bytes_received = 0
        self.bytes_sent = 0
        self.idle_closed = 0
        self.write_timeouts = 0
        self.handshakes_failed = 0
        self.refused: dict[Refusal, int] = dict.fromkeys(Refusal, 0)


class ConnectionCensus:
    """Counts the open connections, in all and by address."""

    __slots__ = ("_by_group", "_max_per_address", "_max_total", "_total")

    def __init__(self, max_total: int, max_per_address: int) -> None:
        self._max_total = max_total
        self._max_per_address = max_per_address
        self._total = 0
        self._by_group: dict[str, int] = {}

    def admit(self, group: str) -> Refusal | None:
        """Count one more connection of ``group``, or say why it may not be; an empty group has no limit."""
        if self._total >= self._max_total:
            return Refusal.TOO_MANY_CONNECTIONS
        held = self._by_group.get(group, 0)
        if group and held >= self._max_per_address:
            return Refusal.TOO_MANY_FROM_ADDRESS
        self._total += 1
        self._by_group[group] = held + 1
        return None

    def release(self, group: str) -> None:
        """Take back one admitted connection."""
        self._total -= 1
        held = self._by_group[group] - 1
        if held:
            self._by_group[group] = held
        else:
            del self._by_group[group]  # or the table would keep every address ever seen


def address_group(address: str) -> str:
    """Name what is counted as one client: an IPv4 address, or an IPv6 /64."""
    if ":" not in address:
        return address  # most are, and the first request need not wait for ipaddress
    parsed = ipaddress.IPv6Address(address)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(parsed) >> 64 << 64))


def affordable_connections(max_connections: int) -> int:
    """Lower the total to what ``RLIMIT_NOFILE`` leaves after the reserve; at least one."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return max_connections
    return max(1, min(max_connections, soft - RESERVED_FILES))
