"""One-time passwords by time: codes of six digits, a new one every 30 seconds, by HMAC-SHA-1.

Rules:
 - A code is found by its step, the number of its 30 seconds since the epoch, so that whoever remembers the last step
   that was used accepts no code twice.
 - Codes are compared in constant time, and all steps of the window are always tried.

Source: RFC 6238 (TOTP), RFC 4226 (HOTP, section 5.3 for the truncation).
"""

from __future__ import annotations

import hmac
from typing import Final

from strongroom.crypto.randomness import random_bytes

STEP_MS: Final = 30_000
DIGITS: Final = 6
SEED_BYTES: Final = 40
"""As AWS draws it: 64 characters of base32."""


def new_seed() -> bytes:
    """Draw a seed."""
    return random_bytes(SEED_BYTES)


def step_of(now_ms: int) -> int:
    """Number the 30 seconds that an instant lies in."""
    return now_ms // STEP_MS


def code_of(seed: bytes, step: int, digits: int = DIGITS) -> str:
    """Compute the code of a step."""
    digest = hmac.digest(seed, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**digits).zfill(digits)


def find_step(seed: bytes, code: str, around: int, within: int, after: int) -> int | None:
    """Say of which step a code is, or None.

    Args:
        seed: The device's.
        code: Six digits.
        around: The step in the middle of the window.
        within: How many steps to either side are tried.
        after: The last step whose code was used; only later ones count.
    """
    found = None
    for step in range(around - within, around + within + 1):
        if hmac.compare_digest(code_of(seed, step), code) and step > after:
            found = step
    return found


def find_consecutive(
    seed: bytes, first: str, second: str, around: int, within: int, after: int
) -> int | None:
    """Say of which step ``second`` is, when ``first`` is the code of the step before it, or None."""
    found = None
    for step in range(around - within, around + within + 1):
        is_first = hmac.compare_digest(code_of(seed, step - 1), first)
        if hmac.compare_digest(code_of(seed, step), second) & is_first and step - 1 > after:
            found = step
    return found
