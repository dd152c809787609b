"""Running statements that read, with errors that say nothing of what was read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import apsw

from strongroom.store.errors import StoreTampered, StoreUnavailable
from strongroom.store.table import Row, Value


class Reader:
    """Reads from one connection."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()

    def fetch(self, sql: str, bindings: Sequence[Value]) -> list[Row]:
        """Give all rows of constant SQL.

        Raises:
            StoreTampered: What should be a text is none.
            StoreUnavailable: The store does not answer.
        """
        try:
            found: list[Any] = self._cursor.execute(sql, bindings).fetchall()
        except apsw.Error as problem:
            raise StoreUnavailable("the store cannot be read") from problem
        except UnicodeDecodeError:
            # Left half read, the cursor would hold on to the state of the store that it saw.
            self._cursor.close(True)
            self._cursor = self._connection.cursor()
            # The text of the exception would carry the bytes that were read.
            raise StoreTampered("a text in the store is none") from None
        return found
