"""Reading and writing rows: what a handler gets to see of the store.

``Rows`` reads: straight from the database, or through the cache. ``Transaction`` also writes; it belongs to
one change inside a group, and the writer thread commits the group.

Rules:
 - A reader on the event loop calls ``refresh`` once for each batch of requests, before any of them is handled.
 - Whoever changes a row names the cache keys that it invalidates (``changed``): they go into the change log,
   in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import apsw

from strongroom.crypto.errors import RowTampered
from strongroom.store.cache import RowCache
from strongroom.store.errors import StoreTampered, StoreUnavailable
from strongroom.store.table import Authenticator, Row, Table, Value

T = TypeVar("T")
CHANGED_SQL = "INSERT INTO changes (cache_key) VALUES (?)"


class Rows:
    """Verified rows of one connection."""

    def __init__(
        self,
        connection: apsw.Connection,
        authenticator: Authenticator,
        cache_bytes: int,
        *,
        tracks_fresh: bool = False,
    ) -> None:
        self.connection = connection
        self._cursor = connection.cursor()
        self._authenticator = authenticator
        self.cache = RowCache(connection, cache_bytes, tracks_fresh=tracks_fresh)

    def refresh(self) -> None:
        """Make the cache as new as the store is now.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        try:
            self.cache.refresh()
        except apsw.Error as problem:
            self.cache.clear()
            raise StoreUnavailable("the store cannot be read") from problem

    def find(self, table: Table, *key: Value) -> Row | None:
        """Read one row by its primary key, or None.

        Raises:
            StoreTampered: The row does not carry its code.
            StoreUnavailable: The store does not answer.
        """
        found = self._fetch(table.find_sql, key)
        return self._verified(table, found[0]) if found else None

    def select(self, table: Table, clause: str, bindings: Sequence[Value] = ()) -> list[Row]:
        """Read the rows that ``clause`` (constant SQL from WHERE on) selects; verified, without ``mac``."""
        return [
            self._verified(table, row) for row in self._fetch(f"{table.select_sql} {clause}", tuple(bindings))
        ]

    def scalar(self, sql: str, bindings: Sequence[Value] = ()) -> Value:
        """Read the single value that constant SQL yields, or None."""
        found = self._fetch(sql, tuple(bindings))
        return found[0][0] if found else None

    def column(self, sql: str, bindings: Sequence[Value] = ()) -> list[Value]:
        """Read the first column of what constant SQL yields: keys to act on, not facts to rely on.

        No authentication code is checked; rows that matter are read again with ``find``.
        """
        return [row[0] for row in self._fetch(sql, tuple(bindings))]

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads inside see one state of the store: rows that must agree are read together.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        if self.connection.in_transaction:
            yield
            return
        self._fetch("BEGIN", ())
        try:
            yield
        finally:
            self._fetch("COMMIT", ())

    def cached(
        self,
        key: str,
        load: Callable[[Rows], T | None],
        weigh: Callable[[T], int] = lambda _: 500,
        depends_on: Callable[[T], tuple[str, ...]] = lambda _: (),
    ) -> T | None:
        """Take a value from the cache, or load and keep it. What is absent is not kept.

        Args:
            key: The cache key; changes of the rows behind it name it.
            load: Reads the value.
            weigh: Estimates its size in bytes.
            depends_on: Further cache keys; a change of one of them drops the value as well.
        """
        found: T | None = self.cache.get(key)
        if found is None:
            found = load(self)
            if found is not None:
                self.cache.put(key, found, weigh(found), depends_on(found))
        return found

    def _fetch(self, sql: str, bindings: Sequence[Value]) -> list[Row]:
        try:
            found: list[Any] = self._cursor.execute(sql, bindings).fetchall()
        except apsw.Error as problem:
            raise StoreUnavailable("the store cannot be read") from problem
        except UnicodeDecodeError:
            # Left half read, the cursor would hold on to the state of the store that it saw.
            self._cursor.close(True)
            self._cursor = self.connection.cursor()
            # The text of the exception would carry the bytes that were read.
            raise StoreTampered("a text in the store is none") from None
        return found

    def _verified(self, table: Table, row: Row) -> Row:
        columns = row[:-1]
        tag = row[-1]
        if not isinstance(tag, bytes):
            raise StoreTampered(f"a row of {table.name} has no authentication code")
        try:
            self._authenticator.verify(table.name, columns, tag)
        except RowTampered as problem:
            raise StoreTampered(f"a row of {table.name} was changed outside of Strongroom") from problem
        return columns


class Transaction(Rows):
    """The rows of the writer's connection, inside the transaction of a group of changes."""

    def __init__(self, connection: apsw.Connection, authenticator: Authenticator, cache_bytes: int) -> None:
        super().__init__(connection, authenticator, cache_bytes, tracks_fresh=True)

    def insert(self, table: Table, row: Row) -> None:
        """Add a row."""
        self._write(table.insert_sql, (*row, self._authenticator.tag(table.name, row)))

    def update(self, table: Table, row: Row) -> None:
        """Replace the row that has the primary key of ``row``."""
        key = tuple(row[position] for position in table.key_positions)
        self._write(table.update_sql, (*row, self._authenticator.tag(table.name, row), *key))

    def delete(self, table: Table, *key: Value) -> None:
        """Remove the row with this primary key, if there is one."""
        self._write(table.delete_sql, key)

    def changed(self, *cache_keys: str) -> None:
        """Say which cache keys this change invalidates, here and in every other worker."""
        for key in cache_keys:
            self._write(CHANGED_SQL, (key,))
            self.cache.drop(key)

    def run(self, sql: str, bindings: Sequence[Value] = ()) -> None:
        """Execute constant SQL that changes rows without an authentication code of their own."""
        self._write(sql, bindings)

    def undo(self) -> None:
        """Forget what a change loaded before it was rolled back."""
        self.cache.drop_fresh()

    def keep(self) -> None:
        """Let what a change loaded stand."""
        self.cache.keep_fresh()

    def _write(self, sql: str, bindings: Sequence[Value]) -> None:
        # Errors of apsw go up as they are: only the writer knows whether the group survives them.
        self._cursor.execute(sql, bindings)


def iterate_rows(rows: Rows, table: Table, page_clause: str, first: Sequence[Value]) -> Iterator[Row]:
    """Walk a whole table in pages; ``page_clause`` is constant SQL whose first mark is the last key seen."""
    bindings = tuple(first)
    while True:
        page = rows.select(table, page_clause, bindings)
        yield from page
        if not page:
            return
        bindings = tuple(page[-1][position] for position in table.key_positions)
