"""Tables whose rows are authenticated, and the SQL that reads and writes one row of them.

Rules:
 - The column ``mac`` covers the table's name and every other column, the key among them (K-03): a row that
   was edited, copied to another key or moved to another table does not verify.
 - A row is verified whenever it is read, and refused with ``StoreTampered`` otherwise.
 - Names of tables and columns come from constants only; values are always bound (D-07).

What this does not do: notice that one row was replaced by an older state of the same row. The revision
anchor notices when the whole store was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec

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


class Table(msgspec.Struct, frozen=True):
    """One authenticated table.

    Attributes:
        name: As in the migration.
        columns: All columns but ``mac``, in the order in which rows are given here.
        key: The columns of the primary key.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    select_sql: str = ""
    find_sql: str = ""
    insert_sql: str = ""
    update_sql: str = ""
    delete_sql: str = ""
    key_positions: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        every = ", ".join((*self.columns, "mac"))
        where = " AND ".join(f"{column} = ?" for column in self.key)
        assignments = ", ".join(f"{column} = ?" for column in (*self.columns, "mac"))
        marks = ", ".join("?" * (len(self.columns) + 1))
        derived = {
            "select_sql": f"SELECT {every} FROM {self.name}",  # noqa: S608 - names are constants (D-07)
            "find_sql": f"SELECT {every} FROM {self.name} WHERE {where}",  # noqa: S608 - as above
            "insert_sql": f"INSERT INTO {self.name} ({every}) VALUES ({marks})",  # noqa: S608 - as above
            "update_sql": f"UPDATE {self.name} SET {assignments} WHERE {where}",  # noqa: S608 - as above
            "delete_sql": f"DELETE FROM {self.name} WHERE {where}",  # noqa: S608 - as above
            "key_positions": tuple(self.columns.index(column) for column in self.key),
        }
        for attribute, value in derived.items():
            msgspec.structs.force_setattr(self, attribute, value)
