"""Ed25519 signatures, for the checkpoints of the audit journal.

Rules:

1. The seed has 32 bytes and is hidden; only the public key leaves.
2. The caller puts into the message what it is ("audit checkpoint", its version, its log): one key signs one
   kind of message.

Source: RFC 8032.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from strongroom.crypto.errors import InvalidKeySize, SignatureRefused
from strongroom.crypto.material import Hidden, SymmetricKey


class SigningKey(Hidden):
    """An Ed25519 key pair made from a seed of 32 bytes."""

    __slots__ = ("_private", "public_key")

    def __init__(self, seed: SymmetricKey) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed.reveal())
        self.public_key: bytes = self._private.public_key().public_bytes_raw()
        """The public key, 32 bytes."""

    def sign(self, message: bytes) -> bytes:
        """Sign ``message``; 64 bytes, always the same for the same message."""
        return self._private.sign(message)


def verify(public_key: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature.

    Raises:
        SignatureRefused: It does not belong to this message and key.
        InvalidKeySize: ``public_key`` is no Ed25519 public key.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError as error:
        raise InvalidKeySize("an Ed25519 public key has 32 bytes") from error
    try:
        key.verify(signature, message)
    except InvalidSignature as error:
        raise SignatureRefused("the signature does not belong to this message and key") from error
