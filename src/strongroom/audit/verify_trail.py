"""Comparing the trail with the journals, record by record.

The trail may lack what it has not taken in yet and what it has retired; it may not lack, alter or add
anything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from strongroom.audit.errors import AuditDamaged
from strongroom.audit.trail_rows import read_row


class TrailComparison:
    """Walks the trail's rows of a journal beside the journal's records.

    Args:
        path: The file of the trail; it is only read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        self._connection.set_busy_timeout(5_000)
        # One snapshot, read before the journals: rows that come later are not expected.
        self._connection.execute("BEGIN")
        retired: Any = self._connection.execute(
            "SELECT value FROM meta WHERE name = 'retired_before_s'"
        ).fetchall()
        self._retired_before_s: int = retired[0][0] if retired else -(2**62)
        self._taken_seq = 0
        self._rows: Iterator[Any] = iter(())
        self._row: Any = None

    def close(self) -> None:
        """Give the trail up."""
        self._connection.close()

    def begin(self, journal: str) -> None:
        """Go to the first row of a journal."""
        cursor: Any = self._connection.execute(
            "SELECT seq FROM cursors WHERE journal = ?", (journal,)
        ).fetchall()
        self._taken_seq = cursor[0][0] if cursor else 0
        self._rows = iter(
            self._connection.execute(
                "SELECT seq, record, time_s, event_id, event_name, event_source, read_only, username,"
                " access_key_id, position, scope FROM events WHERE journal = ? ORDER BY seq",
                (journal,),
            )
        )
        self._row = next(self._rows, None)

    def compare(self, seq: int, record: bytes) -> list[str]:
        """Compare the next record of the journal with the row of its number, and say what is wrong."""
        sentences: list[str] = []
        while self._row is not None and self._row[0] < seq:
            sentences.append(f"the trail has record {self._row[0]}, the journal has not")
            self._row = next(self._rows, None)
        if self._row is None or self._row[0] != seq:
            if seq <= self._taken_seq and not self._is_retired(record):
                sentences.append(f"the trail lacks record {seq}, or holds its event id twice")
            return sentences
        if self._row[1] != record:
            sentences.append(f"the trail has another record {seq} than the journal")
        elif not self._is_row_of(record):
            sentences.append(f"the columns of record {seq} in the trail are not those of the record")
        self._row = next(self._rows, None)
        return sentences

    def finish(self) -> list[tuple[int, str]]:
        """Say which rows are left over after the last record of the journal."""
        left: list[tuple[int, str]] = []
        while self._row is not None:
            left.append((0, f"the trail has record {self._row[0]}, the journal has not"))
            self._row = next(self._rows, None)
        return left

    def _is_retired(self, record: bytes) -> bool:
        try:
            return read_row(record).time_s < self._retired_before_s
        except AuditDamaged:
            return False  # what cannot be read was not retired

    def _is_row_of(self, record: bytes) -> bool:
        try:
            row = read_row(record)
        except AuditDamaged:
            return False
        names: Any = self._connection.execute(
            "SELECT type, name, is_bare FROM resources INDEXED BY resources_by_time"
            " WHERE scope = ? AND time_s = ? AND position = ?",
            (self._row[10], self._row[2], self._row[9]),
        ).fetchall()
        columns = (
            row.time_s,
            row.event_id,
            row.event_name,
            row.event_source,
            int(row.read_only),
            row.username,
            row.access_key_id,
        )
        resources = sorted((entry.type, entry.name, int(entry.is_bare)) for entry in row.resources)
        return tuple(self._row[2:9]) == columns and sorted(names) == resources
