"""The audit records of a data directory: what is in its journals, and what waits in the store for them.

Works on a running server and on one that was killed. Records are read once: each call reads what is new.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import apsw

from strongroom.audit.chain import RecordFrame
from strongroom.audit.layout import list_journals, list_segments
from strongroom.audit.segment import SegmentReader


class RecordReader:
    """Collects the records of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._audit = data_dir / "audit"
        self._database = data_dir / "strongroom.db"
        self._ends: dict[tuple[str, int], int] = {}
        self._seen: dict[bytes, dict[str, Any]] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return every record so far, by time."""
        # The store first: a row leaves it only after its record is durable in the journal.
        found = self._waiting()
        for journal in list_journals(self._audit):
            for number, path in list_segments(self._audit, journal).items():
                found.extend(self._new_in(journal, number, path))
        for record in found:
            if record not in self._seen:
                self._seen[record] = json.loads(record)
        return sorted(self._seen.values(), key=lambda record: str(record["eventTime"]))

    def _waiting(self) -> list[bytes]:
        connection = apsw.Connection(str(self._database), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            connection.set_busy_timeout(5_000)
            return [
                bytes(row[0]) for row in connection.execute("SELECT record FROM audit_outbox ORDER BY seq")
            ]
        finally:
            connection.close(True)

    def _new_in(self, journal: str, number: int, path: Path) -> list[bytes]:
        start = self._ends.get((journal, number), 0)
        with SegmentReader(path, start) as reader:
            if start == 0:
                reader.read_header()
            found = [bytes(frame.record) for frame in reader.frames() if isinstance(frame, RecordFrame)]
            self._ends[journal, number] = reader.end
        return found
