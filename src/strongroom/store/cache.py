"""A bounded cache of verified rows and what was made of them, always valid.

Rules:
 - ``refresh`` is called after a request arrived and before anything is taken from here. It reads the change
   log of the store: one query that says both whether anything was committed since the last time and what.
   So a read that starts after a write was acknowledged sees it, whichever worker answers (promise 2).
 - When the log was trimmed past the last position seen, everything is dropped.
 - Bounded by an estimate of bytes; the entry used longest ago goes first.

One cache belongs to one thread and one connection.
"""

from __future__ import annotations

from typing import Any, Final

import apsw

_MISSING: Final = object()
ENTRY_OVERHEAD_BYTES: Final = 400
CHANGES_SQL: Final = "SELECT seq, cache_key FROM changes WHERE seq >= ? ORDER BY seq"
NEWEST_CHANGE_SQL: Final = "SELECT coalesce(max(seq), 0) FROM changes"


class RowCache:
    """Entries by cache key, with the least recently used first."""

    def __init__(self, connection: apsw.Connection, most_bytes: int, *, tracks_fresh: bool = False) -> None:
        self._cursor = connection.cursor()
        self._most_bytes = most_bytes
        self._bytes = 0
        self._entries: dict[str, tuple[Any, int]] = {}
        self._seen = -1
        self._fresh: list[str] = []
        self.tracks_fresh = tracks_fresh
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def refresh(self) -> None:
        """Drop what was changed by a commit since the last call."""
        news: list[Any] = self._cursor.execute(CHANGES_SQL, (self._seen,)).fetchall()
        if len(news) == 1 and news[0][0] == self._seen:
            return
        if self._seen > 0 and news and news[0][0] == self._seen:
            for _, key in news[1:]:
                self.drop(key)
            self._seen = news[-1][0]
        else:
            self.clear()
            newest: Any = self._cursor.execute(NEWEST_CHANGE_SQL).fetchall()
            self._seen = newest[0][0]

    def get(self, key: str) -> Any:
        """Return the entry, or None."""
        found = self._entries.pop(key, _MISSING)
        if found is _MISSING:
            self.misses += 1
            return None
        self._entries[key] = found  # type: ignore[assignment]  # _MISSING was excluded: now used last
        self.hits += 1
        return found[0]  # type: ignore[index]  # as above

    def put(self, key: str, value: object, weight: int) -> None:
        """Keep ``value``, whose estimated size in bytes is ``weight``."""
        self.drop(key)
        size = weight + ENTRY_OVERHEAD_BYTES
        if size > self._most_bytes:
            return
        self._entries[key] = (value, size)
        self._bytes += size
        if self.tracks_fresh:
            self._fresh.append(key)
        while self._bytes > self._most_bytes:
            self.drop(next(iter(self._entries)))

    def drop(self, key: str) -> None:
        """Forget one entry, if it is there."""
        found = self._entries.pop(key, None)
        if found is not None:
            self._bytes -= found[1]

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
        self._bytes = 0
