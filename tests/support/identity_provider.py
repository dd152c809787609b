"""An OpenID Connect issuer over TLS on loopback, with a certificate of its own authority.

What it answers can be changed while it runs, to be wrong, slow or silent; what was asked of it is counted.
"""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from tests.support.deployments import make_certificate

SigningKey = RSAKey | ECKey


class IdentityProvider:
    """The issuer.

    Attributes:
        certificate: Its certificate, which signs itself.
        issuer: Its URL.
        keys: What it publishes, by key id; change it to rotate.
        asked: How often each path was asked for.
        replies: What to answer instead, by path: status, headers, body.
        discovery: Members that replace those of the discovery document.
    """

    def __init__(self, directory: Path) -> None:
        self.certificate, key_file = make_certificate(directory)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, key_file)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.port = int(self._server.server_address[1])
        self.issuer = f"https://127.0.0.1:{self.port}/cluster"
        self.keys: dict[str, SigningKey] = {"one": RSAKey.generate_key(2048)}
        self.asked: dict[str, int] = {}
        self.replies: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.discovery: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def jwks(self) -> dict[str, Any]:
        """The key set that it publishes."""
        return {"keys": [{**key.as_dict(private=False), "kid": kid} for kid, key in self.keys.items()]}

    def token(
        self,
        key_id: str = "one",
        *,
        algorithm: str = "RS256",
        key: Any = None,
        header: Mapping[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """Write a token; a claim that is None is left out."""
        now = int(time.time())
        all_claims = {
            "iss": self.issuer,
            "sub": "system:serviceaccount:shop:web",
            "aud": ["sts.amazonaws.com"],
            "iat": now - 5,
            "nbf": now - 5,
            "exp": now + 600,
            **claims,
        }
        present = {name: value for name, value in all_claims.items() if value is not None}
        protected = {"alg": algorithm, "kid": key_id, **(header or {})}
        return jws.serialize_compact(
            {name: value for name, value in protected.items() if value is not None},
            json.dumps(present).encode(),
            key or self.keys[key_id],
            algorithms=[algorithm],
        )

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Give what stands at a path."""
        self.asked[path] = self.asked.get(path, 0) + 1
        if path in self.replies:
            return self.replies[path]
        if path == "/cluster/.well-known/openid-configuration":
            found = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **self.discovery}
        elif path == "/cluster/keys":
            found = self.jwks
        else:
            return 404, {}, b""
        return 200, {"Content-Type": "application/json"}, json.dumps(found).encode()

    def close(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()


def _handler_of(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = provider.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def identity_provider(directory: Path) -> Iterator[IdentityProvider]:
    """Run an issuer."""
    directory.mkdir(parents=True, exist_ok=True)
    running = IdentityProvider(directory)
    try:
        yield running
    finally:
        running.close()
