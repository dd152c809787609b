"""Which addresses may be connected to: the whole internet, and private networks that the operator lists.

Rules:
 - What hides another address (IPv4-mapped, 6to4, Teredo, NAT64) is judged by that one.
 - An address must be globally reachable and no multicast, or lie in a listed network.

Source: threat model E-01; the IANA special-purpose address registries, as ``ipaddress`` has them.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from strongroom.errors import StrongroomError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


class NetworksRefused(StrongroomError):
    """The list of private networks cannot be read; the message says what is wrong."""


def parse_networks(text: str) -> tuple[Network, ...]:
    """Read a list of networks: ``10.0.0.0/8, fd00::/8``.

    Raises:
        NetworksRefused: An entry is no network.
    """
    networks: list[Network] = []
    for entry in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ip_network(entry))
        except ValueError:
            raise NetworksRefused(
                f"{entry!r} is no network; write for example 10.0.0.0/8 or fd00::/8, separated by commas."
            ) from None
    return tuple(networks)


def may_connect(text: str, allowed: Iterable[Network]) -> bool:
    """Whether an address may be connected to.

    Args:
        text: The address as the resolver gave it; a zone (``%eth0``) is refused.
        allowed: Private networks that are listed.
    """
    try:
        address = meant_address(text)
    except ValueError:
        return False
    if any(address in network for network in allowed):
        return True
    return address.is_global and not address.is_multicast


def meant_address(text: str) -> Address:
    """Read an address, and take out the one that hides in it.

    Raises:
        ValueError: It is no address, or one of a form that leads nowhere good.
    """
    address = ip_address(text)
    if isinstance(address, IPv4Address):
        return address
    if address.scope_id is not None:
        raise ValueError("a zone says nothing to us")
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if int(address) >> 32 == 0 and int(address) > 1:
        raise ValueError("an old form of IPv4 address that leads nowhere good")
    return address
