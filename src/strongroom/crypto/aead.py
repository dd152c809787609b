"""Authenticated encryption: AES-256-GCM, with a key of its own for each message where a key is used often.

::

    seal       nonce (12) || ciphertext || tag (16)                   for a key that seals few messages
    seal_once  salt (16) || nonce (12) || ciphertext || tag (16)      for a key that seals many

Rules:

1. Keys have 256 bits, nonces 96 bits, tags 128 bits; salt and nonce come from ``os.urandom`` (K-01).
2. ``seal_once`` derives the key of each message by SP 800-108 from 16 random bytes, so that the limit of 2^32
   messages with random nonces under one key is never met (SP 800-38D section 8.3).
3. A failed tag raises; no plaintext is given out before the tag was checked (the library does both).

Not promised: GCM does not commit to its key. Nobody may try several keys on one ciphertext (K-04).
"""

from __future__ import annotations

import hmac
from os import urandom
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from strongroom.crypto.errors import AuthenticationFailed, InvalidKeySize
from strongroom.crypto.material import KEY_BYTES, Hidden

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
SALT_BYTES: Final = 16
OVERHEAD_BYTES: Final = NONCE_BYTES + TAG_BYTES
"""What ``seal`` adds to a plaintext."""

ONCE_OVERHEAD_BYTES: Final = SALT_BYTES + OVERHEAD_BYTES
"""What ``seal_once`` adds to a plaintext."""

_FIRST_BLOCK: Final = (1).to_bytes(4, "big")
_LENGTH_IN_BITS: Final = (8 * KEY_BYTES).to_bytes(4, "big")


def seal(key: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
    """Encrypt and authenticate ``plaintext`` and authenticate ``associated_data``.

    Args:
        key: 32 bytes, drawn for this message or for a handful.
        plaintext: Any length below 2^31.
        associated_data: The record's place (``associated_data.py``).

    Returns:
        nonce || ciphertext || tag.

    Raises:
        InvalidKeySize: ``key`` does not have 32 bytes. (The library would also take 16 or 24.)

    Source: NIST SP 800-38D.
    """
    if len(key) != KEY_BYTES:
        raise InvalidKeySize("AES-256-GCM takes a key of 32 bytes")
    nonce = urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, associated_data)


def open(key: bytes, sealed: bytes, associated_data: bytes) -> bytes:
    """Check and decrypt what ``seal`` made.

    Raises:
        AuthenticationFailed: Key, bytes or associated data differ from those at sealing, or bytes are cut.
        InvalidKeySize: ``key`` does not have 32 bytes.
    """
    if len(key) != KEY_BYTES:
        raise InvalidKeySize("AES-256-GCM takes a key of 32 bytes")
    if len(sealed) < OVERHEAD_BYTES:
        raise AuthenticationFailed("sealed bytes are shorter than a nonce and a tag")
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], associated_data)
    except InvalidTag as error:
        raise AuthenticationFailed("sealed bytes do not open with this key in this place") from error


class Cipher(Hidden):
    """A key made ready once, to open several sealed texts.

    Args:
        key: 32 bytes.

    Raises:
        InvalidKeySize: Another length.
    """

    __slots__ = ("_decrypt",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise InvalidKeySize("AES-256-GCM takes a key of 32 bytes")
        self._decrypt = AESGCM(key).decrypt

    def open(self, sealed: bytes, associated_data: bytes, start: int = 0) -> bytes:
        """Check and decrypt what ``seal`` made and what stands in ``sealed`` from ``start`` on.

        Raises:
            AuthenticationFailed: As ``open``.
        """
        text = start + NONCE_BYTES
        if len(sealed) < start + OVERHEAD_BYTES:
            raise AuthenticationFailed("sealed bytes are shorter than a nonce and a tag")
        try:
            return self._decrypt(sealed[start:text], sealed[text:], associated_data)
        except InvalidTag as error:
            raise AuthenticationFailed("sealed bytes do not open with this key in this place") from error


def derive_once(key: bytes | bytearray, label: bytes, context: bytes) -> bytes:
    """Derive 32 bytes for one use: SP 800-108 in counter mode with HMAC-SHA256.

    The input of the HMAC is ``00000001 || label || 00 || context || 00000100`` (hexadecimal; the counter,
    and the length of the result in bits).

    Args:
        key: The long-lived key, 32 bytes.
        label: What the result is for; no zero byte inside.
        context: What makes the result unique: a random salt, or an identifier.

    Source: NIST SP 800-108r1 section 4.1.
    """
    # One block of the counter mode is one HMAC; the library's own derivation takes three times as long to set up.
    return hmac.digest(key, _FIRST_BLOCK + label + b"\0" + context + _LENGTH_IN_BITS, "sha256")


class OneTimeKeys(Hidden):
    """A key that seals many messages, made ready once: each message has a key of its own, derived from it and a salt.

    Args:
        key: The long-lived key, 32 bytes.
        label: As ``derive_once``.
    """

    __slots__ = ("_state",)

    def __init__(self, key: bytes | bytearray, label: bytes) -> None:
        self._state = HMAC(key, SHA256())
        self._state.update(_FIRST_BLOCK + label + b"\0")

    def seal(self, plaintext: bytes, associated_data: bytes) -> bytes:
        """Seal under a key that is derived for this message alone.

        Returns:
            salt || nonce || ciphertext || tag.
        """
        drawn = urandom(SALT_BYTES + NONCE_BYTES)
        once = AESGCM(self._derive(drawn[:SALT_BYTES]))
        return drawn + once.encrypt(drawn[SALT_BYTES:], plaintext, associated_data)

    def open(self, sealed: bytes, associated_data: bytes) -> bytes:
        """Check and decrypt what ``seal`` made.

        Raises:
            AuthenticationFailed: As the function ``open``.
        """
        if len(sealed) < ONCE_OVERHEAD_BYTES:
            raise AuthenticationFailed("sealed bytes are shorter than a salt, a nonce and a tag")
        return open(self._derive(sealed[:SALT_BYTES]), sealed[SALT_BYTES:], associated_data)

    def _derive(self, salt: bytes) -> bytes:
        state = self._state.copy()
        state.update(salt + _LENGTH_IN_BITS)
        return state.finalize()


def seal_once(key: bytes | bytearray, label: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
    """Seal under a key that is derived from ``key`` and a fresh salt for this message alone.

    Returns:
        salt || nonce || ciphertext || tag.
    """
    return OneTimeKeys(key, label).seal(plaintext, associated_data)


def open_once(key: bytes | bytearray, label: bytes, sealed: bytes, associated_data: bytes) -> bytes:
    """Check and decrypt what ``seal_once`` made.

    Raises:
        AuthenticationFailed: As ``open``.
    """
    return OneTimeKeys(key, label).open(sealed, associated_data)
