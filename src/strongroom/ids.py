"""Identifiers: UUIDs, the unique ids and access keys of IAM, the suffix of a secret's ARN.

All are drawn from ``os.urandom``; none is secret but the secret access key.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
"""

from __future__ import annotations

import base64
import os

BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_VERSION = bytes([0x40 | byte & 0x0F for byte in range(256)])
_VARIANT = bytes([0x80 | byte & 0x3F for byte in range(256)])
ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
UUIDS_DRAWN = 64


class _Drawn:
    """UUIDs that were drawn in advance by this process."""

    def __init__(self) -> None:
        self.uuids: list[str] = []
        self.is_emptied_by_forks = False


_drawn = _Drawn()


def draw(alphabet: str, length: int) -> str:
    """Draw ``length`` characters, each equally likely, by rejecting the bytes that would bias the choice."""
    size = len(alphabet)
    ceiling = 256 - 256 % size
    drawn: list[str] = []
    while len(drawn) < length:
        drawn.extend(alphabet[byte % size] for byte in os.urandom(2 * length) if byte < ceiling)
    return "".join(drawn[:length])


def new_uuid() -> str:
    """Draw a version 4 UUID in lower case."""
    try:
        return _drawn.uuids.pop()  # one step for the interpreter: no two threads get the same
    except IndexError:
        if not _drawn.is_emptied_by_forks:  # a fork must not give out what its parent drew
            os.register_at_fork(after_in_child=_drawn.uuids.clear)
            _drawn.is_emptied_by_forks = True
        drawn = _draw_uuids()
        _drawn.uuids.extend(drawn[1:])
        return drawn[0]


def _draw_uuids() -> list[str]:
    """Draw many at once: asking the kernel for one costs as much as for all."""
    drawn = bytearray(os.urandom(16 * UUIDS_DRAWN))
    drawn[6::16] = drawn[6::16].translate(_VERSION)
    drawn[8::16] = drawn[8::16].translate(_VARIANT)
    # Groups of four digits with a hyphen after each, 40 characters for a UUID: those after the first, sixth and
    # seventh group go, of all UUIDs at a time, and a blank takes the place of the last.
    written = bytearray(drawn.hex("-", 2), "ascii")
    del written[4::40], written[28::39], written[32::38]
    written[36::37] = b" " * (UUIDS_DRAWN - 1)
    return written.decode("ascii").split()


def new_row_number() -> int:
    """Draw the number of a row, 1 to 2^63 - 1: one that was given away is not met again."""
    return (int.from_bytes(os.urandom(8), "big") >> 1) or 1


def new_secret_suffix() -> str:
    """Draw the six characters that end a secret's ARN."""
    return draw(ALPHANUMERIC, 6)


def new_unique_id(prefix: str) -> str:
    """Draw an IAM unique id: a prefix such as ``AIDA`` and 17 characters of ``[A-Z2-7]``."""
    return prefix + draw(BASE32, 17)


def new_access_key_id(prefix: str, account: str) -> str:
    """Draw an access key id of 20 characters that carries its account, as AWS's do.

    The 16 characters after the prefix are base32; of the first six bytes they encode, bits 46 to 7 hold
    the account id, so that ``GetAccessKeyInfo`` needs no look-up.
    """
    head = (int(account) << 7) | (os.urandom(1)[0] & 0x7F)
    raw = (head | 1 << 47).to_bytes(6, "big") + os.urandom(4)
    return prefix + base64.b32encode(raw).decode()


def account_of_access_key(access_key_id: str) -> str:
    """Read the account id back out of an access key id made by ``new_access_key_id``."""
    head = int.from_bytes(base64.b32decode(access_key_id[4:20])[:6], "big")
    return f"{(head & 0x7FFFFFFFFF80) >> 7:012d}"


def new_secret_access_key() -> str:
    """Draw a secret access key: 30 random bytes, 40 characters of base64."""
    return base64.b64encode(os.urandom(30)).decode()
