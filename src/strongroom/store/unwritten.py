"""Rows that the changes of a group have written and that SQLite was not told of yet.

Telling SQLite of one row at a time, each change in a savepoint of its own, was a tenth of the processor time of a
change: a savepoint copies every page that is touched after it, and every statement is looked up and bound for itself.

Rules:
 - Rows go in before the group is committed, all of one statement at once. Whatever reads the store, or writes to it
   in another way, has them written before (``transaction.py``).
 - Only what can be done in any order waits: new rows, and new states of rows that are live, each row once. When a row
   that waits is written anew, or one is taken away, all that wait are written first; so they are when they are large.
 - A row may be made when it goes in (``MakeBindings``): values are sealed one after the other then, with the code for
   that in the caches.
 - What the change under way wrote is kept apart until it stands. It is undone by forgetting it; a savepoint is
   opened only when SQLite has to be told of it before that.
 - A row that does not fit the store was met by an attack or a defect. When its change stands already, the whole group
   fails (``GroupBroken``); that somebody caught the error on its way alters nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import apsw
import msgspec

from strongroom.store.errors import GroupBroken, StoreTampered
from strongroom.store.freshness import Fetch
from strongroom.store.table import Row, Value

MOST_BYTES: Final = 1_048_576
"""When rows that wait have more bytes of content than this, they are written before the next one."""

MakeBindings = Callable[[bool], Sequence[Value]]
"""Makes what is bound to the statement of a row; told whether the change that it belongs to stands."""


class _Write(msgspec.Struct, frozen=True):
    """One row: its statement with what is bound to it, and who it is."""

    sql: str
    bindings: Sequence[Value] | MakeBindings
    row: tuple[str, Row]


class Unwritten:
    """The rows of one group.

    Args:
        connection: Inside the transaction of the group.
    """

    __slots__ = (
        "_bytes",
        "_connection",
        "_cursor",
        "_has_savepoint",
        "_is_broken",
        "_is_change_broken",
        "_kept",
        "_own",
        "_rows",
        "waits",
    )

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._kept: dict[str, list[Sequence[Value] | MakeBindings]] = {}
        self._own: list[_Write] = []
        self._rows: set[tuple[str, Row]] = set()
        self._bytes = 0
        self._has_savepoint = False
        # INVARIANT: an error that a handler swallows on its way up still keeps the group from being committed.
        self._is_broken = False
        self._is_change_broken = False
        self.waits = False
        """Whether rows may wait: a change is under way that the writer began."""

    def begin_group(self) -> None:
        """Begin with nothing."""
        self._kept.clear()
        self._own.clear()
        self._rows.clear()
        self._bytes = 0
        self._has_savepoint = self._is_broken = self._is_change_broken = self.waits = False

    def begin_change(self, *, waits: bool) -> None:
        """Begin a change that ``undo`` can undo.

        Args:
            waits: Whether its rows may wait.
        """
        self.waits = waits
        if not waits:
            self.write()
            self._open_savepoint()

    def add(self, sql: str, bindings: Sequence[Value] | MakeBindings, table: str, key: Row) -> None:
        """Let a row wait that the statement writes and no other, and that does not wait yet (``make_way``)."""
        row = (table, key)
        assert row not in self._rows, "each row waits once"
        self._own.append(_Write(sql, bindings, row))
        self._rows.add(row)
        if not callable(bindings):
            self._bytes += sum([len(value) for value in bindings if type(value) is bytes])

    def make_way(self, table: str, key: Row) -> None:
        """Prepare for a row to be added, before anything is read of it: have all written if it waits, or if they are
        large; raises as ``write`` does.
        """
        if self._bytes > MOST_BYTES or (table, key) in self._rows:
            self.write()

    def write(self) -> None:
        """Tell SQLite of everything that waits.

        Raises:
            GroupBroken: A row of an earlier change does not fit.
            StoreTampered: One of this change does not.
        """
        if self._kept:
            self._write_kept()
        if self._own:
            self._open_savepoint()
            own, self._own = self._own, []
            self._is_change_broken = True
            for write in own:
                bindings = write.bindings
                if not self._fits(write.sql, [bindings(False) if callable(bindings) else bindings]):
                    raise StoreTampered("a row is there that is not live, or is gone that was")
            self._is_change_broken = False
        self._rows.clear()
        self._bytes = 0

    def written_before(self, fetch: Fetch) -> Fetch:
        """Give a way to read in which everything is written first; raises as ``write`` does."""
        write = self.write  # no more than that is held: who reads in this way holds this object

        def fetch_written(sql: str, bindings: Sequence[Value]) -> list[Row]:
            write()
            return fetch(sql, bindings)

        return fetch_written

    def prepare_other(self) -> None:
        """Prepare for a statement that does not wait; raises as ``write`` does."""
        self.write()
        if self.waits:
            self._open_savepoint()

    def undo(self) -> None:
        """Forget what the change under way wrote."""
        for write in self._own:
            self._rows.discard(write.row)
        self._own.clear()
        self._is_change_broken = False
        if self._has_savepoint:
            self._cursor.execute("ROLLBACK TO change")

    def keep(self) -> None:
        """Let the change under way stand."""
        for write in self._own:
            self._kept.setdefault(write.sql, []).append(write.bindings)
        self._own.clear()
        if self._has_savepoint:
            self._has_savepoint = False
            self._cursor.execute("RELEASE change")
        self.waits = False

    def finish(self) -> None:
        """Write what the changes of the group left; before COMMIT.

        Raises:
            GroupBroken: A row does not fit.
        """
        self.write()
        if self._is_broken or self._is_change_broken:
            raise GroupBroken("rows of this group were not written")

    def _open_savepoint(self) -> None:
        # What stands already was written before: it is not to be undone with this change.
        if not self._has_savepoint:
            self._cursor.execute("SAVEPOINT change")
            self._has_savepoint = True

    def _write_kept(self) -> None:
        kept, self._kept = self._kept, {}
        was_broken, self._is_broken = self._is_broken, True
        for sql, rows in kept.items():
            if not self._fits(sql, [row(True) if callable(row) else row for row in rows]):
                raise GroupBroken("a row is there that is not live, or is gone that was")
        self._is_broken = was_broken

    def _fits(self, sql: str, rows: Sequence[Sequence[Value]]) -> bool:
        """Write rows by one statement; whether each was new, or there to be changed."""
        before = self._connection.total_changes()
        try:
            self._cursor.executemany(sql, rows)
        except apsw.ConstraintError:
            return False
        return self._connection.total_changes() - before == len(rows)
