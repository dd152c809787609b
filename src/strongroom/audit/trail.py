"""The queryable trail: every record of every journal, once, in a database that can be rebuilt.

Rules:
 - The rows of a batch and the cursor of their journal are committed together: a restart neither loses nor
   doubles a record. An event id is stored once, by a UNIQUE constraint.
 - Only what the journal's anchor says is durable is taken in, and only what continues the hash chain.
 - One process at a time changes the trail, by ``flock``; any number read it.
 - ``synchronous=NORMAL``: after a power cut the last rows and the cursor are missing together.

What this does not do: prove anything. Proof is in the journals; ``verify`` compares the trail with them.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, NamedTuple

import apsw

from strongroom.audit.errors import AuditDamaged, AuditInUse
from strongroom.audit.segment import compress_segment
from strongroom.audit.trail_intake import TrailIntake, in_transaction
from strongroom.audit.trail_rows import split_secret_arn
from strongroom.clock import DAY_MS, Instant

RETENTION_MS: Final = 90 * DAY_MS
"""How far back the event history goes."""
_EVENT_COLUMNS: Final = (
    "e.time_s, e.position, e.event_id, e.event_name, e.event_source, e.read_only, e.username,"
    " e.access_key_id, e.record"
)
_PAGE: Final = (
    " AND {t}.time_s BETWEEN ? AND ? AND ({t}.time_s, {t}.position) < (?, ?)"
    " ORDER BY {t}.time_s DESC, {t}.position DESC LIMIT ?"
)
_FAR: Final = (2**62, 2**62)


class Attribute(StrEnum):
    """What ``LookupEvents`` can search by, as AWS names it."""

    EVENT_ID = "EventId"
    EVENT_NAME = "EventName"
    READ_ONLY = "ReadOnly"
    USERNAME = "Username"
    RESOURCE_TYPE = "ResourceType"
    RESOURCE_NAME = "ResourceName"
    EVENT_SOURCE = "EventSource"
    ACCESS_KEY_ID = "AccessKeyId"


# The index is named, because the planner without statistics takes the one by time for everything.
_SEARCHES: Final = {
    Attribute.EVENT_ID: ("", "event_id"),
    Attribute.EVENT_NAME: ("INDEXED BY events_by_name", "event_name"),
    Attribute.READ_ONLY: ("INDEXED BY events_by_effect", "read_only"),
    Attribute.USERNAME: ("INDEXED BY events_by_user", "username"),
    Attribute.EVENT_SOURCE: ("INDEXED BY events_by_source", "event_source"),
    Attribute.ACCESS_KEY_ID: ("INDEXED BY events_by_key", "access_key_id"),
}
_RESOURCES_OF_EVENT: Final = (
    "SELECT type, name FROM resources INDEXED BY resources_by_time"
    " WHERE scope = ? AND time_s = ? AND position = ? ORDER BY type, name"
)
_RETIRE_RESOURCES: Final = (
    "DELETE FROM resources INDEXED BY resources_by_time WHERE scope = ? AND time_s = ? AND position = ?"
)


class Position(NamedTuple):
    """Where a page ended: the next one begins after it. Stable until the trail is rebuilt."""

    time_s: int
    position: int


class TrailQuery(NamedTuple):
    """What to look for: one account and Region, a time range with both ends in it, at most one attribute."""

    account: str
    region: str
    start_ms: Instant
    end_ms: Instant
    attribute: Attribute | None = None
    value: str = ""


class TrailEvent(NamedTuple):
    """One event; ``resources`` are pairs of type and name, ``record`` is the whole record as JSON text."""

    time_s: int
    event_id: str
    event_name: str
    event_source: str
    read_only: bool
    username: str | None
    access_key_id: str | None
    resources: tuple[tuple[str, str], ...]
    record: str


class TrailPage(NamedTuple):
    """Events, newest first, and where to go on; None at the end."""

    events: tuple[TrailEvent, ...]
    following: Position | None


class Trail:
    """An open trail; one object belongs to one thread.

    Args:
        directory: The audit directory.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / "trail.db"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._connection = apsw.Connection(str(path))
        self._connection.set_busy_timeout(5_000)
        for pragma in (
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "trusted_schema=OFF",
            "secure_delete=ON",
            "temp_store=MEMORY",
            "mmap_size=0",
        ):
            self._connection.execute(f"PRAGMA {pragma}")
        self._lock = os.open(directory / "trail.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._intake = TrailIntake(directory, self._connection)

    def close(self) -> None:
        """Give the trail up."""
        self._connection.close()
        os.close(self._lock)

    def catch_up(self, budget_records: int) -> int:
        """Take in what the journals have and the trail has not, up to ``budget_records``.

        Returns:
            How many records were taken; 0 also while another process is at it.

        Raises:
            AuditDamaged: A journal does not continue where the trail left off; ``rebuild`` starts anew.
        """
        with self._exclusively() as is_ours:
            return self._intake.take_in(budget_records) if is_ours else 0

    def rebuild(self) -> int:
        """Throw every row away and take everything in again.

        Returns:
            How many records were taken.

        Raises:
            AuditInUse: Another process is changing the trail.
            AuditDamaged: A journal is damaged; what came before the damage was taken.
        """
        with self._exclusively() as is_ours:
            if not is_ours:
                raise AuditInUse("the trail is being changed by another process")
            self._intake.forget_everything()
            total = 0
            while taken := self._intake.take_in(10_000):
                total += taken
            return total

    def retire(self, now_ms: Instant, most_events: int = 1_000, retention_ms: int = RETENTION_MS) -> int:
        """Remove up to ``most_events`` events that are older than the retention; the journals keep them.

        Returns:
            How many were removed; 0 also while another process changes the trail.
        """
        cutoff_s = (now_ms - retention_ms) // 1000
        with self._exclusively() as is_ours:
            if not is_ours:
                return 0
            removed = 0
            with in_transaction(self._connection):
                for (scope,) in self._rows("SELECT scope FROM scopes"):
                    old = self._rows(
                        "SELECT time_s, position FROM events WHERE scope = ? AND time_s < ?"
                        " ORDER BY time_s, position LIMIT ?",
                        (scope, cutoff_s, most_events - removed),
                    )
                    for time_s, position in old:
                        self._connection.execute(_RETIRE_RESOURCES, (scope, time_s, position))
                        self._connection.execute("DELETE FROM events WHERE position = ?", (position,))
                    removed += len(old)
                if removed:
                    self._connection.execute(
                        "INSERT INTO meta VALUES ('retired_before_s', ?) ON CONFLICT (name)"
                        " DO UPDATE SET value = max(value, excluded.value)",
                        (cutoff_s,),
                    )
            return removed

    def compress_finished(self) -> int:
        """Compress one segment that was taken in whole; the verifier and a rebuild read it as before.

        Returns:
            How many were compressed: 0 or 1.

        Raises:
            AuditDamaged: The compressed form does not read back equal; the plain segment stays.
        """
        finished = self._intake.finished_segments()
        if not finished:
            return 0
        compress_segment(finished[0])
        return 1

    def find(self, query: TrailQuery, most: int, after: Position | None = None) -> TrailPage:
        """Read a page of events, newest first.

        Args:
            query: What to look for; the same for every page.
            most: Events on the page.
            after: Where the page before ended.

        Raises:
            AuditDamaged: A row was edited.
        """
        scope = self._rows(
            "SELECT scope FROM scopes WHERE account = ? AND region = ?", (query.account, query.region)
        )
        if not scope:
            return TrailPage((), None)
        # Records carry whole seconds: an event lies in the range when its second does.
        page = (-(-query.start_ms // 1000), query.end_ms // 1000, *(after or _FAR), most + 1)
        rows = self._matching(scope[0][0], query, page)
        following = Position(rows[most - 1][0], rows[most - 1][1]) if len(rows) > most else None
        return TrailPage(tuple(self._event(scope[0][0], row) for row in rows[:most]), following)

    # Searching

    def _matching(self, scope: int, query: TrailQuery, page: tuple[int, ...]) -> list[Any]:
        attribute, value = query.attribute, query.value
        if attribute is None:
            return self._rows(
                f"SELECT {_EVENT_COLUMNS} FROM events e WHERE e.scope = ?" + _PAGE.format(t="e"),  # noqa: S608
                (scope, *page),
            )
        if attribute in _SEARCHES:
            wanted: str | int = value
            if attribute is Attribute.READ_ONLY:
                if value not in ("true", "false"):
                    return []
                wanted = int(value == "true")
            index, column = _SEARCHES[attribute]
            return self._rows(
                f"SELECT {_EVENT_COLUMNS} FROM events e {index}"  # noqa: S608 - constants
                f" WHERE e.scope = ? AND e.{column} = ?" + _PAGE.format(t="e"),
                (scope, wanted, *page),
            )
        if attribute is Attribute.RESOURCE_TYPE:
            return self._by_resource("r.type = ?", (scope, value, *page), page[-1])
        split = split_secret_arn(value)
        if split is None:
            return self._by_resource("r.name = ?", (scope, value, *page), page[-1])
        # Who asks for an ARN also wants the calls that gave nothing but the name.
        return self._by_resource(
            "r.name = ?",
            (scope, value, *page),
            page[-1],
            "r.name = ? AND r.is_bare",
            (scope, split[0], *page),
        )

    def _by_resource(
        self,
        condition: str,
        bindings: tuple[Any, ...],
        most: int,
        second: str = "",
        more: tuple[Any, ...] = (),
    ) -> list[Any]:
        """Search in ``resources``; an event that matches twice comes once."""
        each = "SELECT * FROM (SELECT DISTINCT r.time_s, r.position FROM resources r WHERE r.scope = ? AND {} {})"
        union = " UNION ".join(
            each.format(clause, _PAGE.format(t="r")) for clause in (condition, second) if clause
        )
        return self._rows(
            f"SELECT {_EVENT_COLUMNS} FROM ({union}) m JOIN events e ON e.position = m.position"  # noqa: S608
            " ORDER BY m.time_s DESC, m.position DESC LIMIT ?",
            (*bindings, *more, most),
        )

    def _event(self, scope: int, row: Any) -> TrailEvent:
        time_s, position, event_id, name, source, read_only, username, key, record = row
        if not isinstance(record, bytes):
            raise AuditDamaged(f"the trail's row of event {event_id} was edited; rebuild the trail")
        resources = self._rows(_RESOURCES_OF_EVENT, (scope, time_s, position))
        return TrailEvent(
            time_s,
            event_id,
            name,
            source,
            bool(read_only),
            username,
            key,
            tuple((kind, resource) for kind, resource in resources),
            record.decode(),
        )

    # Means

    def _rows(self, sql: str, bindings: tuple[Any, ...] = ()) -> list[Any]:
        return self._connection.execute(sql, bindings).fetchall()

    @contextlib.contextmanager
    def _exclusively(self) -> Iterator[bool]:
        """Hold the lock of the trail; yield False when another process has it."""
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
