"""Counts of requests that nobody signed for: the bounded channel beside the audit record (L-05).

Rules:
 - Counting is a dictionary update: it does no I/O and cannot block or fail.
 - Memory and disk are bounded whatever arrives: at most ``MOST_KEYS`` pairs of reason and minute wait, the
   rest is counted under ``other``; the log rotates at ``LOG_BYTES`` and keeps ``KEPT_LOGS`` old files.
 - A line says minute, reason and count, and nothing that came with the request: noise cannot write here.

What this does not do: record authenticated requests, however they end; those go into the journal.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from strongroom.audit.errors import AuditUnwritable
from strongroom.audit.layout import write_all
from strongroom.clock import Instant, render_iso

MOST_KEYS: Final = 256
LOG_BYTES: Final = 1024 * 1024
KEPT_LOGS: Final = 4
OTHER: Final = "other"
_MINUTE_MS: Final = 60_000
_REASON_LENGTH: Final = 64


class RejectCounter:
    """Counts rejects in memory until the owner flushes them.

    Args:
        directory: The audit directory; the log is ``rejects.log`` in it.
        log_bytes: A log that has reached this size is rotated.
    """

    def __init__(self, directory: Path, *, log_bytes: int = LOG_BYTES) -> None:
        self._path = directory / "rejects.log"
        self._log_bytes = log_bytes
        self._counts: dict[tuple[int, str], int] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, reason: str, now_ms: Instant) -> None:
        """Count one reject.

        Args:
            reason: A word of ours, for example ``unknown-access-key``; letters, digits and hyphens.
            now_ms: The present.
        """
        key = (now_ms // _MINUTE_MS, reason)
        counts = self._counts
        if key in counts:
            counts[key] += 1
            return
        if len(counts) >= MOST_KEYS:
            # One key that is always there when the room is used up; its minute is the first that overflowed.
            key = next((known for known in counts if known[1] == OTHER), (key[0], OTHER))
        elif not (reason.isascii() and reason.replace("-", "").isalnum() and len(reason) <= _REASON_LENGTH):
            key = (key[0], OTHER)
        counts[key] = counts.get(key, 0) + 1

    def flush(self, now_ms: Instant, *, everything: bool = False) -> int:
        """Write the counts of past minutes, or of all, to the log.

        Returns:
            How many lines were written.

        Raises:
            AuditUnwritable: The log cannot be written. The counts stay and are tried again, still bounded.
        """
        minute = now_ms // _MINUTE_MS
        ready = sorted(key for key in self._counts if everything or key[0] < minute)
        if not ready:
            return 0
        lines = b"".join(
            b"%b %b %d\n" % (render_iso(key[0] * _MINUTE_MS).encode(), key[1].encode(), self._counts[key])
            for key in ready
        )
        try:
            self._rotate()
            descriptor = os.open(
                self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600
            )
            try:
                write_all(descriptor, lines)
            finally:
                os.close(descriptor)
        except OSError as problem:
            raise AuditUnwritable(f"{self._path.name}: {problem.strerror}") from problem
        for key in ready:
            del self._counts[key]
        return len(ready)

    def _rotate(self) -> None:
        if not self._path.exists() or self._path.stat().st_size < self._log_bytes:
            return
        for number in range(KEPT_LOGS - 1, 0, -1):
            older = self._path.with_name(f"rejects.log.{number}")
            if older.exists():
                older.rename(self._path.with_name(f"rejects.log.{number + 1}"))
        self._path.rename(self._path.with_name("rejects.log.1"))
