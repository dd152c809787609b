"""Moves committed pages from the write-ahead log into the database file, and trims the change log.

One process of a deployment does this; all other connections have automatic checkpoints turned off, because a
checkpoint inside a commit would make some clients wait for the pages of all.

Source: https://www.sqlite.org/wal.html, section 3.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

WAL_PAGES_TOLERATED: Final = 1_000
RESTART_ABOVE_BYTES: Final = 67_108_864
CHANGES_KEPT: Final = 20_000
TRIM_EVERY_CHANGES: Final = 5_000


class Checkpointer:
    """Runs checkpoints on a connection of its own."""

    def __init__(self, connection: apsw.Connection, path: Path) -> None:
        self._connection = connection
        self._wal = path.with_name(path.name + "-wal")

    def run_once(self) -> int:
        """Copy what can be copied without making anyone wait; return how many pages were.

        When the log has grown large because readers never let it start anew, writers are made to wait for a
        moment instead of letting it grow on.
        """
        size = self._wal.stat().st_size if self._wal.exists() else 0
        if size < WAL_PAGES_TOLERATED * 4_096:
            return 0
        mode = "TRUNCATE" if size > RESTART_ABOVE_BYTES else "PASSIVE"
        row = self._connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return int(row[2]) if row is not None else 0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def surplus_changes(connection: apsw.Connection) -> int:
    """Return the number up to which the change log may be trimmed, or 0 when it is short enough.

    A reader that missed trimmed entries drops its whole cache, so trimming is never wrong.
    """
    row = connection.execute("SELECT min(seq), max(seq) FROM changes").fetchone()
    if row is None or row[0] is None or row[1] - row[0] < CHANGES_KEPT + TRIM_EVERY_CHANGES:
        return 0
    return int(row[1]) - CHANGES_KEPT
