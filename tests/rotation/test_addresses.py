"""Which addresses a rotation reaches: no metadata services anywhere, nothing of this machine unless it may (E-01)."""

from __future__ import annotations

import pytest

from strongroom.rotation.rotator import Cause, Document, TargetFailed
from strongroom.rotation.rotators import Reach
from strongroom.rotation.rotators.places import locate

ANYWHERE = Reach(ca_file=None, is_local=True)
ELSEWHERE = Reach(ca_file=None, is_local=False)
CAPTIVE = [
    "169.254.169.254",
    "fe80::1",
    "::ffff:169.254.169.254",
    "2002:a9fe:a9fe::1",  # 6to4
    "64:ff9b::a9fe:a9fe",  # NAT64
    "2001:0:1:1:0:0:5601:5601",  # Teredo: the client's address stands there inverted
    "::a9fe:a9fe",  # IPv4-compatible
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",
    "::",
]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "2002:7f00:1::1", "64:ff9b::7f00:1"]


def secret(host: str) -> Document:
    """Write the secret of a database on a host."""
    return Document({"engine": "postgres", "host": host, "username": "app", "password": "x"})


def refused(host: str, reach: Reach) -> bool:
    """Whether a host is refused as wrongly configured, before anything is sent."""
    try:
        locate(secret(host), reach, 5432)
    except TargetFailed as failure:
        return failure.cause is Cause.CONFIGURATION
    return False


@pytest.mark.parametrize("host", CAPTIVE)
def test_e01_addresses_that_lead_nowhere_good_are_refused_everywhere(host: str) -> None:
    """However they are written."""
    assert refused(host, ANYWHERE)
    assert refused(host, ELSEWHERE)


@pytest.mark.parametrize("host", LOOPBACK)
def test_e01_this_machine_is_reached_only_where_it_may_be(host: str) -> None:
    """Loopback is for the developer server, and for who sets it."""
    assert not refused(host, ANYWHERE)
    assert refused(host, ELSEWHERE)


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.1.1", "fd00::1", "8.8.8.8"])
def test_databases_of_private_networks_are_reached(host: str) -> None:
    """That is where they are."""
    assert locate(secret(host), ELSEWHERE, 5432).addresses == (host,)


def test_sockets_of_this_machine_are_reached_only_where_it_may_be() -> None:
    """They are as near as loopback."""
    assert not refused("/run/postgresql", ANYWHERE)
    assert refused("/run/postgresql", ELSEWHERE)
