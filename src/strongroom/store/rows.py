"""Reading rows: what a handler gets to see of the store, straight from the database or through the cache.

A change sees it through a ``Transaction`` (``transaction.py``), which also writes.

Rules:
 - A row is believed when it carries its code and is live by the record of live rows, in the snapshot in which both
   are read (``freshness.py``): it is the newest. That a key has no row is believed when the record has none either.
 - A range may lack rows that somebody removed: what decides rights or labels is remembered by the row that owns it.
 - A reader on the event loop calls ``refresh`` once for each batch of requests, before any of them is handled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import apsw

from strongroom.crypto.errors import RowTampered
from strongroom.store.cache import RowCache
from strongroom.store.errors import StoreTampered, StoreUnavailable
from strongroom.store.freshness import Fetch, Freshness, read_head
from strongroom.store.leaves import Head, Place, find_mark, mark_of
from strongroom.store.reading import Reader
from strongroom.store.revision import RevisionAnchor, is_head
from strongroom.store.table import Authenticator, Row, Table, Value

T = TypeVar("T")


class Rows:
    """Verified rows of one connection.

    Args:
        connection: To the store.
        authenticator: Makes and checks codes.
        cache_bytes: How large the cache may grow.
        anchor: What the machine acknowledged last: without it only what this connection has seen tells that the
            whole store was put back. Everything that serves requests has it.
        tracks_fresh: Whether what was loaded by a change can be forgotten again.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        authenticator: Authenticator,
        cache_bytes: int,
        anchor: RevisionAnchor | None = None,
        *,
        tracks_fresh: bool = False,
    ) -> None:
        self.connection = connection
        self._fetch: Fetch = Reader(connection).fetch
        self._authenticator = authenticator
        self._freshness = Freshness(self._fetch, authenticator, anchor)
        self._is_in_snapshot = False
        self.cache = RowCache(connection, cache_bytes, tracks_fresh=tracks_fresh)

    def refresh(self) -> None:
        """Make the cache as new as the store is now.

        Raises:
            StoreUnavailable: The store does not answer.
            StoreTampered: What the machine acknowledged last was not written by this deployment.
            StoreRolledBack: It was put back.
        """
        try:
            note = self._freshness.look()
            if note is None:
                with self.snapshot():
                    head = self._freshness.head
                    self.cache.refresh(head.log_seq, head.log_digest)
            else:
                self.cache.refresh(note.log_seq, note.log_digest)
        except apsw.Error as problem:
            self.cache.clear()
            raise StoreUnavailable("the store cannot be read") from problem

    def find(self, table: Table, *key: Value) -> Row | None:
        """Read one row by its primary key, or None.

        Raises:
            StoreTampered: The row does not carry its code, is not the newest, or was removed.
            StoreRolledBack: The whole store is older than it was.
            StoreUnavailable: The store does not answer.
        """
        found = self._read(table, table.find_sql, key, lambda: self._place(table, key))
        return found[0] if found else None

    def find_by(self, table: Table, columns: tuple[str, ...], *values: Value) -> Row | None:
        """Read one row by columns that ``table.unique`` names, or None; raises as ``find`` does."""
        assert columns in table.unique, "the record of live rows knows these columns"
        found = self._read(
            table,
            table.find_by_sql[columns],
            values,
            lambda: table.unique_place(self._authenticator, columns, values),
        )
        return found[0] if found else None

    def select(self, table: Table, clause: str, bindings: Sequence[Value] = ()) -> list[Row]:
        """Read the rows that ``clause`` (constant SQL from WHERE on) selects; verified, without ``mac``.

        Each is the newest state of its row. Whether one is missing is not known: what matters is remembered by
        a row that owns it, and compared.
        """
        return self._read(table, f"{table.select_sql} {clause}", tuple(bindings), None)

    def scalar(self, sql: str, bindings: Sequence[Value] = ()) -> Value:
        """Read the single value that constant SQL yields, or None."""
        found = self._fetch(sql, tuple(bindings))
        return found[0][0] if found else None

    def column(self, sql: str, bindings: Sequence[Value] = ()) -> list[Value]:
        """Read the first column of what constant SQL yields: keys to act on, not facts to rely on.

        No authentication code is checked; rows that matter are read again with ``find``.
        """
        return [row[0] for row in self._fetch(sql, tuple(bindings))]

    def listing(self, sql: str, bindings: Sequence[Value] = ()) -> list[tuple[Value, ...]]:
        """Read what constant SQL yields: as ``column``, of several columns."""
        return [tuple(row) for row in self._fetch(sql, tuple(bindings))]

    def alias(self, space: str, text: str) -> str:
        """Give a keyed hash of a text, to sort by what must not be readable in the store."""
        return self._authenticator.place(space, (text,)).hex()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads inside see one state of the store: rows that must agree are read together.

        Raises:
            StoreUnavailable: The store does not answer.
            StoreTampered: Its head is not one that Strongroom wrote.
            StoreRolledBack: Its head is older than it was.
        """
        if self.connection.in_transaction:
            yield
            return
        self._freshness.look()
        self._fetch("BEGIN", ())
        self._is_in_snapshot = True
        try:
            self._freshness.check()
            yield
        finally:
            self._is_in_snapshot = False
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
        return self.load(key, load, weigh, depends_on) if found is None else found

    def load(
        self,
        key: str,
        load: Callable[[Rows], T | None],
        weigh: Callable[[T], int],
        depends_on: Callable[[T], tuple[str, ...]],
    ) -> T | None:
        """Load and keep a value that is not in the cache; as ``cached``, for who has looked there."""
        found = load(self)
        if found is not None:
            self.cache.put(key, found, weigh(found), depends_on(found))
        return found

    def read_head(self) -> Head | None:
        """Read the head by its code alone: at the start, before the anchor is asked. None in a new store.

        Raises:
            StoreTampered: It does not carry its code.
        """
        return read_head(self._fetch, self._authenticator)

    def _read(
        self, table: Table, sql: str, bindings: Sequence[Value], absent: Callable[[], Place] | None
    ) -> list[Row]:
        """Read rows that are the newest; when there is none, ``absent`` says which entry there must not be."""
        if self.connection.in_transaction:
            return self._read_at_once(table, sql, bindings, absent)
        if self._freshness.is_current():
            found = self._fetch(sql, bindings)
            rows = [self._authentic(table, row) for row in found]
            places = [self._place(table, table.key_of(row)) for row, _ in rows]
            if not found and absent is not None:
                places = [absent()]
            leaves = self._freshness.kept_leaves({place.leaf for place in places})
            if leaves is not None:
                wanted: list[bytes | None] = [mark_of(tag) for _, tag in rows]
                if [find_mark(leaves[place.leaf], place.name) for place in places] == (
                    wanted or [None] * len(places)
                ):
                    return [row for row, _ in rows]
        with self.snapshot():
            return self._read_at_once(table, sql, bindings, absent)

    def _read_at_once(
        self, table: Table, sql: str, bindings: Sequence[Value], absent: Callable[[], Place] | None
    ) -> list[Row]:
        """Read rows and what says that they are the newest, in one snapshot."""
        found = self._fetch(sql, bindings)
        rows = [self._authentic(table, row) for row in found]
        leaves: dict[int, bytes] = {}
        for row, tag in rows:
            if is_head(table, row):
                continue  # what it says of itself was compared before
            place = self._place(table, table.key_of(row))
            entries = leaves.get(place.leaf)
            if entries is None:
                entries = leaves[place.leaf] = self._leaf(place.leaf)
            if find_mark(entries, place.name) != mark_of(tag):
                raise StoreTampered(f"a row of {table.name} is not the newest: it was put back")
        if not found and absent is not None:
            self._check_absent(table, absent())
        return [row for row, _ in rows]

    def _authentic(self, table: Table, row: Row) -> tuple[Row, bytes]:
        columns, tag = row[:-1], row[-1]
        if not isinstance(tag, bytes):
            raise StoreTampered(f"a row of {table.name} has no authentication code")
        try:
            self._authenticator.verify(table.name, columns, tag)
        except RowTampered as problem:
            raise StoreTampered(f"a row of {table.name} was changed outside of Strongroom") from problem
        return columns, tag

    def _check_absent(self, table: Table, place: Place) -> None:
        if find_mark(self._leaf(place.leaf), place.name) is not None:
            raise StoreTampered(f"a row of {table.name} was removed outside of Strongroom")

    def _leaf(self, number: int) -> bytes:
        return self._freshness.leaf(number)

    def _place(self, table: Table, key: Row) -> Place:
        return table.place(self._authenticator, key)


def iterate_rows(rows: Rows, table: Table, page_clause: str, first: Sequence[Value]) -> Iterator[Row]:
    """Walk a whole table in pages; ``page_clause`` is constant SQL whose first mark is the last key seen."""
    bindings = tuple(first)
    while True:
        page = rows.select(table, page_clause, bindings)
        yield from page
        if not page:
            return
        bindings = tuple(page[-1][position] for position in table.key_positions)
