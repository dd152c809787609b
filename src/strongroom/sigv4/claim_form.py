"""What the claims and the signed texts of requests have in common that differ only in the values of a few headers.

A client signs each request anew, and nearly all of what it signs stood in the request before. From a request whose
signature was true a form is made. A later one that is known to differ from it in nothing but the values of certain
headers (``varying``) and its body is verified by the form.

Rules:
 - INVARIANT: what ``is_true`` lets pass, ``parse_authentication``, ``check_coverage`` and ``signature_matches`` let
   pass as well, with the same claim. Whatever it does not let pass is to be verified by them: they say why.
 - The caller vouches for the rest: the same method, path and query; the same names in the same order, none repeated;
   the same values of all other headers and of Authorization before its signature; and visible ASCII characters alone
   in those that vary.
 - Date, signature, token and body are looked at for each request. No signature and no token is kept, and no digest
   over a token: only what hangs on nothing but the date is kept, for a few dates (``Moment``).

Not here: scope and time, which ``verify.py`` judges for every claim.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from typing import Final

import msgspec

from strongroom.http_message import RawRequest
from strongroom.sigv4.authentication import Authentication
from strongroom.sigv4.canonical import SigningKey, body_hash, canonical_head, text_before_digest
from strongroom.sigv4.errors import MalformedTimestamp
from strongroom.sigv4.timestamps import parse_basic
from strongroom.sigv4.verify import CONTENT_HASH

MOST_MOMENTS: Final = 8
"""Dates for which a form keeps what hangs on them: what comes together was signed in the same few seconds."""

_AUTHORIZATION: Final = b"authorization"
_DATE: Final = b"x-amz-date"
_TOKEN: Final = b"x-amz-security-token"
_HOLE: Final = b"\0"  # in no text that is signed: a NUL is refused in headers and encoded in paths


class Moment:
    """What all requests of a form have in common that were signed in the same second.

    Attributes:
        claim: Their claim, but for signature and token.
        before: The string to sign up to its digest.
        canonical: The digest over the canonical request up to the hash of the body; None where more than the date
            varies.
        judged_for, judged_by: For which Regions and by which service the scope was found right, as objects; None
            before.
    """

    __slots__ = ("before", "canonical", "claim", "judged_by", "judged_for")

    def __init__(self, claim: Authentication, canonical: hashlib._Hash | None) -> None:
        self.claim = claim
        self.before = text_before_digest(claim.timestamp_text, claim.date, claim.region, claim.service)
        self.canonical = canonical
        self.judged_for: object = None
        self.judged_by: object = None


class ClaimForm:
    """A form; ``form_of`` makes it.

    Args:
        claim: The claim that it was made of, without what differs.
        template: The canonical request but for the hash of the body, a format with holes for the values that vary.
        holes: Whose values they are, in their order.
        varying: Names of the headers whose values differ, in the order in which they are given.

    Attributes:
        token_at: Where the session token stands among the values; None where there is none.
    """

    __slots__ = (
        "_claim",
        "_content_hash_at",
        "_date_at",
        "_hangs_on_date_alone",
        "_holes_at",
        "_moments",
        "_signature_at",
        "_template",
        "token_at",
    )

    def __init__(
        self, claim: Authentication, template: bytes, holes: tuple[bytes, ...], varying: tuple[bytes, ...]
    ) -> None:
        self._claim = claim
        self._template = template
        self._holes_at = tuple([varying.index(name) for name in holes])
        self._hangs_on_date_alone = holes == (_DATE,)
        self._date_at = varying.index(_DATE)
        self._signature_at = varying.index(_AUTHORIZATION)
        self._content_hash_at = varying.index(CONTENT_HASH) if CONTENT_HASH in holes else None
        self.token_at = varying.index(_TOKEN) if _TOKEN in varying else None
        self._moments: dict[bytes, Moment] = {}

    def moment(self, values: tuple[bytes, ...]) -> Moment | None:
        """Give what hangs on the date of a request; None where it has none.

        Args:
            values: Of the headers whose values differ.
        """
        stamp = values[self._date_at]
        known = self._moments.get(stamp)
        if known is not None:
            return known
        try:
            timestamp_ms, timestamp_text = parse_basic(stamp)
        except MalformedTimestamp:
            return None
        claim = msgspec.structs.replace(self._claim, timestamp_ms=timestamp_ms, timestamp_text=timestamp_text)
        canonical = None
        if self._hangs_on_date_alone:
            canonical = hashlib.sha256(self._template % stamp)
        if len(self._moments) >= MOST_MOMENTS:
            self._moments = {}  # another one, because threads may be looking at this
        self._moments[stamp] = made = Moment(claim, canonical)
        return made

    def is_true(
        self, moment: Moment, values: tuple[bytes, ...], body: bytes, signing_key: SigningKey
    ) -> bool:
        """Say whether ``signing_key`` made the signature of a request, in time that does not depend on how much of it
        is right, and whether a hash of the body that was sent along is that of the body.

        Args:
            moment: As ``moment`` gave it.
            values: Of the headers whose values differ.
            body: The body that was received.
            signing_key: The key of the claim's day, Region and service.
        """
        digest = body_hash(body)
        at = self._content_hash_at
        if at is not None and values[at] != digest:
            return False
        if moment.canonical is None:
            canonical = hashlib.sha256(self._template % tuple([values[hole] for hole in self._holes_at]))
        else:
            canonical = moment.canonical.copy()
        canonical.update(digest)
        signature = signing_key.sign_digest(moment.before, canonical.hexdigest().encode("ascii"))
        return hmac.compare_digest(signature, values[self._signature_at])


def form_of(request: RawRequest, claim: Authentication, varying: Collection[bytes]) -> ClaimForm | None:
    """Make the form of a request whose signature is true; None when its like are not to be read by one.

    Args:
        request: The request.
        claim: What ``parse_authentication`` read in it.
        varying: Names of the headers whose values differ, in the order in which they will be given: Authorization
            (its signature) and the date are among them.
    """
    if claim.form != "header" or request.query or _AUTHORIZATION in claim.signed_headers:
        return None
    blank = tuple([(name, _HOLE if name in varying else value) for name, value in request.headers])
    emptied = msgspec.structs.replace(request, listed=blank, index=dict(blank))
    text = canonical_head(emptied, claim.signed_headers)
    holes = tuple([name for name in claim.signed_headers if name in varying])
    return ClaimForm(
        msgspec.structs.replace(claim, signature=b"", session_token=None),
        text.replace(b"%", b"%%").replace(_HOLE, b"%b"),
        holes,
        tuple(varying),
    )
