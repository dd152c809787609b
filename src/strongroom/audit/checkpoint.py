"""Signed checkpoints: what a journal's head was at an instant, so that a cut tail shows (L-04).

Rules:
 - A checkpoint is due 60 s after the last one, idle or not, and after 1,000 records.
 - It names the checkpoint before it by the SHA-256 of that line: none can be removed or put back elsewhere.
 - The signature is Ed25519 over ``"strongroom audit checkpoint 1\\n"`` and the line up to the signature.
   Whoever verifies needs the 32 bytes of the public key and nothing else.

Source: RFC 8032 (Ed25519). The chaining follows CloudTrail's digest files, which embed the signature before.
"""

from __future__ import annotations

from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from strongroom.audit.chain import CheckpointFrame, Head
from strongroom.clock import Instant

CHECKPOINT_INTERVAL_MS: Final = 60_000
CHECKPOINT_RECORDS: Final = 1_000
_DOMAIN: Final = b"strongroom audit checkpoint 1\n"


class Signer(Protocol):
    """Holds the private key of the audit record."""

    def sign(self, data: bytes, /) -> bytes:
        """Return the Ed25519 signature of ``data``, 64 bytes."""
        ...


def is_checkpoint_due(now_ms: Instant, last_ms: Instant, records_since: int) -> bool:
    """Whether the next checkpoint must be signed now."""
    return records_since >= CHECKPOINT_RECORDS or now_ms - last_ms >= CHECKPOINT_INTERVAL_MS


def sign_checkpoint(journal: str, head: Head, now_ms: Instant, signer: Signer) -> bytes:
    """Write the checkpoint after ``head``, as a line with its line break."""
    statement = b"C %d %b %d %b %d %b " % (
        head.checkpoint + 1,
        journal.encode(),
        head.seq,
        head.digest.hex().encode(),
        now_ms,
        head.checkpoint_digest.hex().encode(),
    )
    return statement + signer.sign(_DOMAIN + statement).hex().encode() + b"\n"


def is_signed_by(frame: CheckpointFrame, public_key: Ed25519PublicKey) -> bool:
    """Whether the checkpoint was signed with the private half of ``public_key``."""
    statement = frame.line[: -2 * len(frame.signature)]
    try:
        public_key.verify(frame.signature, _DOMAIN + statement)
    except InvalidSignature:
        return False
    return True
