"""What MySQL and MariaDB keep of a password, computed here, so that the password itself does not travel.

::

    mysql_native_password   "*" and 40 hexadecimal digits of SHA-1(SHA-1(password))
    caching_sha2_password   "$A$" thousands of rounds, 3 hexadecimal digits "$" salt, 20 bytes  digest, 43 characters
    sha256_password         "$5$" salt, 20 bytes "$" digest, 43 characters; always 5,000 rounds
    ed25519 (MariaDB)       base64 of the public key, without padding; its secret is SHA-512(password)

The digests of both SHA-256 kinds are those of SHA-crypt with a salt of 20 bytes. Salts made here are of its alphabet,
so that a verifier is printable.

Source: U. Drepper, "Unix crypt using SHA-256 and SHA-512"; MySQL's and MariaDB's plugins, compared with what the
servers themselves make (MySQL 9.7, MariaDB 10.11).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Final

_NATIVE: Final = "mysql_native_password"
_CACHING: Final = "caching_sha2_password"
_SHA256: Final = "sha256_password"
_ED25519: Final = "ed25519"

PLUGINS: Final = frozenset({_NATIVE, _CACHING, _SHA256, _ED25519})
"""The plugins whose verifiers are computed here."""

SALT_LENGTH: Final = 20
ROUNDS: Final = 5_000
ROUNDS_MOST: Final = 50_000
"""A server may ask for millions; that would take longer than a rotation has."""
_ALPHABET: Final = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ORDER: Final = (
    *((0, 10, 20), (21, 1, 11), (12, 22, 2), (3, 13, 23), (24, 4, 14)),
    *((15, 25, 5), (6, 16, 26), (27, 7, 17), (18, 28, 8), (9, 19, 29)),
)


def new_salt() -> str:
    """Draw a salt."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(SALT_LENGTH))


def verifier(plugin: str, password: str, salt: str, rounds: int = ROUNDS) -> str:
    """Compute what the server keeps of a password.

    Args:
        plugin: One of ``PLUGINS``.
        password: The password.
        salt: 20 characters, for the plugins that have one.
        rounds: What the server is set to; whole thousands, for ``caching_sha2_password`` alone.
    """
    if plugin == _NATIVE:
        twice = hashlib.sha1(hashlib.sha1(password.encode()).digest()).hexdigest()  # noqa: S324 - the plugin's form
        return "*" + twice.upper()
    if plugin == _ED25519:
        return _ed25519(password)
    if plugin == _SHA256:
        return f"$5${salt}${sha256_crypt(password.encode(), salt.encode('latin-1'), ROUNDS)}"
    thousands = min(max(rounds, ROUNDS), ROUNDS_MOST) // 1_000
    digest = sha256_crypt(password.encode(), salt.encode("latin-1"), thousands * 1_000)
    return f"$A${thousands:03X}${salt}{digest}"


def is_verifier_of(plugin: str, stored: str, password: str) -> bool:
    """Whether a verifier that a server keeps is that of a password; the bytes of a salt are characters of Latin-1."""
    if plugin == _CACHING:
        salt, thousands = stored[7 : 7 + SALT_LENGTH], stored[3:6]
        if not stored.startswith("$A$") or not thousands.isalnum():
            return False
        digest = sha256_crypt(password.encode(), salt.encode("latin-1"), int(thousands, 16) * 1_000)
        made = f"$A${thousands}${salt}{digest}"
    else:
        made = verifier(plugin, password, stored[3 : 3 + SALT_LENGTH])
    return hmac.compare_digest(made.encode("latin-1"), stored.encode("latin-1", "replace"))


def sha256_crypt(password: bytes, salt: bytes, rounds: int) -> str:
    """Compute the digest of SHA-crypt with SHA-256: 43 characters. The salt is taken whole."""
    other = hashlib.sha256(password + salt + password).digest()
    first = hashlib.sha256(password + salt + _repeated(other, len(password)))
    left = len(password)
    while left:
        first.update(other if left & 1 else password)
        left >>= 1
    found = first.digest()
    from_password = _repeated(hashlib.sha256(password * len(password)).digest(), len(password))
    from_salt = _repeated(hashlib.sha256(salt * (16 + found[0])).digest(), len(salt))
    for number in range(rounds):
        turn = hashlib.sha256(from_password if number & 1 else found)
        if number % 3:
            turn.update(from_salt)
        if number % 7:
            turn.update(from_password)
        turn.update(found if number & 1 else from_password)
        found = turn.digest()
    groups = [_letters(found[a] << 16 | found[b] << 8 | found[c], 4) for a, b, c in _ORDER]
    return "".join(groups) + _letters(found[31] << 8 | found[30], 3)


def _repeated(data: bytes, length: int) -> bytes:
    return (data * (length // len(data) + 1))[:length]


def _letters(number: int, count: int) -> str:
    return "".join(_ALPHABET[number >> 6 * place & 63] for place in range(count))


def _ed25519(password: str) -> str:
    # Only accounts of MariaDB's plugin need this library.
    from nacl import bindings

    half = bytearray(hashlib.sha512(password.encode()).digest()[:32])
    half[0] &= 248
    half[31] = half[31] & 127 | 64
    public = bindings.crypto_scalarmult_ed25519_base_noclamp(bytes(half))
    return base64.b64encode(public).decode().rstrip("=")
