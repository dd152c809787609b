"""The four judgements about a claim: its scope, its time, its coverage, its signature.

Rules:
 - Scope first: it bounds which signing keys are ever derived (S-06, S-11).
 - A header that changes what the request does must be covered by the signature; otherwise a captured request
   can be sent again with another meaning (S-02).
 - The body that arrived is hashed; a hash sent along is only compared (S-05).
 - Signatures are compared in constant time, as bytes (S-08).

Not here: finding the key, the token of a session, a clock that steps backwards. For a key that does not exist
the caller derives and compares all the same, with a key of its own making.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection

from strongroom.http_message import RawRequest
from strongroom.sigv4 import canonical, presigned
from strongroom.sigv4.authentication import Authentication
from strongroom.sigv4.canonical import SigningKey
from strongroom.sigv4.errors import (
    PayloadHashMismatch,
    PresignedRequestExpired,
    ScopeDateMismatch,
    SignatureExpired,
    SignatureNotYetCurrent,
    UnsignedHeader,
    UnsignedPayload,
    WrongRegion,
    WrongService,
)
from strongroom.sigv4.timestamps import render_basic

SKEW_MS = 300_000
"""How far the clocks may be apart: five minutes, as AWS documents."""

CONTENT_HASH = b"x-amz-content-sha256"

_FORM = b"application/x-www-form-urlencoded"
_MEANING_HEADERS = frozenset([b"host", b"content-encoding", b"smithy-protocol"])


def check_scope(auth: Authentication, *, service: str, regions: Collection[str]) -> None:
    """Check that the signature was made for this day, place and service.

    Args:
        auth: The claim.
        service: Signing name of the service that the request is dispatched to, never of the claim.
        regions: Regions for which that service may be signed here (for IAM only ``us-east-1``).

    Raises:
        ScopeDateMismatch: The scope is of another day than the timestamp.
        WrongRegion: The region is not one of ``regions``.
        WrongService: A signature for one service must not open another.
    """
    if auth.date != auth.timestamp_text[:8]:
        raise ScopeDateMismatch(auth.date, auth.timestamp_text)
    if auth.region not in regions:
        raise WrongRegion(auth.region)
    if auth.service != service:
        raise WrongService(service)


def check_time(auth: Authentication, *, now_ms: int, skew_ms: int = SKEW_MS) -> None:
    """Check that the request is fresh: within the skew, or within the life of a presigned one.

    Args:
        auth: The claim.
        now_ms: The present, milliseconds since the epoch.
        skew_ms: How far the clocks may be apart; the edge itself is accepted.

    Raises:
        SignatureExpired: The header form, signed too long ago.
        SignatureNotYetCurrent: Either form, signed in the future.
        PresignedRequestExpired: The query form, at or after its end. The skew does not prolong it.

    Source: the texts as observed from AWS; ``- 5 min.`` is the skew.
    """
    if auth.timestamp_ms > now_ms + skew_ms:
        latest, now = render_basic(now_ms + skew_ms), render_basic(now_ms)
        raise SignatureNotYetCurrent(
            f"Signature not yet current: {auth.timestamp_text} is still later than {latest} "
            f"({now} + {skew_ms / 60_000:g} min.)"
        )
    if auth.expires_seconds is not None:
        if now_ms >= auth.timestamp_ms + auth.expires_seconds * 1000:
            raise PresignedRequestExpired
    elif auth.timestamp_ms < now_ms - skew_ms:
        earliest, now = render_basic(now_ms - skew_ms), render_basic(now_ms)
        raise SignatureExpired(
            f"Signature expired: {auth.timestamp_text} is now earlier than {earliest} "
            f"({now} - {skew_ms / 60_000:g} min.)"
        )


def check_coverage(request: RawRequest, auth: Authentication) -> None:
    """Check that everything which decides what the request does is covered by its signature.

    Must be signed: ``host``; every ``x-amz-*`` header that is present, the target and the token among them;
    the header that the time was read from; ``content-encoding`` and ``smithy-protocol`` where present; and
    ``content-type`` where it could choose the protocol: on ``/``, without a target, unless it says that the
    body is a form. (The AWS SDK for PHP never signs content-type. A form is the only protocol that is chosen
    by it, so a change can make the request useless but not another one.)

    Raises:
        UnsignedHeader: One of these is not signed.
        UnsignedPayload: ``UNSIGNED-PAYLOAD`` or ``STREAMING-…`` in place of a hash.
        PayloadHashMismatch: The hash that was sent is not that of the body.
    """
    signed = auth.signed_headers
    named = request.by_name()
    unsigned = named.keys() - signed
    for name in unsigned:
        # x-amzn-trace-id and its like are set by proxies and do not begin with "x-amz-".
        if (
            name.startswith(b"x-amz-")
            or name in _MEANING_HEADERS
            or (name == b"content-type" and _chooses_protocol(request, named[name], signed))
        ):
            raise UnsignedHeader(name)
    if b"host" not in signed:
        raise UnsignedHeader(b"host")
    # In the query form the time is in the query, and the whole query is signed.
    if auth.form == "header" and b"x-amz-date" not in signed and b"date" not in signed:
        raise UnsignedHeader(b"date")
    if CONTENT_HASH in signed:
        check_content_hash(named[CONTENT_HASH], request.body)
    if request.query:
        claimed = presigned.find_content_hash(request.query)
        if claimed is not None:
            check_content_hash(claimed, request.body)


def signature_matches(request: RawRequest, auth: Authentication, signing_key: SigningKey) -> bool:
    """Say whether ``signing_key`` made the signature of ``auth`` over ``request``.

    Args:
        request: The request that ``auth`` was parsed from.
        auth: The claim.
        signing_key: From ``derive_signing_key``.

    Returns:
        The verdict, in time that does not depend on how much of the signature is right.

    Raises:
        AbsentSignedHeader: ``auth`` is of another request, which is a mistake of the caller.
    """
    text = canonical.string_to_sign(
        auth.timestamp_text,
        auth.date,
        auth.region,
        auth.service,
        canonical.canonical_request(request, auth.signed_headers),
    )
    return hmac.compare_digest(signing_key.sign(text), auth.signature)


def _chooses_protocol(request: RawRequest, content_type: bytes, signed: tuple[bytes, ...]) -> bool:
    """Say whether the gateway would look at this content type to find the operation."""
    if request.path != b"/" or b"x-amz-target" in signed:
        return False
    return content_type.partition(b";")[0].strip().lower() != _FORM


def check_content_hash(claimed: bytes, body: bytes) -> None:
    """Compare the hash that a client sent with ours; it is used for nothing else (S-05).

    Raises:
        UnsignedPayload: It is no hash but says that there is none.
        PayloadHashMismatch: It is not that of the body.
    """
    if claimed == b"UNSIGNED-PAYLOAD" or claimed.startswith(b"STREAMING-"):
        raise UnsignedPayload
    if claimed != canonical.body_hash(body):
        raise PayloadHashMismatch
