"""Records of changes: committed with the change, then moved to the journal "changes" (L-01).

::

    CREATE TABLE audit_outbox (seq INTEGER PRIMARY KEY, request_id TEXT NOT NULL,
                               record BLOB NOT NULL, hash BLOB NOT NULL);
    CREATE TABLE audit_outbox_head (id INTEGER PRIMARY KEY CHECK (id = 0), seq INTEGER NOT NULL,
                                    hash BLOB NOT NULL, exported_seq INTEGER NOT NULL);

Rules:
 - A record is chained in the transaction of its change, by the chain function of the journals and with the
   genesis of ``changes``. So number and digest are settled when the change is acknowledged.
 - The exporter takes rows by number: after a crash it goes on where the journal ends, so that nothing is
   lost or doubled. Rows are removed only after their records are durable in the journal.
 - Rows that contradict the head, the chain or the journal stop everything, and are reported.

What this does not do: begin or commit transactions; the writer of the store does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import apsw
import msgspec

from strongroom.audit.chain import Head, chain_digest, genesis, render_record
from strongroom.audit.checkpoint import CHECKPOINT_RECORDS, Signer, is_checkpoint_due, sign_checkpoint
from strongroom.audit.errors import OutboxBroken
from strongroom.audit.shipping import CheckpointShipper
from strongroom.audit.writer import JournalWriter
from strongroom.clock import Instant

CHANGES_JOURNAL: Final = "changes"
_SELECT_HEAD: Final = "SELECT seq, hash, exported_seq FROM audit_outbox_head WHERE id = 0"
_INSERT_HEAD: Final = "INSERT INTO audit_outbox_head (id, seq, hash, exported_seq) VALUES (0, ?, ?, 0)"
_UPDATE_HEAD: Final = "UPDATE audit_outbox_head SET seq = ?, hash = ? WHERE id = 0"
_INSERT_ROW: Final = "INSERT INTO audit_outbox (seq, request_id, record, hash) VALUES (?, ?, ?, ?)"
_SELECT_NEWEST: Final = "SELECT seq, hash FROM audit_outbox ORDER BY seq DESC LIMIT 1"
_SELECT_ROWS: Final = "SELECT seq, record, hash FROM audit_outbox WHERE seq > ? ORDER BY seq LIMIT ?"
_DELETE_ROWS: Final = "DELETE FROM audit_outbox WHERE seq <= ?"
_UPDATE_EXPORTED: Final = "UPDATE audit_outbox_head SET exported_seq = ? WHERE id = 0 AND exported_seq < ?"
_HAS_EXPORTED_ROWS: Final = "SELECT EXISTS (SELECT 1 FROM audit_outbox WHERE seq <= ?)"


class OutboxMark(msgspec.Struct, frozen=True):
    """Where the chain stood at a savepoint."""

    seq: int
    digest: bytes


class OutboxChain:
    """Chains the records of a group of changes, inside the group's transaction.

    Use: ``begin`` after BEGIN IMMEDIATE; for each change ``mark``, its ``append`` and, when its savepoint is
    rolled back, ``rewind``; ``finish`` before COMMIT.

    Args:
        connection: The writer's connection to the store.
    """

    def __init__(self, connection: apsw.Connection) -> None:
        self._cursor = connection.cursor()
        self._seq = 0
        self._digest = b""
        self._is_begun = False
        self._rows: list[tuple[int, str, bytes, bytes]] = []

    def begin(self) -> None:
        """Read where the chain stands.

        Raises:
            OutboxBroken: The newest row is not the one that the head names.
        """
        found: Any = self._cursor.execute(_SELECT_HEAD).fetchall()
        newest: Any = self._cursor.execute(_SELECT_NEWEST).fetchall()
        if found:
            self._seq, self._digest, exported = found[0]
            if type(self._seq) is not int or type(self._digest) is not bytes or type(exported) is not int:
                raise OutboxBroken("the head of the audit outbox has a value of another type")
        else:
            head = genesis(CHANGES_JOURNAL)
            self._seq, self._digest, exported = head.seq, head.digest, 0
            self._cursor.execute(_INSERT_HEAD, (self._seq, self._digest))
        if newest and newest[0] != (self._seq, self._digest):
            raise OutboxBroken(f"the audit outbox ends at record {newest[0][0]}, its head at {self._seq}")
        if not newest and exported < self._seq:
            raise OutboxBroken(f"the audit outbox lacks records {exported + 1} to {self._seq}")
        self._is_begun = True
        self._rows.clear()

    def append(self, request_id: str, record: bytes) -> None:
        """Add the record of a change that is being made in the same transaction.

        Args:
            request_id: Of the request that made the change.
            record: The bytes of ``encode_record``.
        """
        assert self._is_begun, "begin was not called in this transaction"
        seq = self._seq + 1
        digest = chain_digest(self._digest, seq, record)
        self._rows.append((seq, request_id, record, digest))
        self._seq, self._digest = seq, digest

    def mark(self) -> OutboxMark:
        """Return where the chain stands, before a savepoint is opened."""
        return OutboxMark(self._seq, self._digest)

    def rewind(self, mark: OutboxMark) -> None:
        """Go back to a mark, when the change is undone whose records came after it."""
        del self._rows[len(self._rows) - (self._seq - mark.seq) :]
        self._seq, self._digest = mark.seq, mark.digest

    def finish(self) -> None:
        """Write the records and the head; before COMMIT."""
        if self._rows:
            self._cursor.executemany(_INSERT_ROW, self._rows)
            self._rows.clear()
            self._cursor.execute(_UPDATE_HEAD, (self._seq, self._digest))
        self._is_begun = False


def forget_exported(connection: apsw.Connection, seq: int) -> None:
    """Remove the rows up to ``seq``; their records are durable in the journal. Runs inside a transaction."""
    connection.execute(_DELETE_ROWS, (seq,))
    connection.execute(_UPDATE_EXPORTED, (seq, seq))


InTransaction = Callable[[Callable[[apsw.Connection], None]], None]
"""Runs work on the store's writing connection, in a transaction of its own, and commits."""


class OutboxExporter:
    """Moves committed records of changes into the journal "changes".

    Args:
        connection: Reads the store, outside any transaction.
        writer: The open journal ``changes``; the exporter owns it from now on.
        signer: Signs the checkpoints.
        in_transaction: Runs the removal of exported rows.
        now_ms: The present; checkpoints count from here.
        shipper: Copies the checkpoints outside, or None.
    """

    def __init__(
        self,
        connection: apsw.Connection,
        writer: JournalWriter,
        signer: Signer,
        in_transaction: InTransaction,
        now_ms: Instant,
        *,
        shipper: CheckpointShipper | None = None,
    ) -> None:
        if writer.journal != CHANGES_JOURNAL:
            raise ValueError("records of changes go to the journal changes")
        self._connection = connection
        self._writer = writer
        self._signer = signer
        self._in_transaction = in_transaction
        self._shipper = shipper
        self._opened_ms = now_ms

    def export(self, now_ms: Instant, most_records: int = 2_000) -> int:
        """Move up to ``most_records`` records, and sign a checkpoint when one is due.

        Returns:
            How many records were moved; when it is ``most_records`` there may be more.

        Raises:
            AuditUnwritable: The journal cannot be written; the rows stay where they are.
            OutboxBroken: The rows do not continue the journal.
        """
        writer = self._writer
        rows: Any = self._connection.execute(_SELECT_ROWS, (writer.head.seq, most_records)).fetchall()
        if not rows:
            self._compare_heads()
        head = writer.head
        checkpoint_seq = writer.checkpoint_seq
        checkpoint_ms = writer.checkpoint_ms or self._opened_ms
        frames: list[bytes] = []
        checkpoints: list[bytes] = []

        def sign() -> None:
            nonlocal head, checkpoint_seq, checkpoint_ms
            line = sign_checkpoint(writer.journal, head, now_ms, self._signer)
            frames.append(line)
            checkpoints.append(line)
            head = head.with_checkpoint(line)
            checkpoint_seq, checkpoint_ms = head.seq, now_ms

        for seq, record, digest in rows:
            if head.seq - checkpoint_seq >= CHECKPOINT_RECORDS:
                sign()
            # SQLite keeps what it is given: an edited row may hold a text where bytes belong.
            is_whole = type(record) is bytes and seq == head.seq + 1
            if not is_whole or chain_digest(head.digest, seq, record) != digest:
                raise OutboxBroken(f"record {seq} of the audit outbox does not follow record {head.seq}")
            frames.append(render_record(seq, digest, record))
            head = head.with_record(seq, digest)
        if is_checkpoint_due(now_ms, checkpoint_ms, head.seq - checkpoint_seq):
            sign()
        if frames:
            writer.commit(frames, checkpoints, head)
            if checkpoints and self._shipper is not None:
                self._shipper.notify()
        self._remove(head)
        return len(rows)

    def close(self, now_ms: Instant) -> None:
        """Sign a last checkpoint when records came after the one before, and give up the journal.

        Raises:
            AuditUnwritable: The journal cannot be written.
        """
        writer = self._writer
        try:
            if writer.head.seq > writer.checkpoint_seq:
                line = sign_checkpoint(writer.journal, writer.head, now_ms, self._signer)
                writer.commit([line], [line], writer.head.with_checkpoint(line))
        finally:
            writer.close()

    def _compare_heads(self) -> None:
        """With nothing to move, the store's head must be the journal's, or one of the two is an old copy."""
        found = self._connection.execute(_SELECT_HEAD).fetchall()
        first = genesis(CHANGES_JOURNAL)
        seq, digest = found[0][:2] if found else (first.seq, first.digest)
        if (seq, digest) != (self._writer.head.seq, self._writer.head.digest):
            newer = self._connection.execute(_SELECT_ROWS, (self._writer.head.seq, 1)).fetchall()
            if not newer:  # or a change was committed between the two reads
                raise OutboxBroken(
                    f"the store knows {seq} records of changes, the journal {self._writer.head.seq}"
                )

    def _remove(self, head: Head) -> None:
        if self._connection.execute(_HAS_EXPORTED_ROWS, (head.seq,)).fetchall()[0][0]:
            self._in_transaction(lambda connection: forget_exported(connection, head.seq))
