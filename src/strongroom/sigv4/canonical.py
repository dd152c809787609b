"""The canonical form of a request, and the keys that sign it.

::

    canonical request  METHOD \\n path \\n query \\n (name:value \\n)* \\n signed-names \\n hex SHA-256(body)
    string to sign     AWS4-HMAC-SHA256 \\n timestamp \\n date/region/service/aws4_request \\n hex SHA-256(it)
    signing key        HMAC(HMAC(HMAC(HMAC("AWS4" secret, date), region), service), "aws4_request")

Rules:
 - Input is the bytes that arrived (S-01). The body is always hashed here; no hash of a client is used (S-05).
 - Paths are normalised and encoded once more than they arrived, as every service but S3 does.
 - Query names and values are decoded, encoded with the unreserved set, then sorted. ``+`` is a plus sign.
 - Header values are trimmed and runs of blanks become one; repeated headers are joined by commas in order.

Not here: judging. Every form has exactly one canonical text, and nothing is refused except a signed header
that does not exist.

Source: AWS IAM User Guide, "Create a signed AWS API request"; the aws-c-auth v4 test suite.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import quote_from_bytes, unquote_to_bytes

from strongroom.http_message import Header, RawRequest
from strongroom.sigv4.errors import AbsentSignedHeader

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
MOST_BEGUN = 8
_BLOCK_BYTES = 64  # of SHA-256; a derived key is half as long

_SIGNATURE_PARAMETER = b"X-Amz-Signature"
_BLANK_TO_FOLD = re.compile(rb"  |\t|: | \n").search


def body_hash(body: bytes) -> bytes:
    """Hash a body: 64 lower-case hex digits of its SHA-256."""
    return hashlib.sha256(body).hexdigest().encode("ascii")


def canonical_path(path: bytes) -> bytes:
    """Normalise and encode a raw path: ``/a/../b%20c//d/`` becomes ``/b%2520c/d/``."""
    if path == b"/":
        return path
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            if kept:
                kept.pop()
        elif segment not in (b"", b"."):
            kept.append(quote_from_bytes(segment, safe="").encode("ascii"))
    if not kept:
        return b"/"
    tail = b"/" if path.endswith(b"/") else b""
    return b"/" + b"/".join(kept) + tail


def split_query(query: bytes) -> list[tuple[bytes, bytes]]:
    """Take a raw query apart: ``(name, value)`` percent-decoded, in order of arrival, repeats kept."""
    pairs = []
    for part in query.split(b"&"):
        if part:
            name, _, value = part.partition(b"=")
            pairs.append((unquote_to_bytes(name), unquote_to_bytes(value)))
    return pairs


def canonical_query(query: bytes) -> bytes:
    """Encode and sort a raw query; ``X-Amz-Signature`` is left out, for it cannot cover itself.

    The order is that of the encoded names, then of the encoded values: encoding changes it.
    """
    if not query:
        return b""
    encoded = [
        (quote_from_bytes(name, safe=""), quote_from_bytes(value, safe=""))
        for name, value in split_query(query)
        if name != _SIGNATURE_PARAMETER
    ]
    encoded.sort()
    return "&".join([f"{name}={value}" for name, value in encoded]).encode("ascii")


def canonical_headers(
    headers: tuple[Header, ...], values: dict[bytes, bytes], names: tuple[bytes, ...]
) -> bytes:
    """Write the lines ``name:value`` of the named headers, in the order of ``names``.

    Args:
        headers: All headers.
        values: The same by name.
        names: Which are written.

    Raises:
        AbsentSignedHeader: A name does not occur. An absent header is not an empty one (S-04).
    """
    try:
        lines = b"".join([name + b":" + values[name] + b"\n" for name in names])
    except KeyError:
        raise AbsentSignedHeader from None
    # Almost always nothing is repeated and there is no blank to fold: then these are the lines. Two looks for a
    # single byte cost less than a hundredth of the pattern.
    if len(values) == len(headers) and (
        (b" " not in lines and b"\t" not in lines) or not _BLANK_TO_FOLD(lines)
    ):
        return lines
    joined: dict[bytes, bytes] = {}
    for name, value in headers:
        folded = b" ".join(value.split())
        joined[name] = joined[name] + b"," + folded if name in joined else folded
    return b"".join([name + b":" + joined[name] + b"\n" for name in names])


def canonical_head(request: RawRequest, signed_headers: tuple[bytes, ...]) -> bytes:
    """Write the canonical request up to the hash of the body."""
    return b"%b\n%b\n%b\n%b\n%b\n" % (
        request.method,
        canonical_path(request.path),
        canonical_query(request.query),
        canonical_headers(request.headers, request.by_name(), signed_headers),
        b";".join(signed_headers),
    )


def canonical_request(request: RawRequest, signed_headers: tuple[bytes, ...]) -> bytes:
    """Write the canonical request: the bytes that the signature of ``request`` must cover."""
    return canonical_head(request, signed_headers) + body_hash(request.body)


def text_before_digest(timestamp: str, date: str, region: str, service: str) -> bytes:
    """Write the string to sign up to the digest that ends it; see ``string_to_sign``."""
    return f"{ALGORITHM}\n{timestamp}\n{date}/{region}/{service}/{TERMINATOR}\n".encode("ascii")


def string_to_sign(timestamp: str, date: str, region: str, service: str, canonical: bytes) -> bytes:
    """Write what the key signs; ``timestamp`` is ``YYYYMMDDTHHMMSSZ``, ``date`` its first 8 digits."""
    before = text_before_digest(timestamp, date, region, service)
    return before + hashlib.sha256(canonical).hexdigest().encode("ascii")


class SigningKey:
    """The key of one day, region and service, ready to sign: HMAC with SHA-256.

    The digests over the padded key are made once and kept, as RFC 2104 section 4 describes; they are as secret as
    the key. A one-shot HMAC prepares the key and looks up the algorithm at each call, which takes most of its time.
    """

    __slots__ = ("_begun", "_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        padded = key.ljust(_BLOCK_BYTES, b"\0")
        self._inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in padded]))
        self._outer = hashlib.sha256(bytes([byte ^ 0x5C for byte in padded]))
        self._begun: dict[bytes, hashlib._Hash] = {}

    def sign(self, text: bytes) -> bytes:
        """Sign a string to sign: 64 lower-case hex digits."""
        inner = self._inner.copy()
        inner.update(text)
        return self._finish(inner)

    def sign_digest(self, before: bytes, digest: bytes) -> bytes:
        """Sign a string to sign as ``sign`` does.

        Args:
            before: The text up to its digest, which requests have in common that were signed in the same second: the
                digest over it is kept for the next of them.
            digest: The rest.
        """
        begun = self._begun.get(before)
        if begun is None:
            begun = self._inner.copy()
            begun.update(before)
            if len(self._begun) >= MOST_BEGUN:
                self._begun = {}  # another one, because threads may be looking at this
            self._begun[before] = begun
        inner = begun.copy()
        inner.update(digest)
        return self._finish(inner)

    def _finish(self, inner: hashlib._Hash) -> bytes:
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.hexdigest().encode("ascii")


def derive_signing_key(secret: bytes, date: str, region: str, service: str) -> SigningKey:
    """Derive the key of one day, region and service from a secret access key.

    Args:
        secret: The secret access key, as the client holds it.
        date: ``YYYYMMDD``.

    Returns:
        The key. Whoever has it can sign for that day, region and service, so it is a secret.
    """
    key = hmac.digest(b"AWS4" + secret, date.encode("ascii"), "sha256")
    key = hmac.digest(key, region.encode("ascii"), "sha256")
    key = hmac.digest(key, service.encode("ascii"), "sha256")
    return SigningKey(hmac.digest(key, TERMINATOR.encode("ascii"), "sha256"))
