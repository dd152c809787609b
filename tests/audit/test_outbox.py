"""Records of changes: in the change's transaction, then in the journal."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from strongroom.audit.errors import AuditUnwritable, OutboxBroken
from strongroom.audit.outbox import OutboxChain, OutboxExporter
from strongroom.audit.verify import verify_audit

from .places import ANCHOR_KEY, NOW_MS, PUBLIC_KEY, SIGNER, Disk, open_writer, record

DDL = """
CREATE TABLE audit_outbox (seq INTEGER PRIMARY KEY, request_id TEXT NOT NULL, record BLOB NOT NULL,
    hash BLOB NOT NULL);
CREATE TABLE audit_outbox_head (id INTEGER PRIMARY KEY CHECK (id = 0), seq INTEGER NOT NULL,
    hash BLOB NOT NULL, exported_seq INTEGER NOT NULL);
"""


class Store:
    """A store with the two tables and a writer of changes."""

    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        self.connection = apsw.Connection(str(path))
        self.connection.execute("PRAGMA journal_mode=WAL")
        if is_new:
            self.connection.execute(DDL)
        self.chain = OutboxChain(self.connection)

    def change(self, *numbers: int) -> None:
        """Commit a group of changes; a negative number is one that is rolled back."""
        self.connection.execute("BEGIN IMMEDIATE")
        self.chain.begin()
        for number in numbers:
            mark = self.chain.mark()
            self.connection.execute("SAVEPOINT one")
            self.chain.append(f"request-{number}", record(abs(number)))
            if number < 0:
                self.connection.execute("ROLLBACK TO one")
                self.chain.rewind(mark)
            self.connection.execute("RELEASE one")
        self.chain.finish()
        self.connection.execute("COMMIT")

    def in_transaction(self, work: Callable[[apsw.Connection], None]) -> None:
        """Run the removal of exported rows."""
        with self.connection:
            work(self.connection)

    def rows(self) -> int:
        """Count what waits."""
        return int(str(self.connection.execute("SELECT count(*) FROM audit_outbox").fetchall()[0][0]))


def exporter(store: Store, directory: Path, **options: object) -> OutboxExporter:
    """Open the journal of changes."""
    writer = open_writer(directory, "changes", **options)
    return OutboxExporter(store.connection, writer, SIGNER, store.in_transaction, NOW_MS)


def exported(directory: Path) -> int:
    """Verify and count the records of changes."""
    report = verify_audit(directory, PUBLIC_KEY, ANCHOR_KEY)
    assert report.findings == ()
    return report.journals[0].head.seq


def test_l01_records_of_changes_move_to_the_journal_once(tmp_path: Path) -> None:
    """Rolled back changes leave nothing; rows go when their records are durable."""
    store = Store(tmp_path / "store.db")
    outbox = exporter(store, tmp_path)
    store.change(1, 2, -3, 4)
    store.change(5)
    store.change(-6)
    assert store.rows() == 4
    assert outbox.export(NOW_MS) == 4
    assert store.rows() == 0
    assert outbox.export(NOW_MS) == 0
    store.change(7, 8)
    assert outbox.export(NOW_MS, most_records=1) == 1
    assert outbox.export(NOW_MS, most_records=1) == 1
    outbox.close(NOW_MS)
    assert exported(tmp_path) == 6


def test_l01_a_rolled_back_group_leaves_the_chain_as_it_was(tmp_path: Path) -> None:
    """The next group reads the head anew."""
    store = Store(tmp_path / "store.db")
    store.change(1)
    store.connection.execute("BEGIN IMMEDIATE")
    store.chain.begin()
    store.chain.append("request", record(2))
    store.chain.finish()
    store.connection.execute("ROLLBACK")
    store.change(3)
    outbox = exporter(store, tmp_path)
    assert outbox.export(NOW_MS) == 2
    outbox.close(NOW_MS)
    assert exported(tmp_path) == 2


def test_l04_the_journal_of_changes_has_checkpoints_too(tmp_path: Path) -> None:
    """After a thousand records within one export, and by time when idle."""
    store = Store(tmp_path / "store.db")
    store.change(*range(2_500))
    outbox = exporter(store, tmp_path)
    assert outbox.export(NOW_MS, most_records=10_000) == 2_500
    for second in range(0, 125, 5):
        outbox.export(NOW_MS + second * 1000)
    outbox.close(NOW_MS + 130_000)
    report = verify_audit(tmp_path, PUBLIC_KEY, ANCHOR_KEY)
    assert report.findings == ()
    assert report.journals[0].head.checkpoint == 4


def test_l01_a_crash_between_any_two_steps_neither_loses_nor_doubles(tmp_path: Path) -> None:
    """Store and journal are copied at every step of the export and opened again."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    live = tmp_path / "live"
    live.mkdir()
    store = Store(live / "store.db")
    copies: list[tuple[Path, int]] = []
    committed = 0

    def copy() -> None:
        target = tmp_path / f"copy-{len(copies)}"
        shutil.copytree(live, target)
        copies.append((target, committed))

    def crash_at_sync(_: int) -> None:
        copy()

    class Remover(Store):
        def in_transaction(self, work: Callable[[apsw.Connection], None]) -> None:
            copy()  # the journal has the records, the store still has the rows
            super().in_transaction(work)
            copy()

    remover = Remover(live / "store.db")
    outbox = exporter(remover, live, sync=crash_at_sync)
    for _ in range(12):
        group = [committed + number + 1 for number in range(chance.randrange(1, 5))]
        store.change(*group)
        committed += len(group)
        copy()
        outbox.export(NOW_MS, most_records=3)
    for target, count in copies:
        again = Store(target / "store.db")
        reopened = exporter(again, target)
        again.change(9_000)
        while reopened.export(NOW_MS, most_records=3):
            pass
        assert again.rows() == 0
        reopened.close(NOW_MS)
        assert exported(target) == count + 1


def test_l01_a_failed_export_keeps_the_rows_and_recovers(tmp_path: Path) -> None:
    """The journal goes on in a new segment."""
    store = Store(tmp_path / "store.db")
    disk = Disk()
    outbox = exporter(store, tmp_path, sync=disk)
    store.change(1)
    assert outbox.export(NOW_MS) == 1
    store.change(2, 3)
    disk.is_broken = True
    for _ in range(3):
        with pytest.raises(AuditUnwritable):
            outbox.export(NOW_MS)
        assert store.rows() == 2
    disk.is_broken = False
    assert outbox.export(NOW_MS) == 2
    outbox.close(NOW_MS)
    assert exported(tmp_path) == 3


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_outbox SET record = replace(record, 'Alice', 'Mallo') WHERE seq = 2",
        "DELETE FROM audit_outbox WHERE seq = 2",
        "DELETE FROM audit_outbox WHERE seq = 1",
        "UPDATE audit_outbox SET seq = 9 WHERE seq = 3",
        "UPDATE audit_outbox SET hash = zeroblob(32) WHERE seq = 3",
        "DELETE FROM audit_outbox",
    ],
)
def test_l04_edited_rows_are_refused(tmp_path: Path, sql: str) -> None:
    """Before they reach the journal."""
    store = Store(tmp_path / "store.db")
    store.change(1, 2, 3)
    store.connection.execute(sql)
    outbox = exporter(store, tmp_path)
    with pytest.raises(OutboxBroken):
        outbox.export(NOW_MS)
    outbox.close(NOW_MS)


@pytest.mark.parametrize("sql", ["DELETE FROM audit_outbox WHERE seq = 3", "DELETE FROM audit_outbox"])
def test_l04_a_group_is_not_chained_onto_missing_rows(tmp_path: Path, sql: str) -> None:
    """The writer notices before it goes on."""
    store = Store(tmp_path / "store.db")
    store.change(1, 2, 3)
    store.connection.execute(sql)
    with pytest.raises(OutboxBroken):
        store.change(4)


def test_d05_a_store_that_was_rolled_back_is_noticed(tmp_path: Path) -> None:
    """The journal remembers more changes than the old copy of the store, even after new ones."""
    live = tmp_path / "live"
    live.mkdir()
    store = Store(live / "store.db")
    outbox = exporter(store, live)
    store.change(1, 2)
    outbox.export(NOW_MS)
    store.connection.execute("VACUUM INTO ?", (str(tmp_path / "old.db"),))
    store.change(3, 4)
    outbox.export(NOW_MS)
    outbox.close(NOW_MS)
    old = Store(tmp_path / "old.db")
    outbox = exporter(old, live)
    with pytest.raises(OutboxBroken):
        outbox.export(NOW_MS)
    old.change(5, 6, 7)
    with pytest.raises(OutboxBroken):
        outbox.export(NOW_MS)
    outbox.close(NOW_MS)
