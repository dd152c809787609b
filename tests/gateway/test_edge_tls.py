"""TLS at the edge: handshakes, limits before them, and what a request knows of it."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from strongroom.gateway.edge import EdgeLimits
from strongroom.gateway.listener import WeakTLSContext, check_context
from strongroom.http_message import RawReply
from tests.gateway.edge_stand import GET, Desk, run, standing

Contexts = tuple[ssl.SSLContext, ssl.SSLContext]


@pytest.fixture(scope="module")
def contexts(tmp_path_factory: pytest.TempPathFactory) -> Contexts:
    """A server's context with a fresh certificate for localhost, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder: Path = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.minimum_version = ssl.TLSVersion.TLSv1_2
    server.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    client = ssl.create_default_context(cafile=str(folder / "cert.pem"))
    return server, client


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_requests_over_tls_are_secure(contexts: Contexts, version: ssl.TLSVersion) -> None:
    """Pipelined requests over TLS are answered in order and marked as secure."""
    server, client_context = contexts
    client_context.maximum_version = version

    async def check() -> None:
        async with standing(tls=server, desk=Desk(lambda request: RawReply(200, (), request.path))) as stand:
            for _ in range(20):
                client = await stand.client(tls=client_context)
                client.send(b"".join(b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n" % n for n in range(3)))
                assert [(await client.reply()).body for _ in range(3)] == [b"/0", b"/1", b"/2"]
                client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                assert (await client.reply()).headers[b"connection"] == b"close"
                assert await client.rest() == b""
            assert all(request.secure for request in stand.desk.requests)
            assert {request.peer for request in stand.desk.requests} == {"127.0.0.1"}

    run(check())


def test_s10_refusals_over_tls(contexts: Contexts) -> None:
    """The refusal arrives and the connection ends."""
    server, client_context = contexts

    async def check() -> None:
        async with standing(tls=server) as stand:
            client = await stand.client(tls=client_context)
            client.send(b"bad\r\n\r\n")
            assert await client.refusal() == 400

    run(check())


def test_z01_handshakes_are_counted_before_they_are_made(contexts: Contexts) -> None:
    """A client that opens connections and never speaks TLS meets the limit, and its room comes back."""
    server, client_context = contexts

    async def check() -> None:
        async with standing(EdgeLimits(max_connections=2), tls=server) as stand:
            silent, noisy = await stand.client(), await stand.client()
            await stand.until(lambda: stand.edge.counters.connections_open == 2)
            turned_away = await stand.client()
            assert await turned_away.was_cut_off()
            noisy.send(GET)
            silent.abort()
            await stand.until(lambda: stand.edge.counters.connections_open == 0)
            assert stand.edge.counters.handshakes_failed == 2
            client = await stand.client(tls=client_context)
            client.send(GET)
            assert (await client.reply()).status == 200

    run(check())


def test_z01_a_handshake_has_a_time_limit(contexts: Contexts) -> None:
    """A handshake that does not come to an end is given up."""
    server, _ = contexts

    async def check() -> None:
        async with standing(EdgeLimits(header_timeout_s=0.05), tls=server) as stand:
            client = await stand.client()
            client.send(b"\x16\x03\x01")
            await stand.until(lambda: stand.edge.counters.handshakes_failed == 1)
            assert stand.edge.counters.connections_open == 0

    run(check())


def test_drain_gives_up_handshakes(contexts: Contexts) -> None:
    """A handshake under way does not hold up the end."""
    server, _ = contexts

    async def check() -> None:
        async with standing(tls=server) as stand:
            await stand.client()
            await stand.until(lambda: stand.edge.counters.connections_open == 1)
            await stand.edge.drain(30)
            await asyncio.sleep(0)
            assert stand.edge.counters.connections_open == 0

    run(check())


def test_a_context_below_tls_1_2_is_refused() -> None:
    """TLS 1.0 and 1.1 are not offered (RFC 8996)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with pytest.raises(WeakTLSContext):
        check_context(context)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    check_context(context)
