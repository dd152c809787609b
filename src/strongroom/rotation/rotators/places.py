"""Where a secret's server is, and how connections to it are encrypted.

Rules (rotation reference 8, 9; threat model E-01, R-02):
 - ``ssl: true`` is TLS with certificate and name verified; ``ssl: false`` is plain, because the owner said so.
   Without ``ssl`` it is as with true, but loopback addresses and unix sockets may be plain.
 - The name is resolved once, every address is judged, and the connection goes to a judged address.
 - An administrator's credentials go nowhere that the rotated secret alone names.
"""

from __future__ import annotations

import ipaddress
import socket
from enum import Enum
from typing import Final, NamedTuple

from strongroom.egress.addresses import meant_address
from strongroom.rotation.rotator import Cause, Document, DocumentRefused, TargetFailed
from strongroom.rotation.rotators import Reach

ADDRESSES_MOST: Final = 3
"""How many addresses of a name are tried."""
_CAPTIVE: Final = (ipaddress.ip_network("169.254.0.0/16"), ipaddress.ip_network("fe80::/10"))
"""Link-local addresses, where clouds answer with the machine's own credentials."""


class Encryption(Enum):
    """How a connection is encrypted."""

    VERIFIED = "TLS, certificate and name verified"
    IF_OFFERED = "TLS where the server has it; for loopback addresses"
    NONE = "plain"


class Place(NamedTuple):
    """Where a secret's server is."""

    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def is_socket(self) -> bool:
        """Whether it is a unix socket, or the directory of one."""
        return self.host.startswith("/")

    @property
    def is_local(self) -> bool:
        """Whether it is on this machine."""
        return self.is_socket or all(ipaddress.ip_address(address).is_loopback for address in self.addresses)


def port_of(document: Document, default: int) -> int:
    """Read the port, a number or a text.

    Raises:
        DocumentRefused: It is neither.
    """
    value = document.reveal().get("port", default)
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and 0 < int(text) <= 65_535):
        raise DocumentRefused("the member port is no port")
    return int(text)


def locate(document: Document, reach: Reach, default_port: int) -> Place:
    """Find the addresses of a secret's server, and judge them.

    Raises:
        TargetFailed: The name is not found, or an address must not be reached.
    """
    host, port = document.text("host"), port_of(document, default_port)
    if not host or "," in host or "\0" in host:
        raise DocumentRefused("the member host does not name one host")
    if host.startswith("/"):
        if not reach.is_local:
            raise TargetFailed(Cause.CONFIGURATION, "sockets of this machine are not reached by rotations")
        return Place(host, port, ())
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as problem:
        raise TargetFailed(Cause.UNREACHABLE, "the host is not found") from problem
    addresses = tuple(dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found))
    for address in addresses:
        _judge(address, reach)
    return Place(host, port, addresses)


def _judge(text: str, reach: Reach) -> None:
    try:
        meant = meant_address(text)
    except ValueError as problem:
        raise TargetFailed(Cause.CONFIGURATION, "the host has an address of an unknown form") from problem
    is_captive = any(meant.version == network.version and meant in network for network in _CAPTIVE)
    if is_captive or meant.is_multicast or meant.is_unspecified:
        raise TargetFailed(Cause.CONFIGURATION, "the host has an address that rotations do not reach")
    if meant.is_loopback and not reach.is_local:
        raise TargetFailed(Cause.CONFIGURATION, "loopback addresses are not reached by rotations here")


def encryption_of(document: Document, place: Place, reach: Reach) -> Encryption:
    """Say how a connection is to be encrypted.

    Raises:
        DocumentRefused: The member ``ssl`` is neither true nor false.
        TargetFailed: There is nothing to verify the server with.
    """
    wanted = document.reveal().get("ssl")
    if isinstance(wanted, str):
        wanted = {"true": True, "false": False}.get(wanted.lower(), wanted)
    if wanted is False:
        return Encryption.NONE
    if wanted is None and place.is_local:
        return Encryption.NONE if place.is_socket else Encryption.IF_OFFERED
    if wanted is not None and wanted is not True:
        raise DocumentRefused("the member ssl is neither true nor false")
    if reach.ca_file is None:
        raise TargetFailed(Cause.TLS, "no authorities are configured to verify the server with")
    return Encryption.VERIFIED


def check_same_place(document: Document, administrator: Document, reach: Reach, default_port: int) -> None:
    """Refuse an administrator of another address: his credentials go nowhere that the secret alone names (R-02).

    Raises:
        TargetFailed: It is another one.
    """
    ours, theirs = locate(document, reach, default_port), locate(administrator, reach, default_port)
    shares_address = bool(set(ours.addresses) & set(theirs.addresses))
    if ours.port != theirs.port or not (ours.host == theirs.host or shares_address):
        raise TargetFailed(Cause.CONFIGURATION, "the administrator's secret names another server")
