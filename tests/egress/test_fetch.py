"""E-01: fetching, against a real server over TLS."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strongroom.egress import fetch as egress
from strongroom.egress.addresses import parse_networks
from strongroom.egress.fetch import Egress, EgressFailed, EgressRefused, EgressUnreachable, EgressUnverified
from tests.support.identity_provider import IdentityProvider, identity_provider
from tests.support.token_provider import CALL, TokenProvider

LOOPBACK = parse_networks("127.0.0.0/8")


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IdentityProvider]:
    """A server over TLS."""
    with identity_provider(tmp_path_factory.mktemp("there")) as running:
        yield running


def out(there: IdentityProvider, allowed: Any = LOOPBACK, own_port: int = 0, addresses: Any = None) -> Egress:
    """Make a way out that trusts the server's certificate."""
    resolve = None if addresses is None else (lambda _host, _port: addresses)
    return Egress(allowed, there.certificate, lambda: own_port, resolve)


def test_it_fetches(there: IdentityProvider) -> None:
    """What stands there."""
    assert b"jwks_uri" in out(there).fetch(f"{there.issuer}/.well-known/openid-configuration")


def test_e01_every_address_is_judged(there: IdentityProvider) -> None:
    """One that is not allowed refuses the whole name, wherever it stands in the list."""
    for addresses in (["127.0.0.1", "10.0.0.1"], ["10.0.0.1", "127.0.0.1"], ["169.254.169.254"]):
        with pytest.raises(EgressRefused):
            out(there, addresses=addresses).fetch(f"https://provider.example:{there.port}/cluster/keys")
    with pytest.raises(EgressRefused):
        out(there, allowed=()).fetch(f"{there.issuer}/keys")


def test_e01_it_connects_to_the_address_that_was_judged_under_the_name_that_was_asked(
    there: IdentityProvider,
) -> None:
    """The name is resolved once, and the certificate must be that of the name."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    way = Egress(LOOPBACK, there.certificate, lambda: 0, resolve)
    before = dict(there.asked)
    with pytest.raises(EgressFailed, match="SSLCertVerificationError"):
        way.fetch(f"https://other.example:{there.port}/cluster/keys")
    assert there.asked == before
    asked.clear()
    way.fetch(f"https://127.0.0.1:{there.port}/cluster/keys")
    assert asked == ["127.0.0.1"]


def test_e01_the_own_listener_is_never_connected_to(there: IdentityProvider) -> None:
    """Whatever is allowed."""
    with pytest.raises(EgressRefused, match="itself"):
        out(there, own_port=there.port).fetch(f"{there.issuer}/keys")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        ((302, {"Location": "https://127.0.0.1/"}, b""), "status 302"),
        ((200, {}, b"x" * 65_537), "too large"),
        ((200, {"Content-Encoding": "gzip"}, b"x"), "encoded"),
        ((500, {}, b"secret text"), "status 500"),
    ],
)
def test_e01_nothing_is_followed_and_nothing_large_is_taken(
    there: IdentityProvider, reply: Any, said: str
) -> None:
    """Redirects, large and encoded answers, errors."""
    there.replies["/odd"] = reply
    with pytest.raises(EgressFailed, match=said) as caught:
        out(there).fetch(f"https://127.0.0.1:{there.port}/odd")
    assert "secret text" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/", "https://user@127.0.0.1/", "https://127.0.0.1/#x", "ftp://127.0.0.1/", "https:///x",
        "https://127.0.0.1:99999/", "https://a b/", "https://127.0.0.1/a b", "file:///etc/passwd",
        "https://127.0.0.1/\r\nX: y",
    ],
)  # fmt: skip
def test_e01_only_plain_https_urls(there: IdentityProvider, url: str) -> None:
    """No other scheme, no user, no fragment, no port that is none."""
    with pytest.raises(EgressRefused):
        out(there).fetch(url)


def test_e01_the_time_is_limited_for_the_whole(
    there: IdentityProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A peer that sends a byte now and then is cut off when the time is over."""
    import threading

    monkeypatch.setattr(egress, "TOTAL_S", 1.0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(there.certificate, there.certificate.with_name("tls.key"))
    gone = threading.Event()

    def drip(listening: socket.socket) -> None:
        connection, _ = listening.accept()
        try:
            with connection, context.wrap_socket(connection, server_side=True) as peer:
                peer.recv(4096)
                peer.sendall(b"HTTP/1.1 200 OK\r\n")
                while not gone.wait(0.05):
                    peer.sendall(b"X: y\r\n")
        except OSError:  # cut off: that is what the test wants
            return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip, args=(listening,))
        dripping.start()
        begun = time.monotonic()
        with pytest.raises(EgressFailed):
            out(there).fetch(f"https://127.0.0.1:{listening.getsockname()[1]}/")
        assert time.monotonic() - begun < 6
        gone.set()
        dripping.join()


def test_e01_a_resolver_that_hangs_is_not_waited_for(
    there: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs beside and is left alone."""
    import threading

    monkeypatch.setattr(egress, "TOTAL_S", 0.2)
    hangs = threading.Event()

    def resolve(_host: str, _port: int) -> list[str]:
        hangs.wait(30)
        return []

    with pytest.raises(EgressFailed, match="resolved"):
        Egress(LOOPBACK, there.certificate, lambda: 0, resolve).fetch("https://slow.example/")
    hangs.set()


@pytest.fixture
def provider() -> Iterator[TokenProvider]:
    """A server over plain HTTP."""
    made = TokenProvider()
    yield made
    made.close()


def test_it_asks_and_gives_the_answer_whatever_its_status(there: IdentityProvider) -> None:
    """Method, headers and body are those that were given; TLS and the wish to be left alone are told."""
    there.replies["/busy"] = (429, {"Retry-After": "12"}, b"{}")
    reply = out(there).exchange("GET", f"https://127.0.0.1:{there.port}/busy", {"Accept": "text/plain"})
    assert (reply.status, reply.retry_after_s, reply.tls) == (429, 12, "TLSv1.3")
    assert reply.body.reveal() == b"{}"
    assert "{}" not in repr(reply)


@pytest.mark.parametrize(
    ("given", "understood"),
    [("", 0), ("7", 7), ("999999999999", 3600), ("Wed, 21 Oct 2026 07:28:00 GMT", 60)],
)
def test_how_long_to_wait(there: IdentityProvider, given: str, understood: int) -> None:
    """Seconds, an hour at most; a date is not believed."""
    there.replies["/busy"] = (503, {"Retry-After": given} if given else {}, b"")
    assert out(there).exchange("GET", f"https://127.0.0.1:{there.port}/busy", {}).retry_after_s == understood


def test_e01_http_is_spoken_to_this_machine_only_and_only_where_it_is_said(provider: TokenProvider) -> None:
    """A private network that is listed is not enough."""
    allowed = parse_networks("127.0.0.0/8, 10.0.0.0/8")
    plain = Egress(allowed, None, lambda: 0, plain_on_loopback=True)
    reply = plain.exchange("GET", provider.url + CALL, {"Authorization": "Bearer x"})
    assert (reply.status, reply.tls) == (401, "")
    with pytest.raises(EgressRefused, match="https"):
        Egress(allowed, None, lambda: 0).exchange("GET", provider.url + CALL, {})
    with pytest.raises(EgressRefused, match="only this machine"):
        plain.exchange("GET", "http://10.1.2.3/", {})
    with pytest.raises(EgressRefused, match="https"):
        plain.fetch(provider.url + CALL)
    with pytest.raises(EgressRefused, match="itself"):
        Egress(allowed, None, lambda: provider.port, plain_on_loopback=True).exchange("GET", provider.url, {})


def test_what_was_never_sent_is_told_from_what_may_have_been(
    there: IdentityProvider, provider: TokenProvider
) -> None:
    """A refused connection, a certificate that does not verify, and an answer that does not come."""
    plain = Egress(LOOPBACK, None, lambda: 0, plain_on_loopback=True)
    with pytest.raises(EgressUnverified):
        plain.exchange("GET", there.issuer, {})
    provider.fails_next[CALL].append("lose")
    with pytest.raises(EgressFailed) as caught:
        plain.exchange("GET", provider.url + CALL, {})
    assert not isinstance(caught.value, EgressUnreachable)
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    with pytest.raises(EgressUnreachable):
        plain.exchange("GET", f"http://127.0.0.1:{port}/", {})


@pytest.mark.parametrize("name", ["X\r\nY", "Authorization"])
def test_a_header_cannot_hold_another_one(provider: TokenProvider, name: str) -> None:
    """What is no header is not sent."""
    plain = Egress(LOOPBACK, None, lambda: 0, plain_on_loopback=True)
    with pytest.raises(EgressFailed):
        plain.exchange("GET", provider.url + CALL, {name: "a\r\nb: c"})
    assert not provider.seen
