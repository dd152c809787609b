"""Where a function may connect to.

Rules (threat model F-03, E-01):
 - Our own endpoint, under the address that the function sees; the hosts that its invocation declares; what the
   operator lists in ``functions_egress``. Where the host's network is open (``dev``), every address.
 - Names are resolved when the sandbox is made, and what they lead to is judged then. A function connects to
   addresses, and only to those that were judged; its names come from a file of hosts, so no resolver is reached.
 - A declared host leads neither to link-local or metadata addresses nor to groups, and to this machine only where a
   setting says so. What hides another address is judged by that one.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable
from ipaddress import IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

import msgspec

from strongroom.egress.addresses import Address, Network, meant_address
from strongroom.errors import StrongroomError

INSIDE_ADDRESS: Final = "169.254.100.1"
INSIDE_LOOPBACK: Final = "127.0.0.1"
RUNTIME_PORT: Final = 9001
"""Where a function's runtime finds its Runtime API, as in Lambda."""
_NAME_SERVICE: Final = 53
_METADATA: Final = IPv6Network("fd00:ec2::/32")
"""Amazon's metadata and time services in IPv6, a private network by its number."""


class EgressListRefused(StrongroomError):
    """The list of what functions may reach cannot be read; the message says what is wrong."""


class Listed(msgspec.Struct, frozen=True):
    """One entry of the operator's list: a name, an address or a network, and a port.

    Attributes:
        host: As it was written.
        network: What an address or a network means; None for a name.
        port: None for every port.
    """

    host: str
    network: Network | None
    port: int | None


class Reach(msgspec.Struct, frozen=True):
    """What one sandbox may connect to.

    Attributes:
        endpoint: Address and port of our endpoint as the function sees it, and where the server really listens.
        places: Addresses and ports.
        networks: Networks and ports; None for every port.
        is_open: Whether the host's network is allowed, names included.
        names: Lines of the file of hosts: address and name.
    """

    endpoint: tuple[tuple[str, int], tuple[str, int]] | None
    places: frozenset[tuple[Address, int]]
    networks: tuple[tuple[Network, int | None], ...]
    is_open: bool
    names: tuple[tuple[str, str], ...]

    def find(self, text: str, port: int, kind: int) -> tuple[str, int] | None:
        """Say where a connection really goes, or None when it is not allowed.

        Args:
            text: The address that the function named.
            port: Its port.
            kind: ``SOCK_STREAM`` or ``SOCK_DGRAM``.
        """
        if kind != socket.SOCK_STREAM:
            return (text, port) if self.is_open and port == _NAME_SERVICE else None
        if self.endpoint is not None and self.endpoint[0] == (text, port):
            return self.endpoint[1]
        if self.is_open:
            return text, port
        try:
            address = meant_address(text)
        except ValueError:
            return None
        if (address, port) in self.places:
            return str(address), port
        for network, listed_port in self.networks:
            if address in network and listed_port in (None, port) and not _is_never(address):
                return str(address), port
        return None


def parse_listed(text: str) -> tuple[Listed, ...]:
    """Read a list: ``api.example.com:443, 10.0.0.0/8:5432, [fd00::1]:*``.

    Raises:
        EgressListRefused: An entry is not of this form.
    """
    return tuple(_parse_entry(entry) for entry in filter(None, (part.strip() for part in text.split(","))))


def make_reach(
    *,
    declared: Iterable[tuple[str, int]],
    listed: Iterable[Listed],
    endpoint: tuple[tuple[str, int], tuple[str, int]] | None,
    endpoint_name: str | None,
    is_open: bool,
    is_local: bool,
) -> Reach:
    """Resolve and judge what a sandbox may reach.

    Args:
        declared: Host and port of what its invocations declare.
        listed: What the operator allows.
        endpoint: As in ``Reach``.
        endpoint_name: The name in our endpoint's URL, if it is a name.
        is_open: Whether the host's network is allowed.
        is_local: Whether a declared host may lead to this machine.
    """
    places: set[tuple[Address, int]] = set()
    networks: list[tuple[Network, int | None]] = []
    names: dict[tuple[str, str], None] = {}
    if endpoint is not None and endpoint_name is not None:
        names[endpoint[0][0], endpoint_name] = None
    for host, port in declared:
        for address in _addresses(host):
            if not _is_never(address) and (is_local or not _is_here(address)):
                places.add((address, port))
                names[str(address), host] = None
    for entry in listed:
        if entry.network is not None:
            networks.append((entry.network, entry.port))
            continue
        for address in _addresses(entry.host):
            if _is_never(address) or entry.port is None:
                continue
            places.add((address, entry.port))
            names[str(address), entry.host] = None
    shown = () if is_open else tuple((address, name) for address, name in names if name != address)
    if is_open and endpoint is not None and endpoint_name is not None:
        shown = ((endpoint[0][0], endpoint_name),)
    return Reach(endpoint, frozenset(places), tuple(networks), is_open, shown)


def _parse_entry(entry: str) -> Listed:
    host, colon, port_text = entry.rpartition(":")
    is_port = port_text == "*" or (
        port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65_536
    )
    if not colon or not host or not is_port:
        raise EgressListRefused(
            f"{entry!r} is not of the form HOST:PORT; write for example db.example.com:5432 or 10.0.0.0/8:*."
        )
    port = None if port_text == "*" else int(port_text)
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    try:
        return Listed(host, ip_network(host), port)
    except ValueError:
        pass
    if port is None or "/" in host or ":" in host or not host.isascii():
        raise EgressListRefused(f"{entry!r}: a name needs a port, and a network must be one of whole bits.")
    return Listed(host, None, port)


def _addresses(host: str) -> list[Address]:
    try:
        return [meant_address(host)]
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []  # it cannot be reached: the function hears that there is no such host
    addresses: dict[Address, None] = {}
    for entry in found:
        try:
            addresses[meant_address(str(entry[4][0]))] = None
        except ValueError:
            continue
    return list(addresses)


def _is_never(address: Address) -> bool:
    """Whether an address is one that no function reaches, whoever lists it."""
    if address.is_link_local or address.is_multicast or address.is_unspecified or address in _METADATA:
        return True
    return isinstance(address, IPv6Address) and address.is_site_local


def _is_here(address: Address) -> bool:
    """Whether an address is this machine's: only those can be bound."""
    if address.is_loopback:
        return True
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((str(address), 0))
        except OSError:
            return False
    return True


def is_address(host: str) -> bool:
    """Whether a host is written as an address, not as a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
