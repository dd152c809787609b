"""Temporary credentials: three texts, of which the third holds all that is known of them, sealed.

::

    access key id   ASIA..., which carries the account
    secret key      40 characters, derived from the seed inside the token and the access key id
    token           sealed Claims (``model.py``) under a term of the keyring, bound to the access key id

Rules:
 - Nothing is stored when credentials are issued: every worker, and every copy of the deployment that has the
   keyring, can check them. That they still count is decided when they are used (``sessions.py``).
 - A token opens with its own access key id and with no other.

Source: identity reference 5.3.
"""

from __future__ import annotations

import base64
import os
from typing import Final

import msgspec
from msgspec.structs import replace

from strongroom.clock import Instant
from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.derivation import hkdf
from strongroom.crypto.errors import TokenRefused
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.sealed_token import open_token, seal_token
from strongroom.ids import new_access_key_id
from strongroom.services.sts.model import Claims
from strongroom.services.sts.shapes import Credentials
from strongroom.wire.shapes import timestamp

LAYOUT: Final = 1
SEED_BYTES: Final = 32
_SECRET_BYTES: Final = 30
_INFO: Final = b"strongroom/v1/session-secret"

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Claims).decode


def new_seed() -> bytes:
    """Draw the seed of a secret key."""
    return os.urandom(SEED_BYTES)


def issue(keyring: Keyring, claims: Claims, least_token_bytes: int = 0) -> Credentials:
    """Make the three texts.

    Args:
        keyring: Its current term seals.
        claims: Who, until when, and with which limits.
        least_token_bytes: How long the token is to be at least.
    """
    access_key_id = new_access_key_id("ASIA", claims.account)
    token = _seal(keyring, claims, access_key_id)
    if len(token) < least_token_bytes:
        # Four characters carry three bytes; the head of the padding may take up to four bytes more.
        missing = (least_token_bytes - len(token)) * 3 // 4 + 3
        token = _seal(keyring, replace(claims, padding=bytes(missing)), access_key_id)
    return Credentials(
        access_key_id=access_key_id,
        secret_access_key=derive_secret(claims.seed, access_key_id),
        session_token=token,
        expiration=timestamp(claims.expires_s * 1000),
    )


def read(keyring: Keyring, token: str, access_key_id: str) -> Claims | None:
    """Open a token; None when it is not one of ours for this access key id."""
    try:
        fields = open_token(keyring, token, access_key_id.encode(), RecordType.SESSION_TOKEN)
    except TokenRefused:
        return None
    try:
        claims = _decode(fields)
    except msgspec.MsgspecError:
        return None
    return claims if claims.layout == LAYOUT else None


def derive_secret(seed: bytes, access_key_id: str) -> str:
    """Derive the secret key of an access key id."""
    return base64.b64encode(
        hkdf(seed, _INFO, salt=access_key_id.encode("ascii"), length=_SECRET_BYTES)
    ).decode()


def expiry_s(now_ms: Instant, duration_s: int) -> tuple[int, int]:
    """Give the seconds of issue and of expiry."""
    return now_ms // 1000, now_ms // 1000 + duration_s


def _seal(keyring: Keyring, claims: Claims, access_key_id: str) -> str:
    return seal_token(keyring, _encode(claims), access_key_id.encode("ascii"), RecordType.SESSION_TOKEN)
