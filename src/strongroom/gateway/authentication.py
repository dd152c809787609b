"""Step 3: who signed this request, and is the signature true?

Order (identity reference 1.6): parse, find the key with its session token, scope, time, coverage, signature. An
unknown key goes through the same work with a dummy secret, so that time does not tell which keys exist (S-08).

A long-term key that comes with a token is as unknown as a temporary one that comes without, or with another's.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Collection
from typing import Final

from strongroom.clock import Clock, Instant
from strongroom.errors import Fault
from strongroom.gateway.caller import Credential, CredentialSource, SessionSource
from strongroom.gateway.compiling import PolicyNotCompiled, Unmade
from strongroom.gateway.head_forms import HeadForm
from strongroom.gateway.operation import ErrorCodes
from strongroom.gateway.routing import Route
from strongroom.http_message import RawRequest
from strongroom.sigv4.authentication import Authentication, parse_authentication
from strongroom.sigv4.canonical import SigningKey, derive_signing_key
from strongroom.sigv4.claim_form import ClaimForm, form_of
from strongroom.sigv4.errors import SigV4Error
from strongroom.sigv4.verify import check_coverage, check_scope, check_time, signature_matches
from strongroom.store.rows import Rows

SKEW_MS: Final = 300_000
MOST_SIGNING_KEYS: Final = 32
MOST_FOUND: Final = 64
LEGACY_GLOBAL_REGION: Final = "us-east-1"
_DUMMY_SECRET: Final = b"0" * 40
_INVALID_TOKEN: Final = "The security token included in the request is invalid."
_MISMATCH: Final = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
    "Key and signing method. Consult the service documentation for details."
)


class _Found:
    """What was read of the store: it holds until something is committed (``RowCache.state``)."""

    __slots__ = ("credentials", "regions", "rows", "state", "unmade")

    def __init__(self, rows: Rows | None) -> None:
        self.rows = rows
        self.state = -1 if rows is None else rows.cache.state
        self.credentials: dict[str, Credential] = {}  # by key; a token is compared each time
        self.regions: Collection[str] | None = None
        self.unmade: dict[tuple[str, str | None], Unmade] = {}  # what callers wait for, by key and token


class Authenticator:
    """Verifies requests against the credentials of the store.

    Args:
        credentials: Where long-term access keys are found.
        sessions: Where temporary ones are, by key and token.
        wall_clock: The true time: signatures are made with the client's, whatever the server's injected
            clock says (S-07).
        regions: Gives the Regions that exist, read through the rows that are valid for this request.

    Attributes:
        recognised: How many requests were let in because of what they have in common with one before.
    """

    def __init__(
        self,
        credentials: CredentialSource,
        sessions: SessionSource,
        wall_clock: Clock,
        regions: Callable[[Rows], Collection[str]],
    ) -> None:
        self._credentials = credentials
        self._sessions = sessions
        self._wall_clock = wall_clock
        self._regions = regions
        self._latest_ms: Instant = 0
        self._dummy_keys: dict[tuple[str, str, str], SigningKey] = {}
        self._found = _Found(None)
        self.recognised = 0

    def authenticate(
        self, request: RawRequest, route: Route, rows: Rows
    ) -> tuple[Credential, Authentication]:
        """Verify one request.

        Returns:
            The credential that signed it, and what the signature says of itself: its Region. Signature and token may
            be left out.

        Raises:
            Fault: Not signed, not signed well, or signed by nobody we know.
        """
        form = request.form if isinstance(request.form, HeadForm) else None
        if form is not None and form.claim is not None and request.values:  # else it was parsed
            let_in = self._recognise(request, form.claim, route, rows)
            if let_in is not None:
                return let_in
        errors = route.service.errors
        try:
            claim = parse_authentication(request)
            if claim.form == "query":
                # No operation of ours is meant to be handed out as a presigned address.
                _refuse_presigned(route, errors)
            credential = self._find(self._found_in(rows), rows, claim.access_key_id, claim.session_token)
            check_scope(claim, service=route.service.name, regions=self._scope_regions(route, rows))
            check_time(claim, now_ms=self._now(), skew_ms=SKEW_MS)
            check_coverage(request, claim)
            matches = signature_matches(request, claim, self._signing_key(credential, claim))
        except SigV4Error as problem:
            raise _translate(problem, route) from problem
        if credential is None:
            code, status = errors.unknown_key
            raise Fault(code, _INVALID_TOKEN, status=status)
        if not matches:
            code, status = errors.mismatch
            raise Fault(code, _MISMATCH, status=status)
        if form is not None and form.claim is None:
            _learn(form, request, claim)
        return credential, claim

    def _recognise(
        self, request: RawRequest, known: ClaimForm, route: Route, rows: Rows
    ) -> tuple[Credential, Authentication] | None:
        """Verify a request whose like was let in before; None where all of it is to be looked at, which says why.

        The steps and their order are those of ``authenticate``; the coverage follows from the form. The claim that it
        returns is without signature and token.
        """
        found = self._found_in(rows)
        values = request.values
        moment = known.moment(values)
        if moment is None:
            return None
        claim = moment.claim
        at = known.token_at
        token = None if at is None else values[at].decode("ascii")
        credential = found.credentials.get(claim.access_key_id)
        if credential is None or not _has_token(credential, token):
            credential = self._find(found, rows, claim.access_key_id, token)
            if credential is not None and len(found.credentials) < MOST_FOUND:
                found.credentials[claim.access_key_id] = credential
        regions = found.regions
        if regions is None:
            regions = found.regions = self._regions(rows)
        # As objects: Regions are read anew when one is added or taken away.
        if moment.judged_for is not regions or moment.judged_by is not route.service:
            try:
                check_scope(claim, service=route.service.name, regions=self._scope_regions(route, rows))
            except SigV4Error:
                return None
            moment.judged_for, moment.judged_by = regions, route.service
        if abs(claim.timestamp_ms - self._now()) > SKEW_MS:
            return None
        # As for any other request, it takes as long for a key that nobody has (S-08).
        is_true = known.is_true(moment, values, request.body, self._signing_key(credential, claim))
        if credential is None or not is_true:
            return None
        self.recognised += 1
        return credential, claim

    def knows(self, request: RawRequest, rows: Rows) -> bool:
        """Whether the head of a request names a credential that is in force; its signature is not looked at."""
        try:
            claim = parse_authentication(request)
        except SigV4Error:
            return False
        if claim.form == "query":
            return False
        if claim.session_token is None:
            return self._credentials.find(rows, claim.access_key_id) is not None
        return self._sessions.find(rows, claim.access_key_id, claim.session_token) is not None

    def region_of_unsigned(self, rows: Rows) -> str:
        """Say which Region a request without a signature, which names none, is taken to address."""
        regions = self._regions(rows)
        return LEGACY_GLOBAL_REGION if LEGACY_GLOBAL_REGION in regions else min(regions)

    def _found_in(self, rows: Rows) -> _Found:
        found = self._found
        if found.rows is not rows or found.state != rows.cache.state:
            found = self._found = _Found(rows)
        return found

    def _find(self, found: _Found, rows: Rows, access_key_id: str, token: str | None) -> Credential | None:
        """Find a credential; while it waits for a policy that is compiled, nothing of it is read again."""
        if found.unmade:
            unmade = found.unmade.get((access_key_id, token))
            if unmade is not None and not unmade.is_over:
                raise PolicyNotCompiled(unmade)
        try:
            if token is None:
                return self._credentials.find(rows, access_key_id)
            return self._sessions.find(rows, access_key_id, token)
        except PolicyNotCompiled as wanted:
            if len(found.unmade) < MOST_FOUND:
                found.unmade[access_key_id, token] = wanted.unmade
            raise

    def _now(self) -> Instant:
        now_ms = self._wall_clock()
        if now_ms >= self._latest_ms:
            self._latest_ms = now_ms
        elif now_ms + SKEW_MS < self._latest_ms:
            # A clock that went back by more than the skew would accept old signatures again (S-07).
            raise Fault(
                "InternalFailure",
                "The clock of the server went back. Requests are refused until it is right again.",
                status=503,
            )
        return now_ms

    def _scope_regions(self, route: Route, rows: Rows) -> Collection[str]:
        regions = self._regions(rows)
        home = route.service.home_region
        if home is not None:
            # With an endpoint of its own a client signs for the Region that it is set to, not for the home Region.
            return (home, *regions)
        if route.service.regions_also:
            return (*regions, *route.service.regions_also)
        return regions

    def _signing_key(self, credential: Credential | None, claim: Authentication) -> SigningKey:
        # An unknown key takes the same steps, its own small cache included (S-08).
        keys = self._dummy_keys if credential is None else credential.signing_keys
        secret = _DUMMY_SECRET if credential is None else credential.secret
        scope = (claim.date, claim.region, claim.service)
        known = keys.get(scope)
        if known is None:
            known = derive_signing_key(secret, *scope)
            if len(keys) >= MOST_SIGNING_KEYS:
                keys.clear()
            keys[scope] = known
        return known


def _has_token(credential: Credential, token: str | None) -> bool:
    """Whether a token is that of a credential; that of a long-term key is None."""
    own = credential.session_token
    return own is token if own is None or token is None else hmac.compare_digest(own, token)


def _learn(form: HeadForm, request: RawRequest, claim: Authentication) -> None:
    """Keep what a request, now that its signature is known to be true, has in common with those to come."""
    common = form_of(request, claim, form.varying)
    if common is not None:
        form.keep(common)


def _refuse_presigned(route: Route, errors: ErrorCodes) -> None:
    if route.name != "GetCallerIdentity":
        code, status = errors.incomplete
        raise Fault(code, "This operation is not served for presigned requests.", status=status)


def _translate(problem: SigV4Error, route: Route) -> Fault:
    """Give the broken rule the code that the service's protocol has for it (identity reference 1.6)."""
    errors = route.service.errors
    code, status = {
        "missing": errors.missing_token,
        "incomplete": errors.incomplete,
        "ambiguous": errors.incomplete,
        "scope": errors.mismatch,
        "skew": errors.mismatch,
        "unsigned": errors.mismatch,
        "mismatch": errors.mismatch,
        "presign_expired": errors.presign_expired,
    }[problem.kind]
    message = problem.message
    if problem.kind == "missing" and route.protocol == "query":
        message = "Request is missing Authentication Token"
    return Fault(code, message, status=status)
