"""botocore signs random requests; the verifier must agree with every one and with none that was changed."""

from __future__ import annotations

import random
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from strongroom.http_message import RawRequest
from strongroom.sigv4 import Authentication, parse_authentication
from tests.sigv4.signing import REGION, SECRET, SERVICE, accept, replace, with_header

SEEDS = range(60)
_VALUE_CHARACTERS = "".join(map(chr, range(0x20, 0x7F))) + "   \t"
_TEXT_CHARACTERS = "abcXYZ019-._~ /+%&=;:,'\"äሴ𝄞"


def _credentials(draw: random.Random) -> Credentials:
    token = draw.choice([None, "IQoJb3JpZ2luX2VjE+/=="])
    return Credentials("AKIAIOSFODNN7EXAMPLE", SECRET.decode(), token)


def _unsigned_request(draw: random.Random, method: str) -> AWSRequest:
    def text() -> str:
        return "".join(draw.choices(_TEXT_CHARACTERS, k=draw.randint(0, 8)))

    segments = [draw.choice(["", ".", "..", quote(text(), safe="")]) for _ in range(draw.randint(0, 4))]
    pairs = [f"{quote(text(), safe='')}={quote(text(), safe='')}" for _ in range(draw.randint(0, 4))]
    url = "http://localhost:7327/" + draw.choice(["", "/".join(segments)])
    # Signers of presigned requests keep one value for each name.
    names = {pair.partition("=")[0]: pair for pair in pairs} if method == "GET" else dict(enumerate(pairs))
    query = "&".join(names.values())
    request = AWSRequest(method=method, url=f"{url}?{query}" if query else url)
    for name in ["X-Amz-Target", "X-Amz-Meta", "Content-Type", "X-Custom", "Accept", "User-Agent"]:
        if draw.random() < 0.6:
            value = "".join(draw.choices(_VALUE_CHARACTERS, k=draw.randint(1, 20)))
            request.headers[name] = f"a{value}z"
    if draw.random() < 0.3:
        request.headers.add_header("X-Many", "second  value")
        request.headers.add_header("X-Many", "first value")
    if method == "POST":
        request.data = draw.randbytes(draw.randint(0, 200))
    return request


def _as_received(request: AWSRequest) -> RawRequest:
    url = urlsplit(request.url)
    headers = [(name.lower().encode(), value.strip().encode()) for name, value in request.headers.items()]
    return RawRequest(
        str(request.method).encode(),
        str(url.path).encode(),
        str(url.query).encode(),
        ((b"host", b"localhost:7327"), *headers),
        request.data or b"",
        "127.0.0.1",
        False,
        "req-1",
    )


def _accepts(request: RawRequest) -> Authentication | None:
    # The oracle reads the wall clock, so the time of the verifier is the time of the request.
    return accept(request, now_ms=parse_authentication(request).timestamp_ms)


@pytest.mark.parametrize("seed", SEEDS)
def test_header_form_agrees_with_botocore(seed: int) -> None:
    """Random paths, queries, headers, tokens and bodies signed by botocore are accepted."""
    draw = random.Random(seed)
    request = _unsigned_request(draw, "POST")
    credentials = _credentials(draw)
    SigV4Auth(credentials, SERVICE, REGION).add_auth(request)
    received = _as_received(request)
    auth = _accepts(received)
    assert auth is not None
    assert (auth.form, auth.session_token, auth.expires_seconds) == ("header", credentials.token, None)
    assert _accepts(replace(received, body=received.body + b"x")) is None
    assert _accepts(with_header(received, b"host", b"localhost:7328")) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_query_form_agrees_with_botocore(seed: int) -> None:
    """Random requests presigned by botocore are accepted."""
    draw = random.Random(seed)
    request = _unsigned_request(draw, "GET")
    credentials = _credentials(draw)
    expires = draw.randint(1, 604_800)
    SigV4QueryAuth(credentials, SERVICE, REGION, expires=expires).add_auth(request)
    received = _as_received(request)
    auth = _accepts(received)
    assert auth is not None
    assert (auth.form, auth.session_token, auth.expires_seconds) == ("query", credentials.token, expires)
    assert _accepts(replace(received, body=b"x")) is None
    assert _accepts(replace(received, query=received.query + b"&Action=Other")) is None


def test_date_header_is_the_time_when_botocore_signs_it() -> None:
    """A caller that sets Date makes botocore sign that and send no X-Amz-Date."""
    request = AWSRequest(method="POST", url="http://localhost:7327/", data=b"{}")
    request.headers["Date"] = "anything"
    SigV4Auth(_credentials(random.Random(1)), SERVICE, REGION).add_auth(request)
    received = _as_received(request)
    assert b"x-amz-date" not in dict(received.headers)
    assert _accepts(received) is not None
