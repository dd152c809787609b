"""The store's revision, and the anchor beside the store that notices an old copy (threat model D-05).

Rules:
 - Every group of changes raises the revision by one, in its own transaction, and writes the head of the record of
   live rows with it (``leaves.py``).
 - After the commit, and before the turn to write is passed on, the anchor file takes the same revision with the
   digest of its head and a code under a key that is not in the store. It needs no fsync: an anchor that is behind
   says nothing. Only the first is made durable, so that an anchor that is gone was taken away.
 - At the start a store that is older than its anchor, or whose anchor is gone, is refused until the operator
   acknowledges it. While a server runs, every read and every commit compares the two (``freshness.py``).

The bytes of the anchor::

    revision (8, big endian) log number (8, big endian) log digest (16) head digest (16) code

Versions before the leaves wrote ``revision (8) code``.

What this does not do: notice a store and an anchor that were both put back together; a copy of the anchor or
of the signed audit checkpoints outside does.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import finalize

import msgspec

from strongroom.crypto.errors import RowTampered
from strongroom.store.errors import StoreRolledBack, StoreTampered, StoreUnavailable
from strongroom.store.leaves import NOTHING, Head
from strongroom.store.table import Authenticator, Row, Table

if TYPE_CHECKING:
    from strongroom.store.rows import Rows
    from strongroom.store.transaction import Transaction

META = Table("store_meta", columns=("name", "value"), key=("name",))
ANCHOR_NAME = "anchor"
HEAD_NAME: Final = "revision"
_CODE_BYTES: Final = 36
_NOTE_BYTES: Final = 48
_PLAIN_NOTE_BYTES: Final = 8
_LOOKS: Final = 5
_SESSION_EPOCH: Final = "session-epoch"


def is_head(table: Table, row: Row) -> bool:
    """Whether a row is the head of the record of live rows, which has no entry in it."""
    return table.name == META.name and row[0] == HEAD_NAME


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


class Note(msgspec.Struct, frozen=True):
    """What an anchor says.

    Attributes:
        revision: Of the last commit.
        log_seq: The number of the newest entry of the change log.
        log_digest: Of the change log up to there.
        digest: Of the head; empty when a version before the leaves wrote the anchor.
    """

    revision: int
    log_seq: int = 0
    log_digest: bytes = NOTHING
    digest: bytes = b""


def raise_revision(transaction: Transaction, above: int = 0) -> Head:
    """Close the record of a group of changes and raise the revision, past ``above`` as well; give the new head."""
    return transaction.finish(above)


class RevisionAnchor:
    """The file that remembers the newest state acknowledged on this machine."""

    def __init__(self, directory: Path, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._directory = directory
        self._descriptor = os.open(directory / ANCHOR_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._is_empty = os.fstat(self._descriptor).st_size == 0
        self._close = finalize(
            self, os.close, self._descriptor
        )  # whoever reads rows holds one as long as them

    @property
    def is_missing(self) -> bool:
        """Whether nothing is remembered: a new store, or somebody took the anchor away."""
        return os.fstat(self._descriptor).st_size == 0

    def write(self, head: Head) -> None:
        """Remember ``head``."""
        noted = head.encode()[:32] + head.digest
        os.pwrite(self._descriptor, noted + self._authenticator.tag("anchor", (noted,)), 0)
        if self._is_empty:
            os.fsync(self._descriptor)
            self._is_empty = False

    def held(self) -> bytes:
        """Return the bytes as they are.

        Raises:
            StoreUnavailable: The file cannot be read.
        """
        try:
            return os.pread(self._descriptor, 128, 0)
        except OSError as problem:
            raise StoreUnavailable("the anchor cannot be read") from problem

    def read(self) -> Note | None:
        """Return what is remembered; None when there is nothing.

        Raises:
            StoreTampered: The file was not written by this deployment.
        """
        for _ in range(_LOOKS):  # whoever writes it meanwhile may have come half way
            held = self.held()
            if not held:
                return None
            try:
                return self._verified(held)
            except RowTampered:
                continue
        raise StoreTampered(
            f"{self._directory / ANCHOR_NAME} was not written by this deployment. If you know why, remove it "
            "and start once with --acknowledge-rollback; if not, treat it as an attack."
        )

    def check(self, head: Head | None) -> None:
        """Refuse a store that is older than the anchor, or that has lost it.

        Raises:
            StoreRolledBack: An old copy of the store was put back, or the anchor is gone.
        """
        note = self.read()
        if note is None:
            raise StoreRolledBack(
                f"{self._directory / ANCHOR_NAME} is gone, which says whether the store is the newest. If you "
                "know why, start once with --acknowledge-rollback; if not, treat it as an attack."
            )
        revision = 0 if head is None else head.revision
        if revision < note.revision:
            raise StoreRolledBack(
                f"The store has revision {revision}, but revision {note.revision} was acknowledged on this "
                "machine: an old copy was put back. If you did so on purpose (a restore), start once with "
                "--acknowledge-rollback; if not, treat it as an attack."
            )
        if head is not None and revision == note.revision and note.digest not in (b"", head.digest):
            raise StoreRolledBack(
                f"The store's revision {revision} is not the one that was acknowledged on this machine: a copy "
                "was put back. If you did so on purpose (a restore), start once with --acknowledge-rollback; "
                "if not, treat it as an attack."
            )

    def close(self) -> None:
        """Give the file back."""
        self._close()

    def _verified(self, held: bytes) -> Note:
        if len(held) == _PLAIN_NOTE_BYTES + _CODE_BYTES:
            revision = int.from_bytes(held[:8], "big")
            self._authenticator.verify("anchor", (revision,), held[8:])
            return Note(revision)
        noted = held[:_NOTE_BYTES]
        self._authenticator.verify("anchor", (noted,), held[_NOTE_BYTES:])
        return Note(
            int.from_bytes(noted[:8], "big"), int.from_bytes(noted[8:16], "big"), noted[16:32], noted[32:]
        )
