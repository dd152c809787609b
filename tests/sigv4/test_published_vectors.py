"""The aws-c-auth test suite for Signature Version 4, fed to the verifier."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from strongroom.http_message import RawRequest
from strongroom.sigv4 import (
    SigV4Error,
    check_coverage,
    check_scope,
    check_time,
    derive_signing_key,
    parse_authentication,
    signature_matches,
)
from strongroom.sigv4.errors import UnsafeHeader, UnsignedHeader
from tests.sigv4.signing import make_request, replace

SECRET = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
NOW_MS = 1_440_938_160_000
"""2015-08-30T12:36:00Z."""


class Vector(NamedTuple):
    """One case of the data file."""

    name: str
    outcome: str
    request: RawRequest


def _read_vectors() -> list[Vector]:
    text = (Path(__file__).parent / "aws_c_auth_vectors.txt").read_bytes()
    vectors = []
    for block in text.removesuffix(b"\n").split(b"\n=== ")[1:]:
        title, _, raw = block.partition(b"\n")
        head, _, body = raw.partition(b"\n\n")
        line, *header_lines = head.split(b"\n")
        joined: list[bytes] = []
        for piece in header_lines:  # a folded line stays folded, as a careless edge would hand it on
            if piece.startswith(b" ") and joined:
                joined[-1] += b"\n" + piece
            else:
                joined.append(piece)
        headers = [piece.split(b":", 1) for piece in joined]
        method, _, rest = line.partition(b" ")
        path, _, query = rest.removesuffix(b" HTTP/1.1").partition(b"?")
        name, form, outcome = title.decode().split(" ")
        request = make_request(
            [(key.lower(), value.strip()) for key, value in headers],
            method=method,
            path=path,
            query=query,
            body=body,
        )
        vectors.append(Vector(f"{name}-{form}", outcome, request))
    return vectors


VECTORS = _read_vectors()
SIGNED = [vector for vector in VECTORS if vector.outcome != "UnsafeHeader"]


def _matches(request: RawRequest) -> bool:
    auth = parse_authentication(request)
    check_scope(auth, service="service", regions={"us-east-1"})
    check_time(auth, now_ms=NOW_MS)
    return signature_matches(request, auth, derive_signing_key(SECRET, "20150830", "us-east-1", "service"))


def test_the_data_file_is_read_whole() -> None:
    """All 29 cases are there, of every outcome, so that an empty file cannot pass."""
    assert len(VECTORS) == 29
    assert {vector.outcome for vector in VECTORS} == {"valid", "UnsignedHeader", "UnsafeHeader"}


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector.name)
def test_published_signature_matches(vector: Vector) -> None:
    """The signature that AWS published is the one we compute."""
    assert _matches(vector.request)


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector.name)
def test_published_case_has_its_coverage_outcome(vector: Vector) -> None:
    """Cases with an x-amz header outside the signature are refused, all others pass (S-02)."""
    auth = parse_authentication(vector.request)
    if vector.outcome == "UnsignedHeader":
        with pytest.raises(UnsignedHeader):
            check_coverage(vector.request, auth)
    else:
        check_coverage(vector.request, auth)


@pytest.mark.parametrize(
    "vector", [v for v in VECTORS if v.outcome == "UnsafeHeader"], ids=lambda vector: vector.name
)
def test_s03_published_folded_header_is_refused(vector: Vector) -> None:
    """Folded headers are legal in the suite and refused here."""
    with pytest.raises(UnsafeHeader):
        parse_authentication(vector.request)


def _mutations(vector: Vector) -> list[RawRequest]:
    """Every request that differs from the vector in one byte of what its signature covers."""

    def changes(text: bytes) -> list[bytes]:
        other = [b"Y" if text[i : i + 1] == b"Z" else b"Z" for i in range(len(text))]
        return [text[:i] + other[i] + text[i + 1 :] for i in range(len(text))]

    request = vector.request
    mutated = [replace(request, method=method) for method in changes(request.method)]
    mutated += [replace(request, body=body) for body in [*changes(request.body), request.body + b"Z"]]
    mutated += [replace(request, query=query) for query in changes(request.query)]
    if "-normalized" not in vector.name:  # there, a segment that ".." removes may be anything
        mutated += [replace(request, path=path) for path in changes(request.path)]
    auth = parse_authentication(request)
    for index, (name, value) in enumerate(request.headers):
        if name in auth.signed_headers:
            values = changes(value)
        elif name == b"authorization":
            # The key id is left alone: it says which key to look up, and the suite has only one.
            start = value.index(b"Credential=") + len(b"Credential=AKIDEXAMPLE")
            values = [value[:start] + tail for tail in changes(value[start:])]
        else:
            continue
        mutated += [
            replace(request, headers=(*request.headers[:index], (name, new), *request.headers[index + 1 :]))
            for new in values
        ]
    return mutated


@pytest.mark.parametrize("vector", SIGNED, ids=lambda vector: vector.name)
def test_every_changed_byte_breaks_the_signature(vector: Vector) -> None:
    """No byte of method, path, query, signed headers, body or claim can change unnoticed."""
    for request in _mutations(vector):
        try:
            matched = _matches(request)
        except SigV4Error:
            continue
        assert not matched, (request.query, request.headers)
