"""Our own endpoint, as functions name it and reach it.

Without a setting it is this machine's: the address that the server listens on, or with TLS the name in its
certificate, which leads to that address inside of a sandbox.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

from strongroom.config import Settings
from strongroom.functions.messages import Endpoint

_HERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1", "localhost": "127.0.0.1"}  # noqa: S104 - only compared


def endpoint_of(settings: Settings, host: str, port: int) -> Endpoint | None:
    """Describe our endpoint; None while the server does not listen.

    Args:
        settings: What is in force.
        host: What the server listens on.
        port: Its port; 0 while it has none.
    """
    if settings.functions_endpoint:
        return Endpoint(settings.functions_endpoint, None)
    if not port:
        return None
    address = _HERE.get(host, host)
    shown = f"[{address}]" if ":" in address else address
    if settings.tls_cert is None:
        return Endpoint(f"http://{shown}:{port}", (address, port))
    return Endpoint(f"https://{_certified_name(settings.tls_cert) or shown}:{port}", (address, port))


def _certified_name(certificate: Path) -> str | None:
    """Give the first name that a certificate is for; wildcards are none."""
    from cryptography import x509

    try:
        read = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = read.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, ssl.SSLError, x509.ExtensionNotFound):
        return None
    found = names.get_values_for_type(x509.DNSName)
    return next((name for name in found if "*" not in name), None)
