"""The note of a journal's newest durable head, keyed so that nobody else can write it (D-05).

One line of fixed length, overwritten in place after each group::

    STRONGROOM-HEAD SP 1 SP journal SP open|shut SP seq(20 digits) SP digest SP checkpoint(20 digits)
        SP checkpoint-digest SP HMAC-SHA-256 of the line before it LF

Rules:
 - It is written after the group is durable and before any of its answers leaves. So what it names was
   durable, and after a process crash it names all that was acknowledged.
 - It is made durable when the journal is opened and closed, and by the kernel in between, not for each group:
   after a power cut it may name an older head, never a newer one than the journal holds.
 - ``shut`` says that the journal was closed in order: nothing may follow the head it names. ``open`` says
   that records may follow that were written and not acknowledged before the process ended.

What this does not do: notice that an older note was put back together with an older journal. The
checkpoints that were shipped outside show that.
"""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import Final

import msgspec

from strongroom.audit.chain import Head
from strongroom.audit.errors import AuditDamaged
from strongroom.audit.layout import sync_directory
from strongroom.patterns import pattern_of

_ANCHOR: Final = pattern_of(
    rb"STRONGROOM-HEAD 1 ([a-z][a-z0-9-]{0,62}) (open|shut) "
    rb"([0-9]{20}) ([0-9a-f]{64}) ([0-9]{20}) ([0-9a-f]{64}) ([0-9a-f]{64})\n"
)


class Anchor(msgspec.Struct, frozen=True):
    """The newest durable head, and whether the journal was closed there."""

    head: Head
    is_closed: bool


def render_anchor(journal: str, head: Head, key: bytes, *, is_closed: bool) -> bytes:
    """Write the note of ``head``."""
    line = b"STRONGROOM-HEAD 1 %b %b %020d %b %020d %b " % (
        journal.encode(),
        b"shut" if is_closed else b"open",
        head.seq,
        head.digest.hex().encode(),
        head.checkpoint,
        head.checkpoint_digest.hex().encode(),
    )
    return line + hmac.digest(key, line, "sha256").hex().encode() + b"\n"


def parse_anchor(data: bytes, journal: str, key: bytes | None) -> Anchor:
    """Read a note; without a key only its form is checked.

    Raises:
        AuditDamaged: It is malformed, of another journal, or not written with ``key``.
    """
    match = _ANCHOR.fullmatch(data)
    if match is None or match[1].decode() != journal:
        raise AuditDamaged(f"the anchor of journal {journal} is malformed")
    if key is not None:
        expected = hmac.digest(key, data[: match.start(7)], "sha256").hex().encode()
        if not hmac.compare_digest(expected, match[7]):
            raise AuditDamaged(f"the anchor of journal {journal} was not written by this deployment")
    head = Head(
        int(match[3]), bytes.fromhex(match[4].decode()), int(match[5]), bytes.fromhex(match[6].decode())
    )
    return Anchor(head, match[2] == b"shut")


def read_anchor(path: Path, journal: str, key: bytes | None) -> Anchor | None:
    """Read the note in a file, or None when there is no file or nothing in it.

    Raises:
        AuditDamaged: As ``parse_anchor``.
    """
    try:
        with path.open("rb", buffering=0) as file:
            first = file.read(1024)
            for _ in range(20):
                # The writer may be at it: what reads the same twice is whole.
                file.seek(0)
                again = file.read(1024)
                if again == first:
                    break
                first = again
    except FileNotFoundError:
        return None
    if not first:
        return None  # it was made and not yet written
    return parse_anchor(first, journal, key)


class AnchorFile:
    """The writer's side: one open file."""

    def __init__(self, path: Path, journal: str, key: bytes) -> None:
        self._journal = journal
        self._key = key
        is_new = not path.exists()
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        if is_new:
            sync_directory(path.parent)

    def write(self, head: Head) -> None:
        """Overwrite the note."""
        os.pwrite(self._descriptor, render_anchor(self._journal, head, self._key, is_closed=False), 0)

    def write_durably(self, head: Head, *, is_closed: bool) -> None:
        """Overwrite the note and wait until it is on the disk."""
        data = render_anchor(self._journal, head, self._key, is_closed=is_closed)
        os.pwrite(self._descriptor, data, 0)
        os.ftruncate(self._descriptor, len(data))
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Give the file up."""
        os.close(self._descriptor)
