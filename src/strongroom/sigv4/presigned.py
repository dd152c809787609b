"""The query form of a signature: a URL that carries its own.

::

    X-Amz-Algorithm=AWS4-HMAC-SHA256
    X-Amz-Credential=keyid%2Fdate%2Fregion%2Fservice%2Faws4_request
    X-Amz-Date=20150830T123600Z
    X-Amz-Expires=1..604800
    X-Amz-SignedHeaders=host%3B...
    X-Amz-Signature=64 hex digits
    X-Amz-Security-Token=...           only with temporary credentials

Rules:
 - A signature parameter is spelled exactly so and stands once. Spelled otherwise it is refused, not ignored:
   a reader that ignores case would see another signature (S-03; CVE-2022-2385 was this).
 - No other ``X-Amz-*`` name stands twice either, in whatever case.

Not here: which operations may be presigned; that is the gateway's to say.

Source: AWS IAM User Guide, "Authenticating requests: query parameters".
"""

from __future__ import annotations

from strongroom.sigv4.canonical import split_query
from strongroom.sigv4.errors import (
    IncompleteAuthentication,
    MalformedExpiry,
    MisspelledParameter,
    RepeatedParameter,
)

MAX_EXPIRES_SECONDS = 604_800
"""Seven days: the longest life of a presigned request."""

_REQUIRED = (
    b"X-Amz-Algorithm",
    b"X-Amz-Credential",
    b"X-Amz-Signature",
    b"X-Amz-SignedHeaders",
    b"X-Amz-Date",
    b"X-Amz-Expires",
)
_SPELLING = {name.lower(): name for name in (*_REQUIRED, b"X-Amz-Security-Token")}
CONTENT_HASH_PARAMETER = b"x-amz-content-sha256"


def find_parameters(query: bytes) -> dict[bytes, bytes]:
    """Find the signature parameters of a query, decoded.

    Returns:
        Value by exact name; empty where the query has none of them, which means that it is not signed.

    Raises:
        MisspelledParameter: One is spelled in another case.
        RepeatedParameter: An ``X-Amz-*`` name stands twice, case ignored.
    """
    seen: set[bytes] = set()
    found: dict[bytes, bytes] = {}
    for name, value in split_query(query):
        folded = name.lower()
        if not folded.startswith(b"x-amz-"):
            continue
        if folded in seen:
            raise RepeatedParameter
        seen.add(folded)
        spelling = _SPELLING.get(folded)
        if spelling is not None:
            if name != spelling:
                raise MisspelledParameter(spelling)
            found[name] = value
    return found


def find_content_hash(query: bytes) -> bytes | None:
    """Find the payload hash that some signers move from the headers into the query."""
    for name, value in split_query(query):
        if name.lower() == CONTENT_HASH_PARAMETER:
            return value
    return None


def require_parameters(found: dict[bytes, bytes]) -> None:
    """Check that all six are there.

    Raises:
        IncompleteAuthentication: It names every one that is missing.
    """
    missing = [name.decode("ascii") for name in _REQUIRED if name not in found]
    if missing:
        sentences = [f"AWS query-string parameters must include '{name}'." for name in missing]
        raise IncompleteAuthentication(" ".join([*sentences, "Re-examine the query-string parameters."]))


def parse_expiry(text: bytes) -> int:
    """Read ``X-Amz-Expires``: whole seconds, 1 to 604800.

    Raises:
        MalformedExpiry: It is anything else.
    """
    if not text.isdigit() or len(text) > 6 or not 1 <= int(text) <= MAX_EXPIRES_SECONDS:
        raise MalformedExpiry
    return int(text)
