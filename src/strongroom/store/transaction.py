"""Writing rows: what a change gets to see of the store, inside the transaction of its group.

Rules:
 - The rows of a change that the writer began wait until the group ends, or until somebody reads (``unwritten.py``).
 - Whoever changes a row names the cache keys that it invalidates (``changed``): they go into the change log,
   in the same transaction.
 - Before a group is committed ``finish`` writes the record of live rows. A group that was not finished is not to be
   committed: its rows would not be believed.
 - What a change did to its rows and to the record of live rows is undone by ``undo``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import apsw

from strongroom.store.cache import WrittenRow
from strongroom.store.errors import StoreTampered
from strongroom.store.group import Group
from strongroom.store.leaves import (
    DIGEST_BYTES,
    ENTRY_BYTES,
    LEAVES_IN_PAGE,
    MARK_BYTES,
    Head,
    Place,
    find_mark,
    mark_of,
    with_entry,
    without_entry,
)
from strongroom.store.revision import HEAD_NAME, META, RevisionAnchor, is_head
from strongroom.store.rows import Rows
from strongroom.store.table import Authenticator, Row, Table, Value
from strongroom.store.unwritten import Unwritten

_WRITE_LOG: Final = "INSERT OR REPLACE INTO changes (seq, cache_key) VALUES (?, ?)"
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
        self._group: Group | None = None
        self._updates: dict[tuple[str, tuple[int, ...]], str] = {}
        self._unwritten = Unwritten(connection)
        self._fetch = self._unwritten.written_before(self._fetch)
        self._last_place: tuple[Table, Row, Place] | None = None

    def refresh(self) -> None:
        """Begin a group: make the cache as new as the store is, inside its transaction; raises as reading does."""
        self._group = None
        self._unwritten.begin_group()
        if not self.connection.in_transaction:
            super().refresh()
            return
        group = self._group or self._begin_group()
        self.cache.refresh(group.head.log_seq, group.head.log_digest)

    def begin_empty(self) -> None:
        """Begin the first group of a store that has no record of live rows yet."""
        head = Head(0)
        self._freshness.trust(head, ())
        self._group = Group(head)

    def begin_change(self, *, waits: bool) -> None:
        """Begin a change of the group, to be ended by ``keep``, or by ``undo`` and ``keep``.

        Args:
            waits: Whether its rows may be written later, with those of the others. One that turns out not to fit
                the store then makes the whole group fail instead of the change alone.
        """
        self._unwritten.begin_change(waits=waits)

    def insert(self, table: Table, row: Row) -> None:
        """Add a row.

        Raises:
            StoreTampered: The record of live rows has one and the store has not, or the other way round.
        """
        tag = self._authenticator.tag(table.name, row)
        if self._unwritten.waits:
            key = table.key_of(row)
            self._unwritten.make_way(table.name, key)
            if not self.is_listed(table, *key):
                self._add(table, row, tag)
                self._unwritten.add(table.insert_sql, (*row, tag), table.name, key)
                return
        try:
            self._write(table.insert_sql, (*row, tag))
        except apsw.ConstraintError as problem:
            if self.is_listed(table, *table.key_of(row)):
                raise
            raise StoreTampered(f"a row of {table.name} is there that is not live") from problem
        self._add(table, row, tag)

    def insert_made(self, table: Table, key: Row, make: Callable[[], Row]) -> None:
        """Add a row that may be made later: what it costs is paid in one go with those of other changes then.

        Args:
            table: Its table, without further unique columns.
            key: Its primary key.
            make: Makes the whole row, once. It must not fail for a reason that lies in the request: when it fails,
                so may the whole group.

        Raises:
            StoreTampered: As ``insert``.
        """
        if not self._unwritten.waits or self.is_listed(table, *key):
            self.insert(table, make())
            return
        assert not table.unique, "what is unique of the row is not known yet"
        group = self._group or self._begin_group()
        place, tag_of = self._place(table, key), self._authenticator.tag
        group.expect(place)

        def bindings(stands: bool) -> Row:
            row = make()
            tag = tag_of(table.name, row)
            group.mark(place, mark_of(tag), stands=stands)
            return (*row, tag)

        self._unwritten.add(table.insert_sql, bindings, table.name, key)

    def update(
        self, table: Table, row: Row, was: Row | None = None, was_tag: bytes | None = None
    ) -> WrittenRow:
        """Replace the row that has the primary key of ``row``, if there is one.

        Args:
            table: Its table.
            row: What it is to be; the key and what ``table.unique`` names stay the same.
            was: What it was read as, if that is known: then only the columns that differ are written, and the
                indexes of the others are left alone.
            was_tag: The code of ``was``, when this connection has written it.

        Returns:
            The row and its code.

        Raises:
            StoreTampered: There is one that was deleted before, or none although it was not.
        """
        group = self._group or self._begin_group()
        key = table.key_of(row)
        self._unwritten.make_way(table.name, key)  # the entries of its leaf are read next
        tag = self._authenticator.tag(table.name, row)
        place = self._place(table, key)
        entries = self._leaf(place.leaf)
        mark = find_mark(entries, place.name)
        columns = table.mutable
        # INVARIANT: the code covers all columns, so those that are not written are what it was made of: ``was`` has
        # the code of the live row.
        if was is not None and mark == mark_of(was_tag or self._authenticator.tag(table.name, was)):
            columns = tuple([position for position in columns if row[position] != was[position]])
        sql = self._updates.get((table.name, columns))
        if sql is None:
            sql = self._updates[table.name, columns] = table.update_sql(columns)
        bindings = (*[row[position] for position in columns], tag, *key)
        if mark is not None and self._unwritten.waits:
            self._unwritten.add(sql, bindings, table.name, key)
        else:
            self._write(sql, bindings)
            if (mark is not None) != bool(self.connection.changes()):
                raise StoreTampered(
                    f"a row of {table.name} is there that was deleted, or the other way round"
                )
        if mark is not None:
            group.set_leaf(place.leaf, with_entry(entries, place.name, mark_of(tag)))
        return row, tag

    def delete(self, table: Table, *key: Value) -> None:
        """Remove the row with this primary key, if there is one.

        Raises:
            StoreTampered: The table has further unique columns, and the row is not the newest.
        """
        group = self._group or self._begin_group()
        places = [self._place(table, key)]
        if table.unique:
            row = self.find(table, *key)
            if row is not None:
                places += table.unique_places(self._authenticator, row)
        self._write(table.delete_sql, key)
        for place in places:
            entries = self._leaf(place.leaf)
            group.set_leaf(place.leaf, without_entry(entries, place.name))

    def is_listed(self, table: Table, *key: Value) -> bool:
        """Whether there is a row with this primary key, by the record of live rows alone.

        Cheaper than ``find`` where there mostly is none. What the record does not list is no row, whatever the store
        says: ``insert`` then finds out.

        Raises:
            StoreTampered: The record is not the newest.
        """
        place = self._place(table, key)
        return find_mark(self._leaf(place.leaf), place.name) is not None

    def most_in_family(self, table: Table, first: Value) -> int:
        """Say how many rows of the table's family can at most have this first key column, without reading them.

        Raises:
            StoreTampered: The record is not the newest.
        """
        return len(self._leaf(self._leaf_of_family(table, first))) // ENTRY_BYTES

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
        group = self._group or self._begin_group()
        for key in cache_keys:
            group.log.append(key)
            self.cache.drop(key)

    def run(self, sql: str, bindings: Sequence[Value] = ()) -> None:
        """Execute constant SQL that changes rows without an authentication code of their own."""
        self._write(sql, bindings)

    def run_on_connection(self, work: Callable[[apsw.Connection], None]) -> None:
        """Let ``work`` write rows without an authentication code of their own by itself."""
        self._unwritten.prepare_other()
        work(self.connection)

    def undo(self) -> None:
        """Forget what the change under way loaded and did."""
        self._unwritten.undo()
        self.cache.drop_fresh()
        if self._group is not None:
            self._group.undo()

    def keep(self) -> None:
        """Let what a change loaded and did stand."""
        self._unwritten.keep()
        self.cache.keep_fresh()
        if self._group is not None:
            self._group.keep()

    def finish(self, above: int = 0) -> Head:
        """Write the record of live rows, the last thing before COMMIT; return the new head.

        Args:
            above: The new revision passes this one as well as that of the store.

        Raises:
            GroupBroken: A row that waited does not fit the store.
        """
        self._unwritten.finish()
        group = self._group or self._begin_group()
        leaves = group.digested_leaves()
        changed: dict[int, bytearray] = {}
        for number, digest, _ in leaves:
            page, index = divmod(number, LEAVES_IN_PAGE)
            digests = changed.get(page)
            if digests is None:
                digests = changed[page] = bytearray(self._freshness.page(page))
            digests[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES] = digest
        pages = [(page, bytes(digests)) for page, digests in changed.items()]
        top = bytearray(self._freshness.head.pages)
        for page, content in pages:
            top[page * DIGEST_BYTES : (page + 1) * DIGEST_BYTES] = self._freshness.keep_page(page, content)
        self._freshness.keep_leaves(leaves)
        self._cursor.executemany(_WRITE_LEAF, [(number, content) for number, _, content in leaves])
        self._cursor.executemany(_WRITE_PAGE, pages)
        entries, log_seq, log_digest = group.chained_log()
        self._cursor.executemany(_WRITE_LOG, entries)
        head = Head(max(self._freshness.head.revision, above) + 1, log_seq, log_digest, bytes(top))
        value = head.encode()
        tag = self._authenticator.tag(META.name, (HEAD_NAME, value))
        self._write(_WRITE_HEAD, (HEAD_NAME, value, tag))
        self._freshness.trust(head, (value, tag))
        self.cache.stand_at(log_seq, log_digest)
        self._group = None
        return head

    def _add(self, table: Table, row: Row, tag: bytes) -> None:
        places = [(self._place(table, table.key_of(row)), mark_of(tag))]
        if table.unique:
            places += [(unique, _UNIQUE_MARK) for unique in table.unique_places(self._authenticator, row)]
        group = self._group or self._begin_group()
        for place, mark in places:
            entries = self._leaf(place.leaf)
            if find_mark(entries, place.name) is not None:
                raise StoreTampered(f"a row of {table.name} was removed outside of Strongroom")
            group.set_leaf(place.leaf, entries + place.name + mark)

    def _place(self, table: Table, key: Row) -> Place:
        last = self._last_place  # who asks whether there is a row writes it next
        if last is not None and last[0] is table and last[1] == key:
            return last[2]
        if table.family:
            leaf = self._leaf_of_family(table, key[0])
            place = Place(leaf, table.name_in_leaf(self._authenticator, key))
        else:
            place = super()._place(table, key)
        self._last_place = (table, key, place)
        return place

    def _leaf_of_family(self, table: Table, first: Value) -> int:
        """Say in which leaf a family is: a change asks for several of its rows."""
        group = self._group
        if group is None:
            return table.leaf_of_family(self._authenticator, first)
        family = (table.family, first)
        leaf = group.family_leaves.get(family)
        if leaf is None:
            leaf = group.family_leaves[family] = table.leaf_of_family(self._authenticator, first)
        return leaf

    def _leaf(self, number: int) -> bytes:
        if self._is_in_snapshot:
            return super()._leaf(number)
        group = self._group or self._begin_group()
        entries = group.leaves.get(number)
        if entries is None:
            entries = group.leaves[number] = super()._leaf(number)
        return entries

    def _begin_group(self) -> Group:
        """Begin the group of the present transaction; whoever writes holds the turn, so the anchor stands still."""
        assert self.connection.in_transaction, "a change is made inside a transaction"
        self._freshness.look()
        self._group = Group(self._freshness.check())
        return self._group

    def _write(self, sql: str, bindings: Sequence[Value]) -> None:
        self._unwritten.prepare_other()
        # Errors of apsw go up as they are: only the writer knows whether the group survives them.
        self._cursor.execute(sql, bindings)
