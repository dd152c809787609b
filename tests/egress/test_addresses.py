"""E-01: which addresses may be connected to."""

from __future__ import annotations

import pytest

from strongroom.egress.addresses import NetworksRefused, may_connect, parse_networks

PUBLIC = [
    "8.8.8.8",
    "1.1.1.1",
    "2606:4700:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
]
PRIVATE = [
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
    "255.255.255.255", "224.0.0.1", "198.18.0.1", "192.0.2.1", "240.0.0.1", "::", "::1", "fe80::1", "fe80::1%lo",
    "fc00::1", "fd00:ec2::23", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
    "2002:7f00:1::", "2002:a00:1::", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe", "localhost", "", "0x7f000001", "127.1", "2130706433",
]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_e01_the_internet_is_open(address: str) -> None:
    """Without a list."""
    assert may_connect(address, ())


@pytest.mark.parametrize("address", PRIVATE)
def test_e01_everything_else_is_closed_however_it_is_written(address: str) -> None:
    """Loopback, private, link-local, metadata, multicast, reserved; inside of other addresses as well."""
    assert not may_connect(address, ())


def test_e01_the_operator_opens_networks() -> None:
    """Those and no others; what hides in another address is judged by itself."""
    allowed = parse_networks("10.0.0.0/8, fd00::/8")
    assert may_connect("10.1.2.3", allowed)
    assert may_connect("::ffff:10.1.2.3", allowed)
    assert may_connect("fd00::1", allowed)
    assert not may_connect("192.168.0.1", allowed)
    assert not may_connect("127.0.0.1", allowed)
    assert parse_networks("") == ()


@pytest.mark.parametrize("text", ["10.0.0.1/8", "everything", "10.0.0.0/33"])
def test_what_is_no_network_is_refused(text: str) -> None:
    """With a sentence."""
    with pytest.raises(NetworksRefused, match="is no network"):
        parse_networks(text)
