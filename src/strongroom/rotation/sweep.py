"""Looks at the rotations of all secrets, a few each second: whether somebody wrote to their rows.

Rules (threat model K-03):
 - What is due is found through indexes. Whoever writes to the file can take a row out of them; nobody would read it
   then, and its code would tell nobody. Here each row is read by its key, due or not.
 - A row that stands in another place of the order than it says under its code is put back there, and it is told.
 - A row that does not carry its code, is not the newest, or is gone is told, and left as it is.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from strongroom.rotation.commits import Event, commit
from strongroom.services.secretsmanager.rotation_rows import has_its_order, restore_order
from strongroom.services.secretsmanager.tables import list_secret_ids
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.store.writer import Writer

log = logging.getLogger(__name__)

EVERY_S: Final = 1.0
LOOK_AT: Final = 64
"""Secrets in one look: 100,000 take 26 minutes, and two or three thousandths of a processor."""


class Sweep:
    """Walks over the secrets, and begins anew at the end.

    Args:
        writer: Puts rows back into their order.
        tell_tampered: Hears of secrets whose rows were tampered with.
    """

    def __init__(self, writer: Writer, tell_tampered: Callable[[int], None]) -> None:
        self._writer = writer
        self._tell_tampered = tell_tampered
        self._after = 0
        self._looked_s = 0.0

    def look(self, rows: Rows) -> None:
        """Look at the next secrets, when it is time."""
        now_s = time.monotonic()
        if now_s - self._looked_s < EVERY_S:
            return
        self._looked_s = now_s
        found = list_secret_ids(rows, self._after, LOOK_AT)
        self._after = found[-1] if len(found) == LOOK_AT else 0
        for secret_id in found:
            try:
                if not has_its_order(rows, secret_id):
                    log.error(
                        "the rotation of secret number %d was moved in the order outside of Strongroom",
                        secret_id,
                    )
                    commit(self._writer, partial(_restore, secret_id))
            except StoreTampered:
                self._tell_tampered(secret_id)


def _restore(secret_id: int, transaction: Transaction, _events: list[Event]) -> None:
    restore_order(transaction, secret_id)
