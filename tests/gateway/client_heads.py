"""Requests as clients of AWS send them over one connection, and what becomes of them with and without forms of heads.

``Judge`` holds the real edge's reader, router and authenticator; a credential and a session are all that they know.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from strongroom.errors import Fault
from strongroom.gateway.authentication import Authenticator
from strongroom.gateway.caller import Caller, Credential
from strongroom.gateway.framing import Head, Refused, parse_head
from strongroom.gateway.head_forms import HeadForms
from strongroom.gateway.routing import Router, Unroutable
from strongroom.http_message import Header, RawRequest
from strongroom.policy.question import Principal
from strongroom.services.table import SERVICES
from tests.sigv4.signing import ACCESS_KEY_ID, REGION, SECRET, SERVICE, STAMP, STAMP_MS, make_request, sign

MAX_HEADERS = 64
MAX_BODY_BYTES = 90_000
TOKEN = "FwoGZXIvYXdzEXAMPLE+/=%token"
STAMPS = (STAMP, "20261123T101501Z", "20261123T101959Z", "20261123T102001Z", "20261123T100959Z")
Outcome = tuple[Any, ...]


@dataclass(frozen=True)
class ClientRequest:
    """A request of a client before it is signed.

    Attributes:
        constant: Headers that stand in each of its requests, in this order; an empty value is one that varies.
        unsigned: Names that its signatures do not cover.
        is_turned: Whether the signature stands first in Authorization.
    """

    constant: tuple[Header, ...]
    unsigned: frozenset[bytes] = frozenset([b"user-agent"])
    stamp: str = STAMP
    invocation: bytes = b"3e7f9b54-6c3e-4b1f-9d6a-0d6f0a1b2c3d"
    trace: bytes = b"Root=1-6926d1a0-0123456789abcdef01234567"
    token: str = TOKEN
    body: bytes = b'{"SecretId":"prod/db"}'
    content_hash: bytes | None = None
    path: bytes = b"/"
    query: bytes = b""
    region: str = REGION
    service: str = SERVICE
    is_turned: bool = False

    def write(self) -> tuple[bytes, bytes]:
        """Sign it; give head and body."""
        varying = {
            b"x-amz-date": self.stamp.encode(),
            b"amz-sdk-invocation-id": self.invocation,
            b"x-amzn-trace-id": self.trace,
            b"x-amz-security-token": self.token.encode(),
            b"content-length": b"%d" % len(self.body),
            b"x-amz-content-sha256": self.content_hash or hashlib.sha256(self.body).hexdigest().encode(),
        }
        sent = [(name, value or varying.get(name.lower(), b"")) for name, value in self.constant]
        plain = [(name.lower(), value) for name, value in sent if name.lower() != b"authorization"]
        request = make_request(plain, body=self.body, path=self.path, query=self.query)
        covered = sorted({name for name, _ in plain} - self.unsigned)
        signed = sign(request, signed=covered, stamp=self.stamp, region=self.region, service=self.service)
        authorization = signed.headers[-1][1]
        if self.is_turned:
            scheme, _, parameters = authorization.partition(b" ")
            authorization = scheme + b" " + b", ".join(reversed(parameters.split(b", ")))
        lines = [
            name + b": " + (authorization if name.lower() == b"authorization" else value) + b"\r\n"
            for name, value in sent
        ]
        target = self.path + (b"?" + self.query if self.query else b"")
        return b"POST " + target + b" HTTP/1.1\r\n" + b"".join(lines) + b"\r\n", self.body


BOTO = ClientRequest(
    (
        (b"Host", b"127.0.0.1:7327"),
        (b"Accept-Encoding", b"identity"),
        (b"X-Amz-Target", b"secretsmanager.GetSecretValue"),
        (b"Content-Type", b"application/x-amz-json-1.1"),
        (b"User-Agent", b"Boto3/1.44.5 md/Botocore#1.44.5 100%b"),
        (b"X-Amz-Date", b""),
        (b"Authorization", b""),
        (b"amz-sdk-invocation-id", b""),
        (b"amz-sdk-request", b"attempt=1"),
        (b"Content-Length", b""),
    ),
    frozenset(
        [b"user-agent", b"accept-encoding", b"amz-sdk-invocation-id", b"amz-sdk-request", b"content-length"]
    ),
)
"""What boto3 sends."""
SESSION = replace(BOTO, constant=(*BOTO.constant[:6], (b"X-Amz-Security-Token", b""), *BOTO.constant[6:]))
"""The same with temporary credentials."""
JAVASCRIPT = ClientRequest(
    (
        (b"host", b"127.0.0.1:7327"),
        (b"x-amz-content-sha256", b""),
        (b"x-amz-target", b"secretsmanager.GetSecretValue"),
        (b"content-type", b"application/x-amz-json-1.1"),
        (b"x-amzn-trace-id", b""),
        (b"content-length", b""),
        (b"amz-sdk-invocation-id", b""),
        (b"x-amz-date", b""),
        (b"authorization", b""),
        (b"x-amz-user-agent", b"aws-sdk-js/3.9  two%20blanks"),
    ),
    frozenset([b"x-amzn-trace-id"]),
)
"""What signs all that it sends, and a hash of its body."""

FORM = ClientRequest(
    (
        (b"Host", b"127.0.0.1:7327"),
        (b"Content-Type", b"application/x-www-form-urlencoded"),
        (b"X-Amz-Date", b""),
        (b"Authorization", b""),
        (b"Content-Length", b""),
    ),
    body=b"Action=GetUser&Version=2010-05-08",
    service="iam",
)
"""A request of the query protocol, whose body alone says for which service it is."""


class _Credentials:
    """One long-term key."""

    def __init__(self) -> None:
        principal = Principal("User", "arn:aws:iam::111122223333:user/a", "111122223333", "AIDAEXAMPLE")
        self.caller = Caller(principal, "IAMUser", "a", ACCESS_KEY_ID, ())
        self.credential: Credential | None = Credential(SECRET, self.caller)

    def find(self, _rows: Any, access_key_id: str) -> Credential | None:
        """Find it."""
        return self.credential if access_key_id == ACCESS_KEY_ID else None


class _Sessions:
    """One session of the same key id."""

    def __init__(self, caller: Caller) -> None:
        self.credential = Credential(SECRET, caller, TOKEN)

    def find(self, _rows: Any, access_key_id: str, token: str) -> Credential | None:
        """Find it."""
        return self.credential if (access_key_id, token) == (ACCESS_KEY_ID, TOKEN) else None


class _Store:
    """Stands for rows and their cache: what is there changes when a test takes it away."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._seen: tuple[object, object] | None = None
        self._number = 0
        self.cache = self

    @property
    def state(self) -> int:
        """Another number whenever something is another."""
        there = self._judge.credentials.credential, self._judge.regions
        if self._seen is None or any(new is not old for new, old in zip(there, self._seen, strict=True)):
            self._seen = there
            self._number += 1
        return self._number


class Judge:
    """Reads and authenticates requests.

    Attributes:
        heads: What is known of heads.
        credentials: Their ``credential`` may be taken away.
        authenticator: Counts whom it recognised.
        store: The rows that it reads.
    """

    def __init__(self) -> None:
        self.heads = HeadForms(MAX_HEADERS, MAX_BODY_BYTES)
        self.credentials = _Credentials()
        self.regions: tuple[str, ...] = (REGION,)
        self.now_ms = STAMP_MS
        sessions = _Sessions(self.credentials.caller)
        self.authenticator = Authenticator(
            self.credentials, sessions, lambda: self.now_ms, lambda _rows: self.regions
        )
        self._router = Router(SERVICES)
        self.store: Any = _Store(self)

    def by_form(self, head: bytes, body: bytes) -> Outcome:
        """Judge a request that came in one piece as the edge does."""
        whole = self.heads.read_whole(head + body)
        if whole is None:
            return self.in_pieces(head, body)
        form, values, taken = whole
        known = form.head_of(values, len(taken))
        request = RawRequest(
            form.method,
            form.path,
            form.query,
            None,
            taken,
            "127.0.0.1",
            False,
            "request-1",
            None,
            form,
            values,
        )
        assert form.keeps_alive == known.keeps_alive
        assert request.headers == known.headers
        assert list(request.by_name().items()) == list(known.named.items())
        return self._judge(known, request)

    def in_pieces(self, head: bytes, body: bytes) -> Outcome:
        """Judge a request whose head came before its body."""
        try:
            return self._judge_head(self.heads.read(head), body)
        except Refused as refused:
            return ("refused", refused.refusal)

    def in_full(self, head: bytes, body: bytes) -> Outcome:
        """Judge a request of which nothing is known."""
        try:
            return self._judge_head(parse_head(head, MAX_HEADERS, MAX_BODY_BYTES), body)
        except Refused as refused:
            return ("refused", refused.refusal)

    def learn(self, *requests: ClientRequest) -> None:
        """Let requests in until their forms are kept."""
        for request in requests:
            reused = self.heads.reused
            for _ in range(20):
                assert self.by_form(*request.write())[-2] == "let in"
            assert self.heads.reused > reused, "its form was not kept"

    def _judge_head(self, head: Head, body: bytes) -> Outcome:
        request = RawRequest(
            head.method,
            head.path,
            head.query,
            head.headers,
            body,
            "127.0.0.1",
            False,
            "request-1",
            head.named,
            head.form,
            head.values,
        )
        return self._judge(head, request)

    def _judge(self, head: Head, request: RawRequest) -> Outcome:
        plain = msgspec.structs.astuple(msgspec.structs.replace(head, form=None, values=()))
        names: Sequence[bytes] = list(head.named)  # in their order too
        rows: Any = self.store
        try:
            route = self._router.find(request)
        except Unroutable as fault:
            return plain, names, "unroutable", fault.code
        try:
            credential, claim = self.authenticator.authenticate(request, route, rows)
        except Fault as fault:
            return plain, names, fault.code, (fault.status, fault.message)
        # A call may be authenticated again, when its caller's policy was compiled meanwhile.
        assert self.authenticator.authenticate(request, route, rows)[0] is credential
        # The signature and the token may be left out of a claim that was proved.
        proved = msgspec.structs.replace(claim, signature=b"", session_token=None)
        return plain, names, "let in", (credential, msgspec.structs.astuple(proved))
