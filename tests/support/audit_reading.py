"""The audit records of a data directory: what is in its journals, and what waits in the store for them.

Works on a running server and on one that was killed. Records are read once: each call reads what is new.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import apsw

from strongroom.audit.chain import RecordFrame
from strongroom.audit.layout import list_journals, list_segments
from strongroom.audit.segment import open_segment


class RecordReader:
    """Collects the records of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self._audit = data_dir / "audit"
        self._database = data_dir / "strongroom.db"
        self._ends: dict[tuple[str, int], int] = {}
        self._seen: set[bytes] = set()
        self._records: list[dict[str, Any]] = []
        self._of_requests: dict[str, list[dict[str, Any]]] = {}
        self._of_accounts: dict[str, list[dict[str, Any]]] = {}

    def all(self) -> list[dict[str, Any]]:
        """Return every record so far, by time."""
        self._read_on()
        return sorted(self._records, key=_time_of)

    def of_request(self, request_id: str) -> list[dict[str, Any]]:
        """Return the records of one request, by time; a server of thousands of tests has many of others."""
        self._read_on()
        return sorted(self._of_requests.get(request_id, ()), key=_time_of)

    def of_account(self, account_id: str) -> list[dict[str, Any]]:
        """Return the records of one account, by time."""
        self._read_on()
        return sorted(self._of_accounts.get(account_id, ()), key=_time_of)

    def _read_on(self) -> None:
        # The store first: a row leaves it only after its record is durable in the journal.
        found = self._waiting()
        for journal in list_journals(self._audit):
            for number, path in list_segments(self._audit, journal).items():
                found.extend(self._new_in(journal, number, path))
        for written in found:
            digest = sha256(written).digest()
            if digest in self._seen:
                continue
            self._seen.add(digest)
            record = json.loads(written)
            self._records.append(record)
            self._of_requests.setdefault(str(record.get("requestID")), []).append(record)
            self._of_accounts.setdefault(str(record.get("recipientAccountId")), []).append(record)

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
        with open_segment(path, start) as reader:
            if start == 0:
                reader.read_header()
            found = [bytes(frame.record) for frame in reader.frames() if isinstance(frame, RecordFrame)]
            self._ends[journal, number] = reader.end
        return found


def _time_of(record: dict[str, Any]) -> str:
    return str(record["eventTime"])
