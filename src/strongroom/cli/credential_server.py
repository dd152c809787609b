"""The endpoint on loopback from which an SDK inside the started command fetches the role's credentials.

It is the container-credentials protocol that every AWS SDK knows: a GET with an authorization token, answered with
JSON. The SDK asks again before the credentials expire, and gets new ones.

Rules:
 - It listens on loopback, on a port that the system chose. Who asks must bring the token, which only this user can
   read from its file, and must have addressed loopback (a page in a browser that was led here by DNS has not).
 - New credentials are fetched when those at hand have less than 15 minutes left, or half of their life, if that is
   shorter: SDKs begin to refresh that early. While the server cannot be reached, what still lives is given.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html; identity reference 5.4.
"""

from __future__ import annotations

import hmac
import json
import os
import secrets
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import msgspec

from strongroom.cli.role_client import NotGiven, RoleCredentials
from strongroom.cli.terminal import complain

PATH: Final = "/credentials"
FRESH_S: Final = 900
REQUEST_WITHIN_S: Final = 5


class Refreshing:
    """Keeps credentials that are fresh.

    Args:
        fetch: Gets new ones.
        life_s: How long new ones live.
        now_s: The present, seconds since the epoch.
    """

    def __init__(
        self, fetch: Callable[[], RoleCredentials], life_s: int, now_s: Callable[[], float] = time.time
    ) -> None:
        self._fetch = fetch
        self._now_s = now_s
        self._lock = threading.Lock()
        self._held = fetch()
        self._fresh_s = min(FRESH_S, life_s / 2)

    def get(self) -> RoleCredentials:
        """Give credentials that are fresh, or what still lives.

        Raises:
            NotGiven: There are none that live.
        """
        with self._lock:
            if self._held.seconds_left(self._now_s()) < self._fresh_s:
                try:
                    self._held = self._fetch()
                except NotGiven:
                    if self._held.seconds_left(self._now_s()) <= 0:
                        raise
            return self._held


class Offer(msgspec.Struct, frozen=True):
    """What the command must know to fetch credentials.

    Attributes:
        url: For ``AWS_CONTAINER_CREDENTIALS_FULL_URI``.
        token_file: For ``AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE``.
        begin: Starts to answer; until then who asks waits.
    """

    url: str
    token_file: Path
    begin: Callable[[], None]


@contextmanager
def offer_credentials(credentials: Refreshing) -> Iterator[Offer]:
    """Listen on loopback and write the token's file; both are gone at the end."""
    token = secrets.token_urlsafe(32)
    server = _Server(credentials, token)
    # A directory of this user in memory, where there is one; mkdtemp makes it for nobody else (0700).
    place = os.environ.get("XDG_RUNTIME_DIR")
    with tempfile.TemporaryDirectory(
        prefix="strongroom-", dir=place if place and os.path.isdir(place) else None
    ) as directory:
        token_file = Path(directory) / "token"
        descriptor = os.open(token_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(token)
        answering = threading.Thread(target=server.serve_forever, daemon=True, name="credentials")
        try:
            yield Offer(f"http://{server.authority}{PATH}", token_file, answering.start)
        finally:
            if answering.is_alive():
                server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, credentials: Refreshing, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.credentials = credentials
        self.token = token.encode("ascii")
        self.authority = f"127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who went away in the middle needs no traceback, which could hold a value."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = REQUEST_WITHIN_S

    def do_GET(self) -> None:
        """Answer with credentials."""
        brought = self.headers.get("Authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(brought, self.server.token):
            self._answer(401, {"code": "Unauthorized", "message": "The authorization token is not valid."})
        elif self.headers.get("Host") != self.server.authority or self.path != PATH:
            self._answer(404, {"code": "NotFound", "message": "There is nothing here."})
        else:
            try:
                held = self.server.credentials.get()
            except NotGiven as problem:
                complain(str(problem))
                self._answer(
                    503, {"code": "NoCredentials", "message": "There are no credentials at present."}
                )
                return
            self._answer(
                200,
                {
                    "AccessKeyId": held.access_key_id,
                    "SecretAccessKey": held.secret_access_key,
                    "Token": held.session_token,
                    "Expiration": held.expiration,
                    "AccountId": held.account_id,
                    "RoleArn": held.role_arn,
                },
            )

    def _answer(self, status: int, members: dict[str, str]) -> None:
        body = json.dumps(members).encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""
