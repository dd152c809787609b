"""A small signer for the tests, written apart from the engine so that the two can disagree.

It signs what it is told to sign, mistakes included: any list of headers, any scope, any timestamp.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import quote

from strongroom.http_message import Header, RawRequest
from strongroom.sigv4 import (
    Authentication,
    check_coverage,
    check_scope,
    check_time,
    derive_signing_key,
    parse_authentication,
    signature_matches,
)

ACCESS_KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET = b"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
STAMP = "20261123T101500Z"
STAMP_MS = 1_795_428_900_000
REGION = "eu-central-1"
SERVICE = "secretsmanager"
BODY = b'{"SecretId":"prod/db"}'

HEADERS: tuple[Header, ...] = (
    (b"host", b"127.0.0.1:7327"),
    (b"user-agent", b"Boto3/1.44.5 md/Botocore#1.44.5"),
    (b"x-amz-target", b"secretsmanager.GetSecretValue"),
    (b"content-type", b"application/x-amz-json-1.1"),
    (b"x-amz-date", STAMP.encode()),
)


def make_request(
    headers: Sequence[Header] = HEADERS,
    *,
    method: bytes = b"POST",
    path: bytes = b"/",
    query: bytes = b"",
    body: bytes = BODY,
) -> RawRequest:
    """Put a request together as the edge would."""
    return RawRequest(method, path, query, tuple(headers), body, "127.0.0.1", False, "req-1")


def _seal(scope: str, stamp: str, canonical: bytes) -> str:
    key = b"AWS4" + SECRET
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), "sha256").digest()
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical).hexdigest()])
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def _canonical(request: RawRequest, query: bytes, signed: Sequence[bytes], payload: bytes | None) -> bytes:
    lines = [request.method, request.path, query]
    for name in signed:
        values = b",".join(b" ".join(value.split()) for key, value in request.headers if key == name)
        lines.append(name + b":" + values)
    digest = hashlib.sha256(request.body).hexdigest().encode() if payload is None else payload
    return b"\n".join([*lines, b"", b";".join(signed), digest])


def sign(
    request: RawRequest,
    *,
    signed: Sequence[bytes] | None = None,
    stamp: str = STAMP,
    date: str | None = None,
    region: str = REGION,
    service: str = SERVICE,
    terminator: str = "aws4_request",
    payload: bytes | None = None,
) -> RawRequest:
    """Add an Authorization header; by default it covers everything but User-Agent."""
    if signed is None:
        signed = sorted({name for name, _ in request.headers} - {b"user-agent"})
    scope = f"{date or stamp[:8]}/{region}/{service}/{terminator}"
    signature = _seal(scope, stamp, _canonical(request, request.query, signed, payload))
    value = (
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY_ID}/{scope}, "
        f"SignedHeaders={b';'.join(signed).decode()}, Signature={signature}"
    )
    return replace(request, headers=(*request.headers, (b"authorization", value.encode())))


def presign(
    *,
    headers: Sequence[Header] = ((b"host", b"127.0.0.1:7327"),),
    extra: Sequence[tuple[str, str]] = (),
    expires: str = "900",
    stamp: str = STAMP,
    body: bytes = b"",
    signed: Sequence[bytes] | None = None,
    payload: bytes | None = None,
) -> RawRequest:
    """Make a GET whose signature stands in its query, with ``extra`` parameters covered by it."""
    signed = sorted({name for name, _ in headers}) if signed is None else signed
    scope = f"{stamp[:8]}/{REGION}/{SERVICE}/aws4_request"
    pairs = [
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", f"{ACCESS_KEY_ID}/{scope}"),
        ("X-Amz-Date", stamp),
        ("X-Amz-Expires", expires),
        ("X-Amz-SignedHeaders", b";".join(signed).decode()),
        *extra,
    ]
    encoded = sorted((quote(name, safe=""), quote(value, safe="")) for name, value in pairs)
    query = "&".join(f"{name}={value}" for name, value in encoded).encode()
    request = make_request(headers, method=b"GET", query=query, body=body)
    signature = _seal(scope, stamp, _canonical(request, query, signed, payload))
    return replace(request, query=query + b"&X-Amz-Signature=" + signature.encode())


def replace(request: RawRequest, **changes: object) -> RawRequest:
    """Copy a request with some fields changed."""
    fields = {name: getattr(request, name) for name in request.__struct_fields__}
    if "headers" in changes:
        changes["listed"] = changes.pop("headers")
    return RawRequest(**(fields | changes))


def with_header(request: RawRequest, name: bytes, value: bytes) -> RawRequest:
    """Copy a request with one header replaced, or added at the end."""
    if any(key == name for key, _ in request.headers):
        headers = tuple((key, value if key == name else old) for key, old in request.headers)
    else:
        headers = (*request.headers, (name, value))
    return replace(request, headers=headers)


def with_authorization(request: RawRequest, old: bytes, new: bytes) -> RawRequest:
    """Copy a request with a piece of its Authorization header replaced; the piece must be there."""
    value = dict(request.headers)[b"authorization"]
    assert old in value
    return with_header(request, b"authorization", value.replace(old, new))


def accept(
    request: RawRequest, *, now_ms: int = STAMP_MS, region: str = REGION, service: str = SERVICE
) -> Authentication | None:
    """Walk the whole verification as the gateway does: None when only the signature is wrong."""
    auth = parse_authentication(request)
    check_scope(auth, service=service, regions={region})
    check_time(auth, now_ms=now_ms)
    check_coverage(request, auth)
    key = derive_signing_key(SECRET, auth.date, auth.region, auth.service)
    return auth if signature_matches(request, auth, key) else None
