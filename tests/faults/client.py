"""A signed client on one keep-alive connection, fast enough that the server is what is tried.

It says whether an answer came: an answer that never came leaves open what happened, and nothing else does.
It signs by itself, in few lines, because a general signer costs more than the server's whole request path.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from tests.support.accounts import Account, Key
from tests.support.signed_http import QUERY_VERSIONS, TARGET_PREFIXES

HANG_S = 60
"""How long an answer may take before it counts as none at all; many times what any answer takes."""


class NoAnswer(Exception):
    """The connection ended before an answer came: nobody knows what became of the request."""


class Answer(NamedTuple):
    """A reply of the server."""

    status: int
    request_id: str
    body: bytes

    @property
    def says(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The error's code; empty for a success."""
        return "" if self.status == 200 else str(self.says.get("__type", "?")).rpartition("#")[2]


class KeptConnection:
    """One client; it connects again when it has to."""

    def __init__(self, endpoint: str, key: Account | Key, region: str = "us-east-1") -> None:
        self.host = urlsplit(endpoint).netloc
        self._key = key
        self._region = region
        self._connection: http.client.HTTPConnection | None = None

    def ask(
        self, target: str, members: Mapping[str, Any] | bytes = b"{}", *, service: str = "secretsmanager"
    ) -> Answer:
        """Send one request and wait for the answer.

        Raises:
            NoAnswer: The connection was refused, or ended before the answer was whole.
        """
        return self.send(*sign(self.host, self._key, self._region, service, target, members))

    def send(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send headers and body as they are.

        Raises:
            NoAnswer: As ``ask``.
        """
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self.host, timeout=HANG_S)
                self._connection.connect()
            self._connection.request("POST", "/", body, dict(headers))
            reply = self._connection.getresponse()
            return Answer(reply.status, reply.headers.get("x-amzn-requestid", ""), reply.read())
        except TimeoutError:
            raise AssertionError("the server neither answered nor refused") from None
        except (OSError, http.client.HTTPException) as problem:
            self.close()
            raise NoAnswer(str(problem)) from problem

    def get(self, path: str) -> Answer:
        """Ask for health, readiness or metrics."""
        connection = http.client.HTTPConnection(self.host, timeout=HANG_S)
        try:
            connection.request("GET", path)
            reply = connection.getresponse()
            return Answer(reply.status, "", reply.read())
        finally:
            connection.close()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def sign(
    host: str, key: Account | Key, region: str, service: str, target: str, members: Mapping[str, Any] | bytes
) -> tuple[dict[str, str], bytes]:
    """Make headers and body of a signed request; a mapping is written as the service wants it."""
    is_query = service in QUERY_VERSIONS
    if isinstance(members, bytes):
        body = members
    elif is_query:
        body = urlencode({"Action": target, "Version": QUERY_VERSIONS[service], **members}).encode()
    else:
        body = json.dumps(members).encode()
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    headers = {
        "content-type": "application/x-www-form-urlencoded" if is_query else "application/x-amz-json-1.1",
        "host": host,
        "x-amz-date": stamp,
    }
    if isinstance(key, Key) and key.session_token is not None:
        headers["x-amz-security-token"] = key.session_token
    if not is_query:
        headers["x-amz-target"] = f"{TARGET_PREFIXES[service]}.{target}"
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    names = ";".join(headers)
    digest = hashlib.sha256(body).hexdigest()
    canonical = f"POST\n/\n\n{lines}\n{names}\n{digest}"
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(_signing_key(key.secret_access_key, scope), text.encode(), "sha256").hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key.access_key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers, body


@lru_cache(maxsize=64)
def _signing_key(secret: str, scope: str) -> bytes:
    made = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        made = hmac.new(made, part.encode(), "sha256").digest()
    return made
