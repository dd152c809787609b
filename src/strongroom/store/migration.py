"""Brings a store to the present schema: one forward-only sequence of SQL files.

Rules:
 - ``PRAGMA user_version`` is the number of the last file applied; each file is applied in one transaction.
 - A store of a later Strongroom is refused, not guessed at.
 - A migration does not touch rows with a code: neither the code nor the record of live rows would follow.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import apsw

from strongroom.store.errors import StoreRefused

DIRECTORY: Final = Path(__file__).parent / "migrations"


def migration_files() -> list[tuple[int, str]]:
    """List ``(number, SQL)`` of every migration, in order."""
    found: list[tuple[int, str]] = []
    for entry in DIRECTORY.iterdir():
        if entry.name.endswith(".sql"):
            found.append((int(entry.name.split("_", 1)[0]), entry.read_text(encoding="utf-8")))
    return sorted(found)


def migrate(connection: apsw.Connection) -> int:
    """Apply what is missing and return the schema's number.

    Raises:
        StoreRefused: The store was written by a later version of Strongroom.
    """
    files = migration_files()
    newest = files[-1][0]
    present = int(connection.pragma("user_version"))
    if present > newest:
        raise StoreRefused(
            f"The store has schema {present}; this Strongroom knows schemas up to {newest}. "
            "Run the version that wrote it, or a later one."
        )
    for number, sql in files:
        if number > present:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(sql)
                connection.execute(f"PRAGMA user_version={number}")
                connection.execute("COMMIT")
            except apsw.Error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
    return newest
