"""Reading and writing rows: what a handler gets to see of the store.

``Rows`` reads: straight from the database, or through the cache. ``Transaction`` also writes; it belongs to
one change inside a group, and the writer thread commits the group.

Rules:
 - A row is believed when it carries its code and is live by the record of live rows, in the snapshot in which both
   are read (``freshness.py``): it is the newest. That a key has no row is believed when the record has none either.
 - A range may lack rows that somebody removed: what decides rights or labels is remembered by the row that owns it.
 - A reader on the event loop calls ``refresh`` once for each batch of requests, before any of them is handled.
 - Whoever changes a row names the cache keys that it invalidates (``changed``): they go into the change log,
   in the same transaction.
 - Before a group is committed ``finish`` writes the record of live rows. A group that was not finished is not to be
   committed: its rows would not be believed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, TypeVar

import apsw

from strongroom.crypto.errors import RowTampered
from strongroom.store.cache import RowCache
from strongroom.store.errors import StoreTampered, StoreUnavailable
from strongroom.store.freshness import Freshness, read_head
from strongroom.store.leaves import (
    DIGEST_BYTES,
    LEAVES_IN_PAGE,
    MARK_BYTES,
    Head,
    Place,
    digest_of,
    extend_log,
    find_mark,
    mark_of,
    with_entry,
    without_entry,
)
from strongroom.store.reading import Reader
from strongroom.store.revision import HEAD_NAME, META, RevisionAnchor
from strongroom.store.table import Authenticator, Row, Table, Value

T = TypeVar("T")
CHANGED_SQL = "INSERT OR REPLACE INTO changes (seq, cache_key) VALUES (?, ?)"
_WRITE_HEAD: Final = "INSERT OR REPLACE INTO store_meta (name, value, mac) VALUES (?, ?, ?)"
_WRITE_PAGE: Final = (
    "INSERT INTO store_pages (page, digests) VALUES (?, ?) "
    "ON CONFLICT (page) DO UPDATE SET digests = excluded.digests"
)
_WRITE_LEAF: Final = (
    "INSERT INTO store_leaves (leaf, entries) VALUES (?, ?) "
    "ON CONFLICT (leaf) DO UPDATE SET entries = excluded.entries"
)
_UNIQUE_MARK: Final = b"\x01" * MARK_BYTES


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
        self._fetch = Reader(connection).fetch
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
        found = self._read(table, table.find_sql, key, lambda: table.place(self._authenticator, key))
        return found[0] if found else None

    def find_by(self, table: Table, columns: tuple[str, ...], *values: Value) -> Row | None:
        """Read one row by columns that ``table.unique`` names, or None; raises as ``find`` does."""
        assert columns in table.unique, "the record of live rows knows these columns"
        where = " AND ".join(f"{column} = ?" for column in columns)
        sql = f"{table.select_sql} WHERE {where}"
        found = self._read(
            table, sql, values, lambda: table.unique_place(self._authenticator, columns, values)
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
        if found is None:
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
            places = [table.place(self._authenticator, table.key_of(row)) for row, _ in rows]
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
            if _is_head(table, row):
                continue  # what it says of itself was compared before
            place = table.place(self._authenticator, table.key_of(row))
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


class _Group:
    """What the changes of a group have done to the record of live rows; written when the group is finished."""

    __slots__ = ("leaves", "log", "log_kept", "touched", "undoing")

    def __init__(self, head: Head) -> None:
        self.leaves: dict[int, bytes] = {}
        self.touched: set[int] = set()
        self.undoing: dict[int, bytes] = {}
        self.log = self.log_kept = (head.log_seq, head.log_digest)


class Transaction(Rows):
    """The rows of the writer's connection, inside the transaction of a group of changes."""

    def __init__(
        self,
        connection: apsw.Connection,
        authenticator: Authenticator,
        cache_bytes: int,
        anchor: RevisionAnchor | None = None,
    ) -> None:
        super().__init__(connection, authenticator, cache_bytes, anchor, tracks_fresh=True)
        self._cursor = connection.cursor()
        self._group: _Group | None = None

    def refresh(self) -> None:
        """Begin a group: make the cache as new as the store is, inside its transaction; raises as reading does."""
        self._group = None
        if not self.connection.in_transaction:
            super().refresh()
            return
        number, digest = self._joined().log
        self.cache.refresh(number, digest)

    def begin_empty(self) -> None:
        """Begin the first group of a store that has no record of live rows yet."""
        head = Head(0)
        self._freshness.trust(head, ())
        self._group = _Group(head)

    def insert(self, table: Table, row: Row) -> None:
        """Add a row.

        Raises:
            StoreTampered: There is one by the record of live rows: it was removed outside of Strongroom.
        """
        tag = self._authenticator.tag(table.name, row)
        self._write(table.insert_sql, (*row, tag))
        self._add(table, row, tag)

    def update(self, table: Table, row: Row) -> None:
        """Replace the row that has the primary key of ``row``, if there is one.

        Raises:
            StoreTampered: There is one that was deleted before.
        """
        key = table.key_of(row)
        tag = self._authenticator.tag(table.name, row)
        self._write(table.update_sql, (*row, tag, *key))
        place = table.place(self._authenticator, key)
        entries = self._leaf(place.leaf)
        if find_mark(entries, place.name) is not None:
            self._keep(place.leaf, with_entry(entries, place.name, mark_of(tag)))
        elif self.connection.changes():
            raise StoreTampered(f"a row of {table.name} is there that was deleted")

    def delete(self, table: Table, *key: Value) -> None:
        """Remove the row with this primary key, if there is one.

        Raises:
            StoreTampered: The table has further unique columns, and the row is not the newest.
        """
        if table.unique:
            row = self.find(table, *key)
            if row is not None:
                for place in table.unique_places(self._authenticator, row):
                    self._keep(place.leaf, without_entry(self._leaf(place.leaf), place.name))
        self._write(table.delete_sql, key)
        place = table.place(self._authenticator, key)
        self._keep(place.leaf, without_entry(self._leaf(place.leaf), place.name))

    def adopt(self, table: Table) -> int:
        """Enter every row of a table into an empty record of live rows, by their codes alone; count them.

        Raises:
            StoreTampered: A row does not carry its code.
        """
        adopted = 0
        for row in self.connection.cursor().execute(table.select_sql):
            columns, tag = self._authentic(table, row)
            if not _is_head(table, columns):
                self._add(table, columns, tag)
                adopted += 1
        self.keep()
        return adopted

    def changed(self, *cache_keys: str) -> None:
        """Say which cache keys this change invalidates, here and in every other worker."""
        group = self._joined()
        for key in cache_keys:
            seq = group.log[0] + 1
            group.log = (seq, extend_log(group.log[1], seq, key))
            self._write(CHANGED_SQL, (seq, key))
            self.cache.drop(key)

    def run(self, sql: str, bindings: Sequence[Value] = ()) -> None:
        """Execute constant SQL that changes rows without an authentication code of their own."""
        self._write(sql, bindings)

    def undo(self) -> None:
        """Forget what a change loaded and did before it was rolled back."""
        self.cache.drop_fresh()
        if self._group is not None:
            self._group.leaves.update(self._group.undoing)
            self._group.undoing.clear()
            self._group.log = self._group.log_kept

    def keep(self) -> None:
        """Let what a change loaded and did stand."""
        self.cache.keep_fresh()
        if self._group is not None:
            self._group.undoing.clear()
            self._group.log_kept = self._group.log

    def finish(self, above: int = 0) -> Head:
        """Write the record of live rows, the last thing before COMMIT; return the new head.

        Args:
            above: The new revision passes this one as well as that of the store.
        """
        group = self._joined()
        pages: dict[int, bytearray] = {}
        for number in group.touched:
            page, index = divmod(number, LEAVES_IN_PAGE)
            digests = pages.get(page)
            if digests is None:
                digests = pages[page] = bytearray(self._freshness.page(page))
            digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES] = digest_of(group.leaves[number])
        top = bytearray(self._freshness.head.pages)
        written = [(page, bytes(content)) for page, content in pages.items()]
        for page, content in written:
            top[page * DIGEST_BYTES : (page + 1) * DIGEST_BYTES] = self._freshness.keep_page(page, content)
        self._cursor.executemany(_WRITE_LEAF, [(number, group.leaves[number]) for number in group.touched])
        self._cursor.executemany(_WRITE_PAGE, written)
        head = Head(max(self._freshness.head.revision, above) + 1, *group.log, bytes(top))
        value = head.encode()
        tag = self._authenticator.tag(META.name, (HEAD_NAME, value))
        self._write(_WRITE_HEAD, (HEAD_NAME, value, tag))
        self._freshness.trust(head, (value, tag))
        self.cache.stand_at(*group.log)
        self._group = None
        return head

    def _add(self, table: Table, row: Row, tag: bytes) -> None:
        place = table.place(self._authenticator, table.key_of(row))
        places = [(place, mark_of(tag))]
        places += [(unique, _UNIQUE_MARK) for unique in table.unique_places(self._authenticator, row)]
        for place, mark in places:
            self._check_absent(table, place)
            self._keep(place.leaf, with_entry(self._leaf(place.leaf), place.name, mark))

    def _leaf(self, number: int) -> bytes:
        if self._is_in_snapshot:
            return super()._leaf(number)
        group = self._joined()
        entries = group.leaves.get(number)
        if entries is None:
            entries = group.leaves[number] = super()._leaf(number)
        return entries

    def _keep(self, number: int, entries: bytes) -> None:
        group = self._joined()
        before = group.leaves[number]
        if entries != before:
            group.undoing.setdefault(number, before)
            group.leaves[number] = entries
            group.touched.add(number)

    def _joined(self) -> _Group:
        """Return the group of the present transaction; whoever writes holds the turn, so the anchor stands still."""
        if self._group is None:
            assert self.connection.in_transaction, "a change is made inside a transaction"
            self._freshness.look()
            self._group = _Group(self._freshness.check())
        return self._group

    def _write(self, sql: str, bindings: Sequence[Value]) -> None:
        # Errors of apsw go up as they are: only the writer knows whether the group survives them.
        self._cursor.execute(sql, bindings)


def _is_head(table: Table, row: Row) -> bool:
    return table.name == META.name and row[0] == HEAD_NAME


def iterate_rows(rows: Rows, table: Table, page_clause: str, first: Sequence[Value]) -> Iterator[Row]:
    """Walk a whole table in pages; ``page_clause`` is constant SQL whose first mark is the last key seen."""
    bindings = tuple(first)
    while True:
        page = rows.select(table, page_clause, bindings)
        yield from page
        if not page:
            return
        bindings = tuple(page[-1][position] for position in table.key_positions)
