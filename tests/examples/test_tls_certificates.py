"""The example of a function that rotates a TLS certificate: deployed, and a server that serves what it made."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

from cryptography import x509

from tests.examples.deploying import deploy, rotate
from tests.support.accounts import Account
from tests.support.server import Server


def make_authority(directory: Path) -> dict[str, str]:
    """Make the authority as the README says."""
    made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650"
    files = ["-subj", "/CN=Our authority", "-keyout", "authority.key", "-out", "authority.pem"]
    subprocess.run(["openssl", *made.split(), *files], cwd=directory, check=True, capture_output=True)
    return {
        "certificate": (directory / "authority.pem").read_text(),
        "private_key": (directory / "authority.key").read_text(),
    }


def handshake(value: dict[str, Any], directory: Path) -> None:
    """Serve a certificate, and connect to it as a client that trusts the authority alone."""
    file = directory / f"{value['serial']}.pem"
    file.write_text(value["private_key"] + value["certificate"])
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with serving.wrap_socket(connection, server_side=True) as peer:
                peer.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        client = ssl.create_default_context(cadata=value["chain"])
        with (
            socket.create_connection(listening.getsockname()) as plain,
            client.wrap_socket(plain, server_hostname="shop.example.com") as encrypted,
        ):
            served = encrypted.getpeercert()
        thread.join(10)
    assert served is not None
    assert served["serialNumber"] == value["serial"]


def test_it_rotates(server: Server, account: Account, tmp_path: Path) -> None:
    """The first rotation issues; the second replaces key and certificate together; other members stay."""
    client = server.client("secretsmanager", account)
    authority = make_authority(tmp_path)
    arn = client.create_secret(Name="tls/authority", SecretString=json.dumps(authority))["ARN"]
    wanted = {"names": ["shop.example.com", "www.example.com"], "days": 30, "masterarn": arn, "team": "shop"}
    client.create_secret(Name="tls/shop", SecretString=json.dumps(wanted))
    function = deploy(server, account, "tls-certificates")
    first = rotate(server, client, "tls/shop", RotationLambdaARN=function)
    second = rotate(server, client, "tls/shop")
    for value in (first, second):
        assert {name: value[name] for name in wanted} == wanted
        handshake(value, tmp_path)
    assert first["serial"] != second["serial"]
    assert first["private_key"] != second["private_key"]
    names = x509.load_pem_x509_certificate(second["certificate"].encode()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert names.value.get_values_for_type(x509.DNSName) == wanted["names"]
    assert "PRIVATE KEY" not in str(server.records(account=account))
