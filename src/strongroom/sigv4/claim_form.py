"""What the claims and the signed texts of requests have in common that differ only in the values of a few headers.

A client signs each request anew, and nearly all of what it signs stood in the request before. From a request whose
signature was true a form is made. A later one that is known to differ from it in nothing but the values of certain
headers (``varying``) and its body is read and verified by the form.

Rules:
 - INVARIANT: for such a request ``read`` gives or raises what ``parse_authentication`` does, ``check_content`` raises
   what ``check_coverage`` does, and ``signature_matches`` says what the function of that name in ``verify.py`` says.
 - The caller vouches for the rest: the same method, path and query; the same names in the same order, none repeated;
   the same values of all other headers and of Authorization before its signature; and visible ASCII characters alone
   in those that vary.
 - What depends on date, signature, token or body is done for each request. A form holds none of them.

Not here: scope and time, which ``verify.py`` judges for every claim.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection

import msgspec

from strongroom.http_message import RawRequest
from strongroom.sigv4.authentication import Authentication, check_signature_form
from strongroom.sigv4.canonical import SigningKey, body_hash, canonical_head, string_to_sign
from strongroom.sigv4.timestamps import parse_basic
from strongroom.sigv4.verify import CONTENT_HASH, check_content_hash

_HOLE = b"\0"  # in no text that is signed: a NUL is refused in headers and encoded in paths


class ClaimForm(msgspec.Struct, frozen=True):
    """A form; ``form_of`` makes it.

    Attributes:
        claim: The claim that it was made of, without what differs.
        template: The canonical request but for the hash of the body, a format with holes for the values that vary.
        holes: Whose values they are, in their order.
        has_content_hash: Whether a hash of the body is sent along.
    """

    claim: Authentication
    template: bytes
    holes: tuple[bytes, ...]
    has_content_hash: bool

    def read(self, request: RawRequest) -> Authentication:
        """Read the claim of a request of this form.

        Raises:
            SigV4Error: As ``parse_authentication`` does.
        """
        named = request.by_name()
        timestamp_ms, timestamp_text = parse_basic(named[b"x-amz-date"])
        signature = named[b"authorization"][-64:]
        check_signature_form(signature)
        token = named.get(b"x-amz-security-token")
        form = self.claim
        return Authentication(
            access_key_id=form.access_key_id,
            date=form.date,
            region=form.region,
            service=form.service,
            signed_headers=form.signed_headers,
            signature=signature,
            timestamp_ms=timestamp_ms,
            timestamp_text=timestamp_text,
            session_token=None if token is None else token.decode("ascii"),
            expires_seconds=None,
            form="header",
        )

    def check_content(self, request: RawRequest) -> None:
        """Check what of ``check_coverage`` does not follow from the form: a hash that was sent along.

        Raises:
            UnsignedPayload: It is none.
            PayloadHashMismatch: It is not that of the body.
        """
        if self.has_content_hash:
            check_content_hash(request.by_name()[CONTENT_HASH], request.body)

    def signature_matches(self, request: RawRequest, claim: Authentication, signing_key: SigningKey) -> bool:
        """Say whether ``signing_key`` made the signature of ``claim`` over ``request``, in constant time."""
        named = request.by_name()
        canonical = self.template % tuple([named[name] for name in self.holes]) + body_hash(request.body)
        text = string_to_sign(claim.timestamp_text, claim.date, claim.region, claim.service, canonical)
        return hmac.compare_digest(signing_key.sign(text), claim.signature)


def form_of(request: RawRequest, claim: Authentication, varying: Collection[bytes]) -> ClaimForm | None:
    """Make the form of a request whose signature is true; None when its like are not to be read by one.

    Args:
        request: The request.
        claim: What ``parse_authentication`` read in it.
        varying: Names of the headers whose values differ: Authorization (its signature) and the date are among them.
    """
    if claim.form != "header" or request.query or b"authorization" in claim.signed_headers:
        return None
    blank = tuple([(name, _HOLE if name in varying else value) for name, value in request.headers])
    emptied = msgspec.structs.replace(request, headers=blank, index=dict(blank))
    text = canonical_head(emptied, claim.signed_headers)
    holes = tuple([name for name in claim.signed_headers if name in varying])
    return ClaimForm(
        msgspec.structs.replace(claim, signature=b"", session_token=None),
        text.replace(b"%", b"%%").replace(_HOLE, b"%b"),
        holes,
        CONTENT_HASH in claim.signed_headers,
    )
