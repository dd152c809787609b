"""Writing rows: what a change gets to see of the store, inside the transaction of its group.

Rules:
 - Whoever changes a row names the cache keys that it invalidates (``changed``): they go into the change log,
   in the same transaction.
 - Before a group is committed ``finish`` writes the record of live rows. A group that was not finished is not to be
   committed: its rows would not be believed.
 - What a change did to the record of live rows is undone with it (``undo``), as its rows are by its savepoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import apsw

from strongroom.store.errors import StoreTampered
from strongroom.store.leaves import (
    DIGEST_BYTES,
    LEAVES_IN_PAGE,
    MARK_BYTES,
    Head,
    digest_of,
    extend_log,
    find_mark,
    mark_of,
    with_entry,
    without_entry,
)
from strongroom.store.revision import HEAD_NAME, META, RevisionAnchor, is_head
from strongroom.store.rows import Rows
from strongroom.store.table import Authenticator, Row, Table, Value

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
            if not is_head(table, columns):
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
