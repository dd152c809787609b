"""Bearer tokens that an HTTP endpoint issues and revokes, as Twitter's did and as OAuth 2.0 client credentials do.

The rotated secret is ``{"token_type": "bearer", "access_token": ..., "masterarn": ...}``; the secret of ``masterarn``
holds the key pair, and everything about the endpoint:

 - ``api_key`` and ``api_secret_key`` (or ``consumer_key`` and ``consumer_secret``, or ``client_id`` and
   ``client_secret``);
 - ``token_url``: a POST of ``grant_type=client_credentials`` (and ``scope``, if it is there) with HTTP basic
   authentication gives a token;
 - ``revoke_url``, if there is one: a POST of the token, under the name ``revoke_parameter`` (``access_token`` by
   default, as Twitter has it; RFC 7009 has ``token``), ends it;
 - ``test_url``: a GET with the token answers 2xx, and 401 when the token is not accepted.

Rules (threat model E-01, R-02):
 - Key and tokens go to the addresses of the key's secret, never to one that the rotated secret names.
 - Only 401 says something about a token. 429, 5xx and silence are unknown; ``Retry-After`` is kept to.
 - No body and no header of an answer is in a message.

Source: RFC 6749 sections 2.3.1, 4.4, 5.1; RFC 6750 section 3; RFC 7009; rotation reference 11.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus, urlencode, urlsplit

from strongroom.egress.fetch import (
    Egress,
    EgressFailed,
    EgressRefused,
    EgressUnreachable,
    EgressUnverified,
    Reply,
)
from strongroom.errors import StrongroomError
from strongroom.rotation.issuer import Issuer
from strongroom.rotation.machine import Evidence
from strongroom.rotation.rotator import (
    Cause,
    Check,
    Document,
    DocumentRefused,
    Probe,
    Rehearsal,
    Server,
    TargetFailed,
)
from strongroom.strict_json import JSON, load_json

KEY_PAIRS: Final = (
    ("api_key", "api_secret_key"),
    ("consumer_key", "consumer_secret"),
    ("client_id", "client_secret"),
)
TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/%=-]{1,16384}", re.ASCII)
"""RFC 6750, ``b64token``; Twitter's tokens have percent signs besides."""
_PARAMETER: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)


class BearerToken(Issuer):
    """Obtains and revokes tokens.

    Args:
        egress: The way to the endpoint.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    def check(self, document: Document, administrator: Document) -> None:
        """Check the members of both secrets."""
        document.text("access_token")
        if not document.text("masterarn"):
            raise DocumentRefused("the member masterarn is missing")
        _key_pair(administrator)
        for name in ("token_url", "test_url", "revoke_url"):
            url = administrator.text(name)
            if not url and name != "revoke_url":
                raise DocumentRefused(f"the member {name} is missing in the secret of masterarn")
            if url:
                self._check_url(name, url)
        administrator.text("scope")
        if _PARAMETER.fullmatch(_revoke_parameter(administrator)) is None:
            raise DocumentRefused("the member revoke_parameter is no name of a form's field")

    def has_credential(self, document: Document) -> bool:
        """Whether it holds a token."""
        return bool(document.text("access_token"))

    def is_same(self, one: Document, other: Document) -> bool:
        """Whether both hold the same token."""
        return one.text("access_token") == other.text("access_token")

    def probe(self, document: Document, administrator: Document) -> Probe:
        """Call the API with the token."""
        token = document.text("access_token")
        url = administrator.text("test_url")
        if TOKEN.fullmatch(token) is None:
            return Probe(
                Evidence.REFUSED, Cause.AUTHENTICATION, "there is no token" if not token else "no token"
            )
        try:
            reply = self._send("GET", url, {"Authorization": f"Bearer {token}"})
        except TargetFailed as problem:
            return Probe(Evidence.UNKNOWN, problem.cause, problem.detail)
        if 200 <= reply.status < 300:
            return Probe(Evidence.ACCEPTED, server=Server(_place(url), "", reply.tls, False))
        if reply.status == 401:
            return Probe(Evidence.REFUSED, Cause.AUTHENTICATION, "test_url answered with status 401")
        failure = _failure("test_url", reply)
        return Probe(Evidence.UNKNOWN, failure.cause, failure.detail, retry_after_s=reply.retry_after_s)

    def issue(self, current: Document, administrator: Document, key: str) -> Document:
        """Ask for a token with the key pair."""
        form = {"grant_type": "client_credentials"}
        if scope := administrator.text("scope"):
            form["scope"] = scope
        reply = self._post(administrator, "token_url", form, {"Idempotency-Key": key})
        if reply.status not in (200, 201):
            raise _failure("token_url", reply)
        try:
            members = load_json(reply.body.reveal())
        except StrongroomError:
            members = None
        token = members.get("access_token") if isinstance(members, dict) else None
        kind = members.get("token_type") if isinstance(members, dict) else None
        if not isinstance(token, str) or TOKEN.fullmatch(token) is None:
            raise TargetFailed(Cause.SERVER, "token_url answered without a token", is_certain=False)
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise TargetFailed(Cause.SERVER, "token_url answered with no bearer token", is_certain=False)
        adopted: dict[str, JSON] = {"token_type": kind, "access_token": token}
        expires_in = members.get("expires_in") if isinstance(members, dict) else None
        if isinstance(expires_in, int | float) or "expires_in" in current.reveal():
            adopted["expires_in"] = expires_in
        return current.with_members(**adopted)

    def can_revoke(self, administrator: Document) -> bool:
        """Whether there is a ``revoke_url``."""
        return bool(administrator.text("revoke_url"))

    def revoke(self, document: Document, administrator: Document) -> None:
        """Ask that a token be refused from now on."""
        form = {_revoke_parameter(administrator): document.text("access_token")}
        reply = self._post(administrator, "revoke_url", form, {})
        if not 200 <= reply.status < 300:
            raise _failure("revoke_url", reply)

    def rehearse(self, current: Document, administrator: Document) -> Rehearsal:
        """Use the token that is there. The endpoint is not asked for one: that might make one."""
        found = self.probe(current, administrator)
        is_first = not self.has_credential(current)
        met = found.evidence is Evidence.ACCEPTED or is_first
        detail = found.detail if found.cause is None else f"{found.cause.value}: {found.detail}"
        checks = [
            Check("the current token is accepted", met, "it gets its first one" if is_first else detail)
        ]
        if not self.can_revoke(administrator):
            checks.append(Check("old tokens are revoked", True, "no: they end when they expire"))
        statements = [
            f"POST {administrator.text('token_url')} (key and secret masked) grant_type=client_credentials",
            f"GET {administrator.text('test_url')} (token masked)",
        ]
        if self.can_revoke(administrator):
            field = _revoke_parameter(administrator)
            statements.append(f"POST {administrator.text('revoke_url')} (key and secret masked) {field}=…")
        return Rehearsal(tuple(checks), tuple(statements))

    def _check_url(self, name: str, url: str) -> None:
        try:
            self._egress.check(url)
        except EgressRefused as problem:
            raise DocumentRefused(f"the member {name} in the secret of masterarn: {problem}") from None

    def _post(
        self, administrator: Document, name: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> Reply:
        key, secret = _key_pair(administrator)
        # RFC 6749 2.3.1: both are form-encoded before they are joined.
        pair = base64.b64encode(f"{quote_plus(key)}:{quote_plus(secret)}".encode()).decode()
        sent = {
            **headers,
            "Authorization": f"Basic {pair}",
            "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8",
            "Accept": "application/json",
        }
        return self._send("POST", administrator.text(name), sent, urlencode(form).encode())

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Reply:
        try:
            return self._egress.exchange(method, url, headers, body)
        except EgressRefused as problem:
            raise TargetFailed(Cause.CONFIGURATION, str(problem)) from None
        except EgressUnverified as problem:
            raise TargetFailed(Cause.TLS, str(problem)) from None
        except EgressUnreachable as problem:
            raise TargetFailed(Cause.UNREACHABLE, str(problem)) from None
        except EgressFailed as problem:
            raise TargetFailed(Cause.UNCERTAIN, str(problem), is_certain=False) from None


def _failure(name: str, reply: Reply) -> TargetFailed:
    """Say what a status means; nothing of the answer is shown."""
    detail = f"{name} answered with status {reply.status}"
    wait_s = reply.retry_after_s
    if reply.status == 429:
        return TargetFailed(Cause.OVERLOADED, detail, is_certain=False, retry_after_s=wait_s)
    if reply.status == 408 or reply.status >= 500:
        return TargetFailed(Cause.SERVER, detail, is_certain=False, retry_after_s=wait_s)
    if reply.status in (401, 403):
        refused = Cause.AUTHENTICATION if reply.status == 401 else Cause.PRIVILEGE
        return TargetFailed(refused, detail, retry_after_s=wait_s)
    return TargetFailed(Cause.SERVER, detail, is_final=True)


def _key_pair(administrator: Document) -> tuple[str, str]:
    """Read the key pair, under the first names that are there.

    Raises:
        DocumentRefused: There is none.
    """
    for key_name, secret_name in KEY_PAIRS:
        key, secret = administrator.text(key_name), administrator.text(secret_name)
        if key and secret:
            return key, secret
    raise DocumentRefused("the secret of masterarn has no api_key and api_secret_key")


def _revoke_parameter(administrator: Document) -> str:
    return administrator.text("revoke_parameter") or "access_token"


def _place(url: str) -> str:
    """Name the server of a URL that was checked."""
    parts = urlsplit(url)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    return f"{parts.hostname}:{port}"
