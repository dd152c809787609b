"""IpAddress and NotIpAddress: addresses in networks.

Rules:
 - A value of the policy is an address or a network in CIDR form; bits after the prefix do not count.
 - IPv4 and IPv6 never match each other. An IPv4 address that is mapped into IPv6 (``::ffff:a.b.c.d``) counts
   as the IPv4 address that it is, or else a client could slip past an IPv4 rule by the socket it chose.
 - A text that is neither, on either side, cannot be evaluated.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_IPAddress
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from strongroom.patterns import pattern_of
from strongroom.policy.conditions.judgement import Judgement, Matcher, any_of
from strongroom.policy.question import Question

# No scope ids, no dotted netmasks: the library takes both.
_FORM = pattern_of(r"[0-9A-Fa-f:.]{2,45}(?:/[0-9]{1,3})?", re.ASCII)
_MAPPED_BITS = 96


def parse_address(text: str) -> IPv4Address | IPv6Address | None:
    """Read one address; None when the text is none."""
    if "/" in text or not _FORM.fullmatch(text):
        return None
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def parse_network(text: str) -> IPv4Network | IPv6Network | None:
    """Read a network, or an address as the network of itself; None when the text is neither."""
    if not _FORM.fullmatch(text):
        return None
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


def within(values: Sequence[str], _variables: bool) -> Matcher:
    """Whether the address lies in one of the networks."""
    networks = tuple(parse_network(value) for value in values)

    def judge(
        address: IPv4Address | IPv6Address | None, network: IPv4Network | IPv6Network | None
    ) -> Judgement:
        if address is None or network is None:
            return None
        return address in network  # False for the other version

    def matches(value: str, _question: Question) -> Judgement:
        address = parse_address(value)
        return any_of(judge(address, network) for network in networks)

    return matches
