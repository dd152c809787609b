"""Deployments as an operator makes them: ``init`` with a key file that lies apart from the store."""

from __future__ import annotations

import datetime
import ipaddress
import json
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.accounts import Account
from tests.support.server import Server, run_program


@dataclass(frozen=True)
class Deployment:
    """What ``init`` made, and where."""

    data_dir: Path
    key_file: Path
    first: Account
    audit_public_key: str

    def server(self, *arguments: str | Path, **more: object) -> Server:
        """Describe a ``serve`` of this deployment; ``start`` starts it."""
        return Server(self.data_dir, arguments, command="serve", first=self.first, **more)  # type: ignore[arg-type]


def make_deployment(directory: Path, *arguments: str) -> Deployment:
    """Make one below ``directory``: the store in ``store/data``, the key file in ``keys``."""
    keys = directory / "keys"
    keys.mkdir(parents=True)
    data_dir = directory / "store" / "data"
    key_file = keys / "root.key"
    done = run_program(
        "init", "--data-dir", data_dir, "--seal", f"file:{key_file}", "--json", *arguments, cwd=directory
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    first = Account(made["account_id"], made["access_key_id"], made["secret_access_key"])
    return Deployment(data_dir, key_file, first, made["audit_public_key"])


def make_certificate(directory: Path) -> tuple[Path, Path]:
    """Write a self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "strongroom test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = directory / "tls.crt", directory / "tls.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return certificate_file, key_file
