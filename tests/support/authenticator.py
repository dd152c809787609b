"""An authenticator app: codes of six digits from a seed and an instant, written anew from RFC 6238."""

from __future__ import annotations

import base64
import hashlib
import hmac
import struct


class Authenticator:
    """One device in somebody's pocket.

    Args:
        seed: The text that was shown when the device was made: base32.
    """

    def __init__(self, seed: bytes | str) -> None:
        self._seed = base64.b32decode(seed)

    def code(self, at_s: float) -> str:
        """Show the code at an instant in seconds since the epoch."""
        mac = hmac.new(self._seed, struct.pack(">Q", int(at_s // 30)), hashlib.sha1).digest()
        start = mac[19] % 16
        (number,) = struct.unpack(">L", mac[start : start + 4])
        return f"{number % 2**31 % 1_000_000:06d}"

    def pair(self, at_s: float) -> dict[str, str]:
        """Show the code before the one at an instant, and that one, as the API takes them."""
        return {"AuthenticationCode1": self.code(at_s - 30), "AuthenticationCode2": self.code(at_s)}
