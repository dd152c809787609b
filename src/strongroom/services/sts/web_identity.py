"""Web identity tokens: JSON Web Tokens of OpenID Connect providers (threat model E-04).

Rules:
 - Header and claims are strict JSON (J-01). The algorithm is one of a fixed list, and must fit the key: an RSA key
   never checks an ECDSA signature, nor a public key an HMAC. Headers that we do not know to be harmless are refused.
 - What a token says is believed only after its signature was checked, except the issuer: it says whose key to take.
 - ``iss`` is compared exactly; ``exp``, ``iat`` and, where it stands, ``nbf`` with the true time; ``aud`` (or
   ``azp``) with the client ids of the provider.
 - No error repeats a claim but the issuer, which the client itself sent.

Source: RFC 7515, RFC 7519; OpenID Connect Core 1.0, section 2; identity reference 5.2.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from strongroom.clock import Instant
from strongroom.policy.match import fold
from strongroom.services.sts import errors
from strongroom.services.sts.model import Tags
from strongroom.strict_json import MalformedJSON, load_json

ALGORITHMS: Final[Mapping[str, tuple[str, str | None]]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "RS512": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
}
"""Algorithm, and the type and curve of its keys. Never ``none``, never HMAC."""

SKEW_S: Final = 60
RSA_BITS_LEAST: Final = 2_048
_HEADERS: Final = frozenset({"alg", "kid", "typ", "cty", "x5t", "x5t#S256", "x5c", "x5u", "jku"})
"""Headers that may stand there. Those that name a key in another way than ``kid`` are not looked at."""
_TAGS_CLAIM: Final = "https://aws.amazon.com/tags"
_SOURCE_IDENTITY_CLAIM: Final = "https://aws.amazon.com/source_identity"
_TAG_KEY: Final = re.compile(r"[\w \u00a0.:/=+\-@]{1,128}")
_TAG_VALUE: Final = re.compile(r"[\w \u00a0.:/=+\-@]{0,256}")
_SOURCE_IDENTITY: Final = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SUBJECT_MOST: Final = 255


class Unproved(msgspec.Struct, frozen=True):
    """A token as it was read; nothing of it is proved.

    Attributes:
        text: The token.
        algorithm: One of ``ALGORITHMS``.
        key_id: None for none.
        claims: All of them.
    """

    text: str
    algorithm: str
    key_id: str | None
    claims: Mapping[str, Any]

    def __repr__(self) -> str:
        return "<Unproved>"  # a token is a credential

    @property
    def issuer(self) -> str:
        """Who is said to have made it; empty when it does not say."""
        issuer = self.claims.get("iss")
        return issuer if isinstance(issuer, str) else ""


class Bearer(msgspec.Struct, frozen=True):
    """Whom a proved token is about.

    Attributes:
        issuer: ``iss``.
        subject: ``sub``.
        audiences: Those of the token that the provider lists, or ``azp``.
        tags: Session tags that the provider gives.
        transitive: Keys of those that go on.
        source_identity: None for none.
        keys: Condition keys: ``issuer:sub``, ``issuer:aud`` and ``issuer:oaud``.
    """

    issuer: str
    subject: str
    audiences: tuple[str, ...]
    tags: Tags
    transitive: tuple[str, ...]
    source_identity: str | None
    keys: tuple[tuple[str, tuple[str, ...]], ...]


def read_token(text: str) -> Unproved:
    """Take a token apart.

    Raises:
        Fault: It is no signed token of a form and an algorithm that are accepted.
    """
    parts = text.split(".")
    if len(parts) != 3:
        raise errors.token_unreadable()
    header, claims = _read_part(parts[0]), _read_part(parts[1])
    algorithm, key_id = header.get("alg"), header.get("kid")
    if (
        not isinstance(algorithm, str)
        or algorithm not in ALGORITHMS
        or not (key_id is None or isinstance(key_id, str))
        or not header.keys() <= _HEADERS
    ):
        raise errors.token_unreadable()
    return Unproved(text, algorithm, key_id, claims)


def fits(algorithm: str, key_type: str, curve: str | None, key_algorithm: str | None) -> bool:
    """Whether a key is for an algorithm."""
    wanted_type, wanted_curve = ALGORITHMS[algorithm]
    return key_type == wanted_type and key_algorithm in (None, algorithm) and wanted_curve in (None, curve)


def check_signature(token: Unproved, keys: Sequence[Mapping[str, Any]]) -> None:
    """Check the signature with the one key that fits.

    Raises:
        Fault: There is none, or more than one, or it did not make the signature.
    """
    from joserfc import jws  # loaded with the first token: most deployments never see one
    from joserfc.errors import JoseError
    from joserfc.jwk import ECKey, RSAKey

    if len(keys) != 1:  # several are never tried in turn
        raise errors.keys_unavailable()
    members: Any = {name: value for name, value in keys[0].items() if isinstance(value, str)}
    try:
        key: RSAKey | ECKey
        if members["kty"] == "RSA":
            key = RSAKey.import_key(members)
            if key.is_private or key.raw_value.key_size < RSA_BITS_LEAST:
                raise errors.keys_unavailable()
        else:
            key = ECKey.import_key(members)
        jws.deserialize_compact(token.text, key, algorithms=[token.algorithm])
    except (JoseError, ValueError, KeyError, TypeError):
        raise errors.signature_invalid() from None  # the texts of the library may quote the token


def prove(token: Unproved, client_ids: Sequence[str], now_ms: Instant) -> Bearer:
    """Check the claims of a token whose signature is true.

    Args:
        token: The token.
        client_ids: The audiences that the provider lists.
        now_ms: The true time.

    Raises:
        Fault: It is expired, not valid yet, for somebody else, or lacks a claim.
    """
    claims = token.claims
    expiry_s, issued_s = _instant(claims, "exp"), _instant(claims, "iat")
    now_s = now_ms // 1000
    if now_s >= expiry_s:
        raise errors.token_expired(now_ms, expiry_s)
    if issued_s > now_s + SKEW_S or ("nbf" in claims and _instant(claims, "nbf") > now_s + SKEW_S):
        raise errors.token_not_yet_valid()
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise errors.claim_missing("sub")
    if len(subject) > _SUBJECT_MOST:
        raise errors.claim_invalid("sub")
    named = _audiences(claims)
    party = claims.get("azp")
    if party is not None and not isinstance(party, str):
        raise errors.claim_invalid("azp")
    audiences = tuple(name for name in ((party,) if party is not None else named) if name in client_ids)
    if not audiences:
        raise errors.audience_incorrect()
    host = fold(token.issuer.removeprefix("https://"))
    keys = [(f"{host}:sub", (subject,)), (f"{host}:aud", audiences)]
    if party is not None:
        keys.append((f"{host}:oaud", named))
    tags, transitive = _tags(claims.get(_TAGS_CLAIM))
    return Bearer(
        issuer=token.issuer,
        subject=subject,
        audiences=audiences,
        tags=tags,
        transitive=transitive,
        source_identity=_source_identity(claims.get(_SOURCE_IDENTITY_CLAIM)),
        keys=tuple(keys),
    )


def _read_part(text: str) -> dict[str, Any]:
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = load_json(raw)
    except (UnicodeEncodeError, binascii.Error, MalformedJSON):
        raise errors.token_unreadable() from None
    if not isinstance(found, dict):
        raise errors.token_unreadable()
    return found


def _instant(claims: Mapping[str, Any], name: str) -> int:
    value = claims.get(name)
    if value is None:
        raise errors.claim_missing(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 2**40:
        raise errors.claim_invalid(name)
    return int(value)


def _audiences(claims: Mapping[str, Any]) -> tuple[str, ...]:
    named = claims.get("aud")
    if named is None:
        raise errors.claim_missing("aud")
    listed = [named] if isinstance(named, str) else named
    if not isinstance(listed, list) or not listed or not all(isinstance(name, str) for name in listed):
        raise errors.claim_invalid("aud")
    return tuple(listed)


def _tags(claim: object) -> tuple[Tags, tuple[str, ...]]:
    """Read ``{"principal_tags": {"team": ["blue"]}, "transitive_tag_keys": ["team"]}``."""
    if claim is None:
        return (), ()
    given = claim.get("principal_tags", {}) if isinstance(claim, dict) else None
    transitive = claim.get("transitive_tag_keys", []) if isinstance(claim, dict) else None
    if not isinstance(given, dict) or not isinstance(transitive, list) or len(given) > 50:
        raise errors.claim_invalid(_TAGS_CLAIM)
    tags: list[tuple[str, str]] = []
    for key, values in given.items():
        value = values[0] if isinstance(values, list) and len(values) == 1 else values
        if not isinstance(value, str) or not _TAG_KEY.fullmatch(key) or not _TAG_VALUE.fullmatch(value):
            raise errors.claim_invalid(_TAGS_CLAIM)
        tags.append((key, value))
    if not all(isinstance(key, str) for key in transitive):
        raise errors.claim_invalid(_TAGS_CLAIM)
    return tuple(tags), tuple(transitive)


def _source_identity(claim: object) -> str | None:
    if claim is None:
        return None
    if not isinstance(claim, str) or not _SOURCE_IDENTITY.fullmatch(claim):
        raise errors.claim_invalid(_SOURCE_IDENTITY_CLAIM)
    return claim
