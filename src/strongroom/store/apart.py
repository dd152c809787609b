"""Rows for threads that have none of their own: one connection, used by one at a time."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TypeVar

from strongroom.store.rows import Rows

T = TypeVar("T")


class ApartRows:
    """Reads for whoever asks, one after the other.

    Args:
        open_rows: Opens the connection, at the first use.
    """

    def __init__(self, open_rows: Callable[[], Rows]) -> None:
        self._open_rows = open_rows
        self._rows: Rows | None = None
        self._lock = Lock()

    def read(self, work: Callable[[Rows], T]) -> T:
        """Run ``work`` on rows that are as new as the store is now."""
        with self._lock:
            if self._rows is None:
                self._rows = self._open_rows()
            self._rows.refresh()
            return work(self._rows)
