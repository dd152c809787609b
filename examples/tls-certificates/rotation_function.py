"""Rotates a TLS certificate and its key, issued by a small authority of your own.

The secret is {"names": ["shop.example.com"], "days": 30, "masterarn"}, and gets "certificate", "private_key" and
"chain" in PEM, and "serial" and "not_after". The secret of masterarn is the authority: {"certificate",
"private_key"} in PEM. Certificate and key change in one version, so that no reader mixes two.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from four_steps import CURRENT, read, take_step


def handler(event, context):
    """Do one step; nothing is told of a new certificate, servers read it."""
    take_step(event, make=make, test=test)


def make(current):
    """Make a key, and let the authority sign it."""
    return {**current, **issue(read(current["masterarn"], CURRENT), current)}


def issue(authority, wanted):
    """Make a key and a certificate for the names that are wanted."""
    names = ",".join(f"DNS:{name}" for name in wanted["names"])
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        (place / "ca.pem").write_text(authority["certificate"])
        (place / "ca.key").write_text(authority["private_key"])
        (place / "extensions").write_text(
            f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\n"
        )
        openssl(place, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "new.key")
        openssl(place, "req", "-new", "-key", "new.key", "-subj", f"/CN={wanted['names'][0]}", "-out", "new.csr")
        openssl(
            place,
            *("x509", "-req", "-in", "new.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", "new.pem"),
            *("-set_serial", f"0x{os.urandom(16).hex()}", "-days", str(wanted.get("days", 30))),
            *("-extfile", "extensions"),
        )
        told = openssl(place, "x509", "-in", "new.pem", "-noout", "-serial", "-enddate")
        facts = dict(line.split("=", 1) for line in told.splitlines())
        return {
            "certificate": (place / "new.pem").read_text(),
            "private_key": (place / "new.key").read_text(),
            "chain": authority["certificate"],
            "serial": facts["serial"],
            "not_after": facts["notAfter"],
        }


def test(pending):
    """Check that the authority signed it for these names, and that the key is the certificate's."""
    with tempfile.TemporaryDirectory() as made:
        place = Path(made)
        for name in ("certificate", "private_key", "chain"):
            (place / name).write_text(pending[name])
        for name in pending["names"]:
            openssl(place, "verify", "-CAfile", "chain", "-verify_hostname", name, "certificate")
        of_certificate = openssl(place, "x509", "-in", "certificate", "-noout", "-pubkey")
        if openssl(place, "pkey", "-in", "private_key", "-pubout") != of_certificate:
            raise ValueError("the key is not the certificate's")


def openssl(place, *arguments):
    """Run openssl in a directory."""
    command = ["openssl", *arguments]
    return subprocess.run(command, cwd=place, check=True, capture_output=True, text=True, timeout=20).stdout
