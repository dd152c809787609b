"""Tables whose rows are authenticated, and the SQL that reads and writes one row of them.

Rules:
 - The column ``mac`` covers the table's name and every other column, the key among them (K-03): a row that
   was edited, copied to another key or moved to another table does not verify.
 - A row is verified whenever it is read, and refused with ``StoreTampered`` otherwise.
 - Names of tables and columns come from constants only; values are always bound (D-07).

What this does not do: notice that one row was replaced by an older state of the same row, or removed. The record of
live rows does (``leaves.py``), and its entries have their places by what is said here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

from strongroom.store.leaves import NAME_BYTES, Place, leaf_of, place_of

Value = str | int | bytes | None
Row = tuple[Value, ...]


class Authenticator(Protocol):
    """Makes and checks the code of a row; ``crypto/mac.py`` has the real one."""

    def tag(self, table: str, columns: Sequence[Value]) -> bytes:
        """Return the code of a row."""
        ...

    def verify(self, table: str, columns: Sequence[Value], tag: bytes) -> None:
        """Raise when the code is not that of the row."""
        ...

    def place(self, space: str, key: Sequence[Value]) -> bytes:
        """Return a keyed hash of 16 bytes that stays the same when keys are rotated."""
        ...


class Table(msgspec.Struct, frozen=True):
    """One authenticated table.

    Attributes:
        name: As in the migration.
        columns: All columns but ``mac``, in the order in which rows are given here.
        key: The columns of the primary key.
        family: Rows of all tables of a family that have the same first key column share a leaf of the record of
            live rows. Only for few rows each.
        unique: Sets of columns that are unique as well, so that ``find_by`` can tell a row that was removed
            from one that never was. INVARIANT: an update does not change them.
        mutable: The positions of the columns that an update may change.
        find_by_sql, unique_spaces, unique_positions: For each unique set of columns the SQL that reads by it, the
            space of its places, and where in a row it stands.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    family: str = ""
    unique: tuple[tuple[str, ...], ...] = ()
    select_sql: str = ""
    find_sql: str = ""
    insert_sql: str = ""
    delete_sql: str = ""
    key_positions: tuple[int, ...] = ()
    mutable: tuple[int, ...] = ()
    find_by_sql: dict[tuple[str, ...], str] = {}
    unique_spaces: dict[tuple[str, ...], str] = {}
    unique_positions: dict[tuple[str, ...], tuple[int, ...]] = {}

    def __post_init__(self) -> None:
        every = ", ".join((*self.columns, "mac"))
        where = " AND ".join(f"{column} = ?" for column in self.key)
        fixed = {*self.key, *[column for columns in self.unique for column in columns]}
        marks = ", ".join("?" * (len(self.columns) + 1))
        derived = {
            "select_sql": f"SELECT {every} FROM {self.name}",  # noqa: S608 - names are constants (D-07)
            "find_sql": self._find_sql(self.key),
            "insert_sql": f"INSERT INTO {self.name} ({every}) VALUES ({marks})",  # noqa: S608 - as above
            "delete_sql": f"DELETE FROM {self.name} WHERE {where}",  # noqa: S608 - as above
            "key_positions": tuple(self.columns.index(column) for column in self.key),
            "find_by_sql": {columns: self._find_sql(columns) for columns in self.unique},
            "unique_spaces": {columns: f"{self.name} by {' '.join(columns)}" for columns in self.unique},
            "unique_positions": {
                columns: tuple(self.columns.index(column) for column in columns) for columns in self.unique
            },
            "mutable": tuple(at for at, column in enumerate(self.columns) if column not in fixed),
        }
        for attribute, value in derived.items():
            msgspec.structs.force_setattr(self, attribute, value)

    def _find_sql(self, columns: tuple[str, ...]) -> str:
        every = ", ".join((*self.columns, "mac"))
        where = " AND ".join(f"{column} = ?" for column in columns)
        return f"SELECT {every} FROM {self.name} WHERE {where}"  # noqa: S608 - as above

    def update_sql(self, positions: tuple[int, ...]) -> str:
        """Write the SQL that sets the columns at these positions, and the code, of the row with a primary key."""
        assignments = ", ".join(
            f"{column} = ?" for column in (*[self.columns[at] for at in positions], "mac")
        )
        where = " AND ".join(f"{column} = ?" for column in self.key)
        return f"UPDATE {self.name} SET {assignments} WHERE {where}"  # noqa: S608 - as above

    def key_of(self, row: Row) -> Row:
        """Give the primary key of a row."""
        return tuple([row[position] for position in self.key_positions])

    def place(self, authenticator: Authenticator, key: Row) -> Place:
        """Say where the entry of the row with this primary key belongs."""
        if self.family:
            return Place(self.leaf_of_family(authenticator, key[0]), self.name_in_leaf(authenticator, key))
        return place_of(authenticator.place(self.name, key))

    def name_in_leaf(self, authenticator: Authenticator, key: Row) -> bytes:
        """Name the row with this primary key as the entries of a leaf do."""
        return authenticator.place(self.name, key)[:NAME_BYTES]

    def leaf_of_family(self, authenticator: Authenticator, first: Value) -> int:
        """Say in which leaf the rows of the family are whose key begins with ``first``."""
        return leaf_of(authenticator.place(self.family, (first,)))

    def unique_place(self, authenticator: Authenticator, columns: tuple[str, ...], values: Row) -> Place:
        """Say where the entry of a unique set of columns belongs."""
        return place_of(authenticator.place(self.unique_spaces[columns], values))

    def unique_places(self, authenticator: Authenticator, row: Row) -> list[Place]:
        """Say where the entries of all unique sets of a row belong."""
        return [
            self.unique_place(authenticator, columns, tuple([row[position] for position in positions]))
            for columns, positions in self.unique_positions.items()
        ]
