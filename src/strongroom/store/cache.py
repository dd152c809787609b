"""A bounded cache of verified rows and what was made of them, always valid.

Rules:
 - ``refresh`` is called after a request arrived and before anything is taken from here. It reads the change
   log of the store: one query that says both whether anything was committed since the last time and what.
   So a read that starts after a write was acknowledged sees it, whichever worker answers (promise 2).
 - The log is believed as far as its digest says what the head of the store or the anchor says (``leaves.py``).
   When it does not, or was trimmed past the last position seen, everything is dropped.
 - What was made of several rows hangs on the keys of all of them (``depends_on``): a change of one of them drops it,
   so that a change of a policy names one key and not every credential that the policy bears on.
 - Bounded by an estimate of bytes; what was used since room was last made gets a second chance.

One cache belongs to one thread and one connection.
"""

from __future__ import annotations

from typing import Any, Final

import apsw

from strongroom.store.leaves import NOTHING, extend_log
from strongroom.store.table import Row

ENTRY_OVERHEAD_BYTES: Final = 400
CHANGES_SQL: Final = "SELECT seq, cache_key FROM changes WHERE seq > ? ORDER BY seq"


WrittenRow = tuple[Row, bytes]
"""A row that this connection wrote, and its code."""


class _Entry:
    """A kept value."""

    __slots__ = ("depends_on", "size", "value", "was_used", "written")

    def __init__(
        self, value: object, size: int, depends_on: tuple[str, ...], written: WrittenRow | None
    ) -> None:
        self.value: Any = value
        self.size = size
        self.depends_on = depends_on
        self.written = written
        self.was_used = False


class RowCache:
    """Entries by cache key; when it is full, what was not used lately goes first (second chance).

    Attributes:
        state: Another number whenever anything may have been committed since the last look, whatever it was.
    """

    def __init__(self, connection: apsw.Connection, most_bytes: int, *, tracks_fresh: bool = False) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._most_bytes = most_bytes
        self._bytes = 0
        self._entries: dict[str, _Entry] = {}
        self._dependents: dict[str, set[str]] = {}
        self._seen = -1
        self._digest = NOTHING
        self._fresh: list[str] = []
        self.tracks_fresh = tracks_fresh
        self.hits = 0
        self.misses = 0
        self.state = 0

    def __len__(self) -> int:
        return len(self._entries)

    def refresh(self, newest: int, digest: bytes) -> None:
        """Drop what was changed by a commit since the last call.

        Args:
            newest: The number of the log's newest entry, as far as is known for sure.
            digest: Of the log up to there.
        """
        try:
            news: list[Any] = self._cursor.execute(CHANGES_SQL, (self._seen,)).fetchall()
        except UnicodeDecodeError:
            # No text of ours: nothing in the log is believed. Half read, the cursor would hold an old state.
            self._cursor.close(True)
            self._cursor = self._connection.cursor()
            news = []
            self._seen = -1
        if not news and newest == self._seen:
            return
        self.state += 1
        if self._seen < 0 or not self._follow(news, newest, digest):
            self.clear()
        self.stand_at(newest, digest)

    def stand_at(self, newest: int, digest: bytes) -> None:
        """Take it that everything is as new as this entry of the log."""
        self._seen, self._digest = newest, digest

    def _follow(self, news: list[Any], newest: int, digest: bytes) -> bool:
        """Drop what the log names; False when it is not the one that is known, or not whole.

        Entries behind ``newest`` are of commits that nobody answers for yet: they are read again the next time.
        """
        seen, known = self._seen, self._digest
        for seq, key in news:
            if seq <= newest:
                if seq != seen + 1 or not isinstance(key, str):
                    return False
                seen, known = seq, extend_log(known, seq, key)
            self.drop(key)
        return seen == newest and known == digest

    def get(self, key: str) -> Any:
        """Return the entry, or None."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        entry.was_used = True
        self.hits += 1
        return entry.value

    def written(self, key: str) -> WrittenRow | None:
        """Return the row that an entry was put with."""
        entry = self._entries.get(key)
        return None if entry is None else entry.written

    def put(
        self,
        key: str,
        value: object,
        weight: int,
        depends_on: tuple[str, ...] = (),
        written: WrittenRow | None = None,
    ) -> None:
        """Keep ``value``, whose estimated size in bytes is ``weight``, until its key or one it depends on changes.

        ``written`` is the row that holds it, when this connection has just written it.
        """
        self._forget(key)
        size = weight + ENTRY_OVERHEAD_BYTES * (1 + len(depends_on))
        if size > self._most_bytes:
            return
        self._entries[key] = _Entry(value, size, depends_on, written)
        self._bytes += size
        for dependency in depends_on:
            self._dependents.setdefault(dependency, set()).add(key)
        if self.tracks_fresh:
            self._fresh.append(key)
        while self._bytes > self._most_bytes:
            self._make_room()

    def drop(self, key: str) -> None:
        """Forget one entry, if it is there, and whatever depends on it, whether it is there or not."""
        self._forget(key)
        for dependent in self._dependents.pop(key, ()):
            self.drop(dependent)

    def _forget(self, key: str) -> None:
        """Forget one entry alone: what depends on it was made of the same rows and holds as long as they do."""
        entry = self._entries.pop(key, None)
        if entry is None:
            return
        self._bytes -= entry.size
        for dependency in entry.depends_on:
            dependents = self._dependents.get(dependency)
            if dependents is not None:
                dependents.discard(key)
                if not dependents:
                    del self._dependents[dependency]

    def _make_room(self) -> None:
        """Drop the oldest entry that was not used since it was last looked at here; the others go to the back."""
        key, entry = next(iter(self._entries.items()))
        if entry.was_used and len(self._entries) > 1:
            entry.was_used = False
            del self._entries[key]
            self._entries[key] = entry
        else:
            self._forget(key)

    def drop_fresh(self) -> None:
        """Forget what was kept since ``keep_fresh``: a change that is undone may have loaded its own rows."""
        for key in self._fresh:
            self.drop(key)
        self._fresh.clear()

    def keep_fresh(self) -> None:
        """Let what was kept so far stand."""
        self._fresh.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._fresh.clear()
        self._entries.clear()
        self._dependents.clear()
        self._bytes = 0
