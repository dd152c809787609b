"""Bringing the journals into the trail: rows and cursor of a batch in one transaction.

Rules:
 - Only what the journal's anchor calls durable is taken in, and only what continues the hash chain.
 - An event id is stored once, by a UNIQUE constraint; so is a record's number within its journal.
 - The caller holds the trail's lock.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from strongroom.audit.anchor import read_anchor
from strongroom.audit.chain import RecordFrame, genesis
from strongroom.audit.errors import AuditDamaged, FrameError
from strongroom.audit.layout import anchor_path, list_journals, list_segments
from strongroom.audit.segment import SegmentReader, open_segment
from strongroom.audit.trail_rows import read_row

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS scopes (scope INTEGER PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,
    UNIQUE (account, region));
CREATE TABLE IF NOT EXISTS cursors (journal TEXT PRIMARY KEY, segment INTEGER NOT NULL,
    offset INTEGER NOT NULL, seq INTEGER NOT NULL, digest BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (position INTEGER PRIMARY KEY, scope INTEGER NOT NULL,
    time_s INTEGER NOT NULL, event_id TEXT NOT NULL UNIQUE, event_name TEXT NOT NULL,
    event_source TEXT NOT NULL, read_only INTEGER NOT NULL, username TEXT, access_key_id TEXT,
    journal TEXT NOT NULL, seq INTEGER NOT NULL, record BLOB NOT NULL, UNIQUE (journal, seq));
CREATE INDEX IF NOT EXISTS events_by_time ON events (scope, time_s);
CREATE INDEX IF NOT EXISTS events_by_name ON events (scope, event_name, time_s);
CREATE INDEX IF NOT EXISTS events_by_source ON events (scope, event_source, time_s);
CREATE INDEX IF NOT EXISTS events_by_effect ON events (scope, read_only, time_s);
CREATE INDEX IF NOT EXISTS events_by_user ON events (scope, username, time_s) WHERE username IS NOT NULL;
CREATE INDEX IF NOT EXISTS events_by_key ON events (scope, access_key_id, time_s)
    WHERE access_key_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS resources (scope INTEGER NOT NULL, name TEXT NOT NULL, time_s INTEGER NOT NULL,
    position INTEGER NOT NULL, type TEXT NOT NULL, is_bare INTEGER NOT NULL,
    PRIMARY KEY (scope, name, time_s, position, type)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS resources_by_time ON resources (scope, time_s, position);
CREATE INDEX IF NOT EXISTS resources_by_type ON resources (scope, type, time_s, position);
"""
_INSERT_EVENT: Final = (
    "INSERT INTO events (position, scope, time_s, event_id, event_name, event_source, read_only, username,"
    " access_key_id, journal, seq, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_INSERT_RESOURCE: Final = (
    "INSERT INTO resources (scope, name, time_s, position, type, is_bare) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT DO NOTHING"
)
_SAVE_CURSOR: Final = (
    "INSERT INTO cursors (journal, segment, offset, seq, digest) VALUES (?, ?, ?, ?, ?) ON CONFLICT (journal)"
    " DO UPDATE SET segment = excluded.segment, offset = excluded.offset, seq = excluded.seq,"
    " digest = excluded.digest"
)


class _Cursor(NamedTuple):
    """Where the trail stands in a journal; ``offset`` 0 is before the segment's header."""

    segment: int
    offset: int
    seq: int
    digest: bytes


@contextlib.contextmanager
def in_transaction(connection: apsw.Connection) -> Iterator[None]:
    """Commit what the block does, or roll it back when it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


class TrailIntake:
    """Takes records of all journals into the tables of the trail.

    Args:
        directory: The audit directory.
        connection: Of the trail; the tables are made when they are missing.
    """

    def __init__(self, directory: Path, connection: apsw.Connection) -> None:
        self._directory = directory
        self._connection = connection
        self._cursor = connection.cursor()
        self._scopes: dict[tuple[str, str], int] = {}
        if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'resources_by_type'").fetchall():
            connection.execute(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT")

    def forget_everything(self) -> None:
        """Remove every row and every cursor."""
        self._scopes.clear()
        with in_transaction(self._connection):
            for table in ("meta", "scopes", "cursors", "events", "resources"):
                self._connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants

    def take_in(self, budget: int) -> int:
        """Take up to ``budget`` records, journal by journal, and return how many.

        Raises:
            AuditDamaged: A journal does not continue where the trail left off.
        """
        taken = 0
        for journal in list_journals(self._directory):
            while taken < budget and (more := self._take_in_journal(journal, budget - taken)):
                taken += more
        return taken

    def finished_segments(self) -> list[Path]:
        """List the plain segments that were taken in whole and are written no more, oldest first."""
        finished = []
        for journal in list_journals(self._directory):
            cursor = self._load_cursor(journal)
            if cursor is not None:
                segments = list_segments(self._directory, journal)
                finished += [
                    path
                    for number, path in segments.items()
                    if number < cursor.segment and path.suffix == ".log"
                ]
        return finished

    def _take_in_journal(self, journal: str, budget: int) -> int:
        """Take records of the first segment that has new ones."""
        # The anchor is read before the segments: what it calls durable is in them by then.
        anchor = read_anchor(anchor_path(self._directory, journal), journal, None)
        durable = anchor.head.seq if anchor is not None else 0
        segments = list_segments(self._directory, journal)
        cursor = self._load_cursor(journal)
        is_first = cursor is None
        if cursor is None:
            cursor = _Cursor(min(segments, default=1), 0, 0, genesis(journal).digest)
        while cursor.seq < durable:
            path = segments.get(cursor.segment)
            if path is None:
                raise _missing(journal, cursor)
            seq_before = cursor.seq
            try:
                with in_transaction(self._connection), open_segment(path, cursor.offset) as reader:
                    if cursor.offset == 0:
                        cursor = _pass_header(reader, journal, cursor, path, is_first)
                        seq_before = cursor.seq
                    cursor = self._take_in_frames(reader, journal, cursor, path, durable, budget)
                    self._connection.execute(_SAVE_CURSOR, (journal, *cursor))
            except FileNotFoundError as problem:
                raise _missing(journal, cursor) from problem
            if cursor.seq > seq_before:
                return cursor.seq - seq_before
            is_first = False
            cursor = cursor._replace(segment=cursor.segment + 1, offset=0)
        return 0

    def _take_in_frames(
        self, reader: SegmentReader, journal: str, cursor: _Cursor, path: Path, durable: int, budget: int
    ) -> _Cursor:
        segment, offset, seq, digest = cursor
        records: list[tuple[int, bytes]] = []
        for frame in reader.frames():
            if isinstance(frame, RecordFrame):
                if frame.seq > durable or len(records) >= budget:
                    break
                if not frame.follows(seq, digest):
                    raise AuditDamaged(f"{path.name}: the record at byte {frame.start} breaks the chain")
                seq, digest = frame.seq, frame.digest
                records.append((seq, frame.record))
            offset = frame.end
        else:
            if reader.trouble is not None and seq < durable:
                raise AuditDamaged(f"{path.name}: {reader.trouble}, at byte {reader.end}")
        self._insert(journal, records)
        return _Cursor(segment, offset, seq, digest)

    def _insert(self, journal: str, records: Sequence[tuple[int, bytes]]) -> None:
        """Add the rows of records, a step for all of them before the next one: see decision 12 for why."""
        rows = [read_row(record) for _, record in records]
        found: Any = self._connection.execute("SELECT max(position) FROM events").fetchall()
        before = found[0][0] or 0
        events: list[tuple[Any, ...]] = []
        resources: list[tuple[Any, ...]] = []
        for position, ((seq, record), row) in enumerate(zip(records, rows, strict=True), before + 1):
            scope = self._scope(row.account, row.region)
            events.append(
                (
                    position,
                    scope,
                    row.time_s,
                    row.event_id,
                    row.event_name,
                    row.event_source,
                    int(row.read_only),
                    row.username,
                    row.access_key_id,
                    journal,
                    seq,
                    record,
                )
            )
            for resource in row.resources:
                resources.append(
                    (scope, resource.name, row.time_s, position, resource.type, int(resource.is_bare))
                )
        changes = self._connection.total_changes()
        self._cursor.executemany(_INSERT_EVENT, events)
        if self._connection.total_changes() - changes < len(events):  # some were here before
            new = {
                position
                for (position,) in self._cursor.execute(
                    "SELECT position FROM events WHERE position > ?", (before,)
                )
            }
            resources = [resource for resource in resources if resource[3] in new]
        self._cursor.executemany(_INSERT_RESOURCE, resources)

    def _scope(self, account: str, region: str) -> int:
        """Return the number of an account and Region; only a committed one is kept in memory."""
        known = self._scopes.get((account, region))
        if known is not None:
            return known
        key = (account, region)
        sql = "SELECT scope FROM scopes WHERE account = ? AND region = ?"
        found: Any = self._connection.execute(sql, key).fetchall()
        if found:
            self._scopes[key] = number = int(found[0][0])
            return number
        self._connection.execute("INSERT INTO scopes (account, region) VALUES (?, ?)", key)
        return self._connection.last_insert_rowid()

    def _load_cursor(self, journal: str) -> _Cursor | None:
        found: Any = self._connection.execute(
            "SELECT segment, offset, seq, digest FROM cursors WHERE journal = ?", (journal,)
        ).fetchall()
        return _Cursor(*found[0]) if found else None


def _missing(journal: str, cursor: _Cursor) -> AuditDamaged:
    return AuditDamaged(f"segment {cursor.segment} of journal {journal} is missing")


def _pass_header(reader: SegmentReader, journal: str, cursor: _Cursor, path: Path, is_first: bool) -> _Cursor:
    try:
        header = reader.read_header()
    except FrameError as problem:
        raise AuditDamaged(f"{path.name}: {problem}") from problem
    if is_first and cursor.segment > 1:
        # The trail begins where the kept segments do; that older ones are missing, the verifier says.
        cursor = cursor._replace(seq=header.head.seq, digest=header.head.digest)
    if (header.journal, header.segment, header.head.seq, header.head.digest) != (
        journal,
        cursor.segment,
        cursor.seq,
        cursor.digest,
    ):
        raise AuditDamaged(f"{path.name} does not continue journal {journal}")
    return cursor._replace(offset=reader.end)
