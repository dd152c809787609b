"""Whom a connection speaks for: the peer itself, or the client that a trusted proxy names.

Rules:
 - ``X-Forwarded-For`` and ``X-Forwarded-Proto`` count only behind a proxy, from a trusted peer: anyone else
   could write another's address into the audit record, or pass plain HTTP off as TLS.
 - In ``X-Forwarded-For`` the last address that is not a trusted proxy's counts: what stands before it was
   written by the client.
 - What cannot be read is as if it were absent: the peer's own address, not secure.
"""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TypeAlias

from strongroom.http_message import Header

Network: TypeAlias = (
    "ipaddress.IPv4Network | ipaddress.IPv6Network"  # a text: a start does not load ipaddress
)


def loopback() -> tuple[Network, ...]:
    """Give the networks that only this machine reaches."""
    return ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")


def is_trusted(address: str, trusted: tuple[Network, ...]) -> bool:
    """Tell whether an address lies in one of the networks."""
    if not trusted:
        return False
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in trusted)


def read_forwarded(headers: tuple[Header, ...], peer: str, trusted: tuple[Network, ...]) -> tuple[str, bool]:
    """Give the client's address and whether it came by TLS, as the trusted peer says."""
    protocols = [value for name, value in headers if name == b"x-forwarded-proto"]
    is_secure = len(protocols) == 1 and protocols[0].lower() == b"https"
    hops = [hop for name, value in headers if name == b"x-forwarded-for" for hop in value.split(b",")]
    client = peer
    for hop in reversed(hops):
        try:
            address = str(ipaddress.ip_address(hop.strip().decode("ascii")))
        except ValueError:  # UnicodeDecodeError is one
            break
        client = address
        if not is_trusted(address, trusted):
            break
    return client, is_secure


def peer_address(transport: asyncio.BaseTransport) -> str:
    """Give the address of the other end; empty when it went before we could ask."""
    name = transport.get_extra_info("peername")
    return str(name[0]) if name else ""
