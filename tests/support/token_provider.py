"""A provider of bearer tokens over HTTP on loopback: it issues, revokes and accepts them, and misbehaves as told.

Three kinds: it holds ``one`` token (asked again it gives the same one, as Twitter did), ``several``, or it
``replaces`` the one that is there by each new one.
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter, deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote_plus

ISSUE, REVOKE, CALL = "/oauth2/token", "/oauth2/invalidate_token", "/api/me"


class TokenProvider:
    """The provider.

    Attributes:
        kind: ``one``, ``several`` or ``replaces``.
        live: The tokens that it accepts.
        issued: How many it made.
        asked: How often each path was asked.
        seen: What it was sent: path, headers, body.
        knows_keys: Whether it gives the same token again for the same Idempotency-Key.
        fails_next: For each path what to do with the next requests: ``lose`` (act, and break off), ``drop`` (break
            off without acting), ``hang`` (act, and never answer), or a status with ``act`` before it or not:
            ``429``, ``act 500``. An empty text lets a request pass.
        retry_after: The header of 429 and 503.
    """

    def __init__(self, kind: str = "one") -> None:
        self.kind = kind
        self.key, self.secret = "key with spaces & more", "sec:ret%"
        self.live: set[str] = set()
        self.issued = 0
        self.asked: Counter[str] = Counter()
        self.seen: list[tuple[str, dict[str, str], bytes]] = []
        self.knows_keys = False
        self.fails_next: dict[str, deque[str]] = {ISSUE: deque(), REVOKE: deque(), CALL: deque()}
        self.retry_after = "7"
        self.gone = threading.Event()
        self._by_key: dict[str, str] = {}
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """End it."""
        self.gone.set()
        self._server.shutdown()
        self._server.server_close()

    def key_secret(self, **members: Any) -> dict[str, Any]:
        """Write the JSON of the key's secret."""
        return {
            "api_key": self.key,
            "api_secret_key": self.secret,
            "token_url": self.url + ISSUE,
            "revoke_url": self.url + REVOKE,
            "test_url": self.url + CALL,
            **members,
        }

    def issue(self, key: str = "") -> str:
        """Give a token."""
        with self._lock:
            if self.kind == "one" and self.live:
                return next(iter(self.live))
            if self.knows_keys and self._by_key.get(key, "") in self.live:
                return self._by_key[key]
            self.issued += 1
            token = f"AAAA%2Ftoken-{self.issued}"
            if self.kind == "replaces":
                self.live.clear()
            self.live.add(token)
            self._by_key[key] = token
            return token

    def revoke(self, token: str) -> bool:
        """End a token."""
        with self._lock:
            was_live = token in self.live
            self.live.discard(token)
            return was_live

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        """Do what a request asks for."""
        if path == CALL:
            held = headers.get("authorization", "").removeprefix("Bearer ")
            return (200, {"user": "me"}) if held in self.live else (401, {"errors": [{"code": 89}]})
        pair = base64.b64decode(headers.get("authorization", "Basic ").removeprefix("Basic ")).decode()
        given = tuple(unquote_plus(part) for part in pair.split(":"))
        if given != (self.key, self.secret):
            return 401, {"errors": [{"code": 99, "message": "Unable to verify your credentials"}]}
        form = parse_qs(body.decode())
        if path == ISSUE:
            if form.get("grant_type") != ["client_credentials"]:
                return 400, {"error": "unsupported_grant_type"}
            token = self.issue(headers.get("idempotency-key", ""))
            return 200, {"token_type": "bearer", "access_token": token}
        token = form.get("access_token", [""])[0]
        return (200, {"access_token": token}) if self.revoke(token) else (403, {"errors": [{"code": 348}]})


def _handler_of(provider: TokenProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._act()

        def do_POST(self) -> None:
            self._act()

        def _act(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", "0")))
            provider.asked[self.path] += 1
            provider.seen.append((self.path, headers, body))
            planned = provider.fails_next.get(self.path)
            plan = planned.popleft() if planned else ""
            if plan == "drop":
                return
            if plan.isdigit():
                self._send(int(plan), {"error": "not now"})
                return
            status, members = provider.answer(self.path, headers, body)
            if plan == "hang":
                provider.gone.wait(30)
            if plan in ("hang", "lose"):
                return
            if plan.startswith("act "):
                status, members = int(plan[4:]), {"error": "internal"}
            self._send(status, members)

        def _send(self, status: int, members: dict[str, Any]) -> None:
            content = json.dumps(members).encode()
            self.send_response(status)
            if status in (429, 503):
                self.send_header("Retry-After", provider.retry_after)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    return Handler
