"""The store's revision, and the anchor beside the store that notices an old copy (threat model D-05).

Rules:
 - Every group of changes raises the revision by one, in its own transaction.
 - After the commit, and before the turn to write is passed on, the anchor file takes the same number with a
   code under a key that is not in the store. It needs no fsync: an anchor that is behind says nothing. Only
   the first is made durable, so that an anchor that is gone was taken away.
 - Before each commit, and at the start, a store whose revision is below its anchor, or whose anchor is gone,
   is refused until the operator acknowledges it.

The bytes of the anchor: ``revision`` (8, big endian) ``code`` (32).

What this does not do: notice a store and an anchor that were both put back together; a copy of the anchor or
of the signed audit checkpoints outside does.
"""

from __future__ import annotations

import os
from pathlib import Path

from strongroom.crypto.errors import RowTampered
from strongroom.store.errors import StoreRolledBack, StoreTampered
from strongroom.store.rows import Rows, Transaction
from strongroom.store.table import Authenticator, Table

META = Table("store_meta", columns=("name", "value"), key=("name",))
ANCHOR_NAME = "anchor"
_REVISION = "revision"
_SESSION_EPOCH = "session-epoch"


def session_epoch(rows: Rows) -> int:
    """Read the epoch of sessions; 0 until an old copy of the store was acknowledged.

    Temporary credentials of another epoch are of a history that was given up (threat model D-05).
    """
    row = rows.find(META, _SESSION_EPOCH)
    return 0 if row is None else int.from_bytes(row[1], "big")  # type: ignore[arg-type]  # a BLOB column


def begin_session_epoch(transaction: Transaction, epoch: int) -> None:
    """End all temporary credentials that were issued so far."""
    transaction.delete(META, _SESSION_EPOCH)
    transaction.insert(META, (_SESSION_EPOCH, epoch.to_bytes(8, "big")))


def read_revision(rows: Rows) -> int:
    """Read the revision of the store; 0 before the first change."""
    row = rows.find(META, _REVISION)
    return 0 if row is None else int.from_bytes(row[1], "big")  # type: ignore[arg-type]  # a BLOB column


def raise_revision(transaction: Transaction) -> int:
    """Add one to the revision and return it."""
    revision = read_revision(transaction) + 1
    row = (_REVISION, revision.to_bytes(8, "big"))
    if revision == 1:
        transaction.insert(META, row)
    else:
        transaction.update(META, row)
    return revision


class RevisionAnchor:
    """The file that remembers the highest revision acknowledged on this machine."""

    def __init__(self, directory: Path, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._directory = directory
        self._descriptor = os.open(directory / ANCHOR_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._is_empty = os.fstat(self._descriptor).st_size == 0

    @property
    def is_missing(self) -> bool:
        """Whether nothing is remembered: a new store, or somebody took the anchor away."""
        return os.fstat(self._descriptor).st_size == 0

    def write(self, revision: int) -> None:
        """Remember ``revision``."""
        code = self._authenticator.tag("anchor", (revision,))
        os.pwrite(self._descriptor, revision.to_bytes(8, "big") + code, 0)
        if self._is_empty:
            os.fsync(self._descriptor)
            self._is_empty = False

    def read(self) -> int:
        """Return the remembered revision; 0 when there is none yet.

        Raises:
            StoreTampered: The file was not written by this deployment.
        """
        held = os.pread(self._descriptor, 64, 0)
        if not held:
            return 0
        revision = int.from_bytes(held[:8], "big")
        try:
            self._authenticator.verify("anchor", (revision,), held[8:])
        except RowTampered:
            raise StoreTampered(
                f"{self._directory / ANCHOR_NAME} was not written by this deployment. If you know why, remove it "
                "and start once with --acknowledge-rollback; if not, treat it as an attack."
            ) from None
        return revision

    def check(self, store_revision: int) -> None:
        """Refuse a store that is older than the anchor, or that has lost it.

        Raises:
            StoreRolledBack: An old copy of the store was put back, or the anchor is gone.
        """
        remembered = self.read()
        if store_revision and self.is_missing:
            raise StoreRolledBack(
                f"{self._directory / ANCHOR_NAME} is gone, which says whether the store is the newest. If you "
                "know why, start once with --acknowledge-rollback; if not, treat it as an attack."
            )
        if store_revision < remembered:
            raise StoreRolledBack(
                f"The store has revision {store_revision}, but revision {remembered} was acknowledged on this "
                "machine: an old copy was put back. If you did so on purpose (a restore), start once with "
                "--acknowledge-rollback; if not, treat it as an attack."
            )

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)
