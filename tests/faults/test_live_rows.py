"""True rows of another time (K-03, D-05): put back, brought back to life or taken away, with all that hangs on them.

The attacker kept copies of the store's tables and writes them back while everything else goes on: the row alone,
with its leaf of the record of live rows, with the pages as well, with the head as well. Readers: one that was up to
date, one of another worker that has seen nothing since the old state, a writer, and a deployment started again.

Tried by hand, each alone: without the comparison of marks, without ``_check_absent``, without the digest of a leaf or
of a page, of the head with the anchor, of the anchor with what was seen, or of the log, tests here fail.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

import strongroom
from strongroom.config import Settings
from strongroom.older_stores import TABLES_BEFORE_LEAVES
from strongroom.opening import Opened, create, open_deployment, run_alone
from strongroom.seal.file import FileSeal
from strongroom.services.iam.policy_rows import ATTACHMENTS, attached_ids
from strongroom.services.iam.tables import REGIONS
from strongroom.services.secretsmanager.model import Attributes, Secret
from strongroom.services.secretsmanager.tables import (
    POLICIES,
    SECRETS,
    find_secret,
    insert_secret,
    update_secret,
)
from strongroom.store.engine import open_connection
from strongroom.store.errors import StoreError, StoreRolledBack, StoreTampered
from strongroom.store.leaves import (
    ENTRY_BYTES,
    LEAVES_IN_PAGE,
    PAGES,
    digest_of,
    find_mark,
    with_entry,
    without_entry,
)
from strongroom.store.migration import migration_files
from strongroom.store.revision import ANCHOR_NAME, HEAD_NAME, META, begin_session_epoch, session_epoch
from strongroom.store.rows import Rows
from strongroom.store.table import Row, Table
from strongroom.store.transaction import Transaction
from tests.faults.intact import AUTHENTICATED, WITHOUT_OPERATIONS

TABLES = [table for table in (*AUTHENTICATED, *WITHOUT_OPERATIONS) if table is not META]
RECORD = ("store_leaves", "store_pages", "store_meta")
NOW_MS = 1_700_000_000_000


class Stand:
    """A deployment without a server, and an attacker's connection to its store."""

    def __init__(self, directory: Path) -> None:
        self.settings = Settings(data_dir=directory / "data")
        self.seal = FileSeal(directory / "key")
        create(self.settings, self.seal, "111122223333", ("us-east-1",), NOW_MS)
        self.opened = self.open()
        self.store = apsw.Connection(str(self.opened.database))
        self.rows = self.opened.open_rows(1 << 20)

    def open(self, *, acknowledge_rollback: bool = False) -> Opened:
        """Open the deployment as a start does."""
        return open_deployment(self.settings, self.seal, acknowledge_rollback=acknowledge_rollback)

    def change(self, work: Callable[[Transaction], Any]) -> None:
        """Commit a change."""
        run_alone(self.opened, work)

    def copy(self, *tables: str) -> dict[str, list[Row]]:
        """Copy tables."""
        return {name: list(self.store.execute(f"SELECT * FROM {name}")) for name in tables}

    def put(self, copies: dict[str, list[Row]], *tables: str) -> None:
        """Write copies back."""
        with self.store:
            for name in tables:
                self.store.execute(f"DELETE FROM {name}")
                for row in copies[name]:
                    self.store.execute(f"INSERT INTO {name} VALUES ({', '.join('?' * len(row))})", row)

    def reader_of(self, probe: Callable[[Rows], object]) -> Rows:
        """Open a worker's view and read through it once."""
        rows = self.opened.open_rows(65_536)
        probe(rows)
        return rows

    @contextlib.contextmanager
    def attacked(self, old: dict[str, list[Row]], *tables: str) -> Iterator[None]:
        """Write old copies of tables back for a while."""
        present = self.copy(*tables)
        assert present[tables[0]] != old[tables[0]], "the attack changes something"
        self.put(old, *tables)
        try:
            yield
        finally:
            self.put(present, *tables)

    def make_row(self, table: Table, number: int, extra: int = 0) -> Row:
        """Make a row of a table; ``extra`` makes another state of it."""
        kinds = {row[1]: row[2] for row in self.store.execute(f"PRAGMA table_info({table.name})")}
        values: list[Any] = []
        for column in table.columns:
            shift = 0 if column in table.key or any(column in each for each in table.unique) else extra
            text = f"{column}-{number}-{shift}"
            values.append(
                {"TEXT": text, "INTEGER": 1_000 * number + shift, "BLOB": text.encode()}[kinds[column]]
            )
        return tuple(values)

    def close(self) -> None:
        """Give the connections back."""
        self.store.close()
        self.rows.connection.close(True)


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    """A new deployment."""
    made = Stand(tmp_path)
    yield made
    made.close()


def probes(table: Table, row: Row, is_there: bool) -> list[Callable[[Rows], object]]:
    """Give every way to read the row; a row that was taken away is not missed by a range."""

    def by(columns: tuple[str, ...]) -> Callable[[Rows], object]:
        values = [row[table.columns.index(column)] for column in columns]
        return lambda rows: rows.find_by(table, columns, *values)

    found: list[Callable[[Rows], object]] = [lambda rows: rows.find(table, *table.key_of(row))]
    found += [by(columns) for columns in table.unique]
    if is_there:
        found.append(lambda rows: rows.select(table, ""))
    return found


@pytest.mark.parametrize(
    ("attack", "table"),
    [
        pytest.param(attack, table, id=f"{attack}-{table.name}")
        for attack in ("replayed", "removed", "resurrected")
        for table in TABLES
        # Rows that are keys alone have one state: there is no older one to put back.
        if attack != "replayed" or set(table.columns) != {*table.key, *sum(table.unique, ())}
    ],
)
def test_k03_d05_a_row_of_another_time_is_caught(stand: Stand, table: Table, attack: str) -> None:
    """However much of the record of live rows is put back with it, and whoever reads."""
    first, second = stand.make_row(table, 7), stand.make_row(table, 7, 1)
    stand.change(lambda transaction: transaction.insert(table, stand.make_row(table, 8)))
    if attack != "removed":
        stand.change(lambda transaction: transaction.insert(table, first))
    old = stand.copy(table.name, *RECORD)
    ways = probes(table, first, attack != "removed")
    # Each stands where the attack leads back to, until the moment in which it is tried.
    behind = [[stand.reader_of(probe) for probe in ways] for _ in range(len(RECORD) + 1)]
    if attack == "removed":
        stand.change(lambda transaction: transaction.insert(table, first))
    if attack == "resurrected":
        stand.change(lambda transaction: transaction.delete(table, *table.key_of(first)))
        stand.change(lambda transaction: transaction.insert(table, stand.make_row(table, 9)))
    elif attack == "replayed":
        stand.change(lambda transaction: transaction.update(table, second))
    for probe in probes(table, first, True):
        probe(stand.rows)
    for pieces, readers in enumerate(behind):
        names = (table.name, *RECORD[:pieces])
        with stand.attacked(old, *names):
            for probe, lagging in zip(ways, readers, strict=True):
                for reader in (stand.rows, lagging, stand.opened.open_rows(65_536)):
                    with pytest.raises(StoreError) as caught:
                        probe(reader)
                    assert isinstance(caught.value, StoreTampered | StoreRolledBack)
                with pytest.raises(StoreError):
                    stand.change(probe)
            if "store_meta" in names:
                with pytest.raises(StoreRolledBack):
                    stand.open()
            else:
                started = stand.open().open_rows(65_536)
                for probe in ways:
                    with pytest.raises(StoreTampered):
                        probe(started)
        for probe in probes(table, first, True):
            probe(stand.rows)


@pytest.mark.parametrize("table", [SECRETS, REGIONS], ids=lambda table: table.name)
def test_k03_rows_whose_states_were_exchanged_are_caught(stand: Stand, table: Table) -> None:
    """Two live rows of the same table, columns and codes exchanged, keys as they were."""
    rows = [stand.make_row(table, 7), stand.make_row(table, 8)]

    def fill(transaction: Transaction) -> None:
        for row in rows:
            transaction.insert(table, row)

    stand.change(fill)
    others = [column for column in (*table.columns, "mac") if column not in table.key]
    unique = [column for each in table.unique for column in each if column != table.key[0]]
    swapped = [column for column in others if column not in unique]
    held = stand.copy(table.name)
    key = table.key[0]
    keys = [table.key_of(row)[0] for row in rows]
    codes = [
        stand.store.execute(
            f"SELECT {', '.join(swapped)} FROM {table.name} WHERE {key} = ?", (each,)
        ).fetchall()[0]
        for each in keys
    ]
    for each, values in zip(keys, reversed(codes), strict=True):
        sets = ", ".join(f"{column} = ?" for column in swapped)
        stand.store.execute(f"UPDATE {table.name} SET {sets} WHERE {key} = ?", (*values, each))
    for each in keys:
        with pytest.raises(StoreTampered):
            stand.rows.find(table, each)
    stand.put(held, table.name)


@pytest.mark.parametrize("name", ["store_leaves", "store_pages", "store_meta"])
@pytest.mark.parametrize("content", [None, b"", b"x", 7, "text"])
def test_k03_rubbish_in_the_record_of_live_rows_is_caught(stand: Stand, name: str, content: Any) -> None:
    """Nothing is read as if there were no record."""
    column = {"store_leaves": "entries", "store_pages": "digests", "store_meta": "value"}[name]
    held = stand.copy(name)
    if content is None:
        stand.store.execute(f"DELETE FROM {name}")
    else:
        stand.store.execute(f"UPDATE {name} SET {column} = ?", (content,))
    reader = stand.opened.open_rows(65_536)
    with pytest.raises(StoreTampered):
        reader.find(REGIONS, "us-east-1")
    with pytest.raises(StoreTampered):
        reader.select(REGIONS, "")
    stand.put(held, name)
    assert reader.find(REGIONS, "us-east-1") is not None


def test_d05_an_anchor_that_is_put_back_with_the_store_is_noticed_by_whoever_saw_the_newer_one(
    stand: Stand,
) -> None:
    """While it runs; a start after that is what the threat model leaves to copies of the checkpoints outside."""
    anchor = stand.settings.data_dir / ANCHOR_NAME
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    old, note = stand.copy("regions", *RECORD), anchor.read_bytes()
    stand.change(lambda transaction: transaction.update(REGIONS, ("eu-west-1", 2)))
    stand.rows.refresh()
    assert stand.rows.find(REGIONS, "eu-west-1") == ("eu-west-1", 2)
    newest = anchor.read_bytes()
    with stand.attacked(old, "regions", *RECORD):
        anchor.write_bytes(note)
        with pytest.raises(StoreRolledBack):
            stand.rows.find(REGIONS, "eu-west-1")
        with pytest.raises(StoreRolledBack):
            stand.rows.refresh()
    anchor.write_bytes(newest)
    assert stand.rows.find(REGIONS, "eu-west-1") == ("eu-west-1", 2)


def test_d05_an_anchor_that_is_gone_is_noticed_by_who_runs_and_by_who_starts(stand: Stand) -> None:
    """Whoever takes it away has not made the store new."""
    anchor = stand.settings.data_dir / ANCHOR_NAME
    stand.rows.refresh()
    note = anchor.read_bytes()
    anchor.write_bytes(b"")
    with pytest.raises(StoreRolledBack, match="gone"):
        stand.rows.refresh()
    with pytest.raises(StoreRolledBack, match="gone"):
        stand.open()
    anchor.write_bytes(note)
    stand.rows.refresh()


def test_d05_a_copy_that_is_acknowledged_passes_what_was_acknowledged_before(stand: Stand) -> None:
    """Otherwise the newer state that was given up could be put back in turn."""
    old = stand.copy("regions", *RECORD)
    for _ in range(3):
        stand.change(lambda _: None)
    before = stand.opened.open_anchor().read()
    stand.put(old, "regions", *RECORD)
    note = stand.open(acknowledge_rollback=True).open_anchor().read()
    assert before is not None
    assert note is not None
    assert note.revision > before.revision


def test_d05_a_reader_without_an_anchor_still_goes_forward_only(stand: Stand) -> None:
    """What it has seen itself is remembered."""
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    old = stand.copy("regions", *RECORD)
    stand.change(lambda transaction: transaction.update(REGIONS, ("eu-west-1", 2)))
    reader = Rows(open_connection(stand.opened.database), stand.opened.authenticator, 65_536)
    assert reader.find(REGIONS, "eu-west-1") == ("eu-west-1", 2)
    with stand.attacked(old, "regions", *RECORD), pytest.raises(StoreRolledBack):
        reader.find(REGIONS, "eu-west-1")
    reader.connection.close(True)


def test_d05_another_head_of_the_same_revision_is_refused(stand: Stand) -> None:
    """A group that was written and not committed has a true head too; the anchor names the one that counts."""
    held = stand.copy("store_meta")
    transaction = stand.opened.open_transaction()
    transaction.run("BEGIN IMMEDIATE")
    transaction.refresh()
    transaction.insert(REGIONS, ("eu-west-1", 1))
    transaction.finish()
    forked = transaction.connection.execute("SELECT * FROM store_meta").fetchall()
    transaction.run("ROLLBACK")
    transaction.connection.close(True)
    stand.change(lambda _: None)
    reader = stand.opened.open_rows(65_536)
    stand.store.execute("UPDATE store_meta SET value = ?, mac = ?", forked[0][1:])
    with pytest.raises(StoreTampered):
        reader.find(REGIONS, "us-east-1")
    with pytest.raises(StoreRolledBack):
        stand.open()
    assert held != stand.copy("store_meta")


def test_k03_a_kept_page_is_not_believed_under_a_newer_head(stand: Stand) -> None:
    """The reader has seen a newer head by another row, and still has the page under which the old leaf was true."""

    def page(region: str) -> int:
        return REGIONS.place(stand.opened.authenticator, (region,)).leaf // LEAVES_IN_PAGE

    other = next(f"eu-west-{number}" for number in range(9) if page(f"eu-west-{number}") != page("us-east-1"))
    reader = stand.opened.open_rows(65_536)
    assert reader.find(REGIONS, "us-east-1") is not None
    old = stand.copy("regions", "store_leaves")
    stand.change(lambda transaction: transaction.update(REGIONS, ("us-east-1", 2)))
    stand.change(lambda transaction: transaction.insert(REGIONS, (other, 1)))
    assert reader.find(REGIONS, other) is not None
    with stand.attacked(old, "regions", "store_leaves"), pytest.raises(StoreTampered):
        reader.find(REGIONS, "us-east-1")
    assert reader.find(REGIONS, "us-east-1") == ("us-east-1", 2)


def test_rows_with_a_code_are_written_by_the_transaction_alone() -> None:
    """SQL of its own would leave the record of live rows behind, but for columns that no code covers."""
    coded = {table.name: {*table.columns, "mac"} for table in TABLES}
    names = "|".join(coded)
    writing = re.compile(rf"(INSERT INTO|REPLACE INTO|UPDATE|DELETE FROM) ({names})\b(.*)", re.IGNORECASE)

    def check(path: Path) -> None:
        for found in writing.finditer(path.read_text(encoding="utf-8")):
            verb, table, rest = found.groups()
            assert verb.upper() == "UPDATE", path
            sets = rest.partition(" SET ")[2].partition(" WHERE ")[0]
            assert sets, path
            assert coded[table].isdisjoint(re.findall(r"(\w+) =", sets)), path

    source = Path(strongroom.__file__).parent
    for path in (*source.rglob("*.py"), *source.rglob("migrations/*.sql")):
        check(path)


def test_k03_a_head_that_was_made_up_is_refused(stand: Stand) -> None:
    """Digests need no key: a whole record that fits the old row can be made, but not the code of its head."""
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    old = stand.copy("regions", "store_leaves", "store_pages")
    stand.change(lambda transaction: transaction.update(REGIONS, ("eu-west-1", 2)))
    present = stand.copy("store_meta")
    value: Any
    [(value,)] = stand.store.execute("SELECT value FROM store_meta WHERE name = 'revision'").fetchall()
    held: Any = old["store_pages"]
    pages: dict[Any, Any] = dict(held)
    digests = b"".join(digest_of(pages.get(number, b"")) for number in range(PAGES))
    later = (int.from_bytes(value[:8], "big") + 1).to_bytes(8, "big")
    with stand.attacked(old, "regions", "store_leaves", "store_pages"):
        forged = later + value[8:32] + digests
        stand.store.execute("UPDATE store_meta SET value = ? WHERE name = 'revision'", (forged,))
        for reader in (stand.rows, stand.opened.open_rows(65_536)):
            with pytest.raises(StoreTampered):
                reader.find(REGIONS, "eu-west-1")
        stand.put(present, "store_meta")
    assert stand.rows.find(REGIONS, "eu-west-1") == ("eu-west-1", 2)


def test_d05_the_epoch_of_sessions_is_the_newest(stand: Stand) -> None:
    """It stands beside the head, but it is a row like others: sessions of before do not come back to life with it."""
    stand.change(lambda transaction: begin_session_epoch(transaction, 5))
    old = stand.store.execute("SELECT * FROM store_meta WHERE name = 'session-epoch'").fetchall()[0]
    stand.change(lambda transaction: begin_session_epoch(transaction, 6))
    assert session_epoch(stand.rows) == 6
    present = stand.copy("store_meta")
    stand.store.execute("REPLACE INTO store_meta VALUES (?, ?, ?)", old)
    with pytest.raises(StoreTampered):
        session_epoch(stand.rows)
    stand.store.execute("DELETE FROM store_meta WHERE name = 'session-epoch'")
    with pytest.raises(StoreTampered):
        session_epoch(stand.rows)
    stand.put(present, "store_meta")
    assert session_epoch(stand.rows) == 6


# The change log

Tamper = Callable[[apsw.Connection], object]


@pytest.mark.parametrize(
    "tamper",
    [
        lambda store: store.execute("DELETE FROM changes"),
        lambda store: store.execute("DELETE FROM changes WHERE cache_key = 'wanted'"),
        lambda store: store.execute("UPDATE changes SET cache_key = 'another'"),
        lambda store: store.execute("UPDATE changes SET seq = seq + 1000"),
        lambda store: store.execute("UPDATE changes SET cache_key = x'00' WHERE cache_key = 'wanted'"),
        lambda store: store.execute("UPDATE changes SET seq = -seq"),
    ],
    ids=["emptied", "one taken out", "other keys", "other numbers", "no text", "numbers below"],
)
def test_k03_a_change_that_is_struck_from_the_log_is_seen_all_the_same(stand: Stand, tamper: Tamper) -> None:
    """A worker with the old row in its cache reads the new one."""
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    stand.change(lambda transaction: transaction.changed("before"))

    def cached() -> Row | None:
        stand.rows.refresh()
        return stand.rows.cached("wanted", lambda rows: rows.find(REGIONS, "eu-west-1"))

    def change(transaction: Transaction) -> None:
        transaction.update(REGIONS, ("eu-west-1", 2))
        transaction.changed("first", "wanted", "last")

    assert cached() == ("eu-west-1", 1)
    assert cached() == ("eu-west-1", 1)
    stand.change(change)
    tamper(stand.store)
    assert cached() == ("eu-west-1", 2)
    assert stand.rows.cache.hits > 0
    stand.change(lambda transaction: transaction.update(REGIONS, ("eu-west-1", 3)))
    stand.change(lambda transaction: transaction.changed("wanted"))
    assert cached() == ("eu-west-1", 3)


def test_the_cache_keeps_what_the_log_does_not_name(stand: Stand) -> None:
    """The log is followed, not just compared."""
    stand.rows.refresh()
    kept = object()
    stand.rows.cache.put("kept", kept, 1)
    stand.rows.cache.put("changed", object(), 1)
    stand.change(lambda transaction: transaction.changed("other", "changed"))
    stand.rows.refresh()
    assert stand.rows.cache.get("kept") is kept
    assert stand.rows.cache.get("changed") is None


# Groups


def test_a_change_that_is_undone_leaves_the_record_as_it_was(stand: Stand) -> None:
    """Its rows were never there; what the group did before and does after stands."""
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    stand.rows.refresh()
    stand.rows.cache.put("not named", 1, 1)

    def group(transaction: Transaction) -> None:
        transaction.insert(REGIONS, ("eu-west-2", 1))
        transaction.keep()
        transaction.run("SAVEPOINT change")
        transaction.insert(REGIONS, ("eu-west-3", 1))
        transaction.update(REGIONS, ("eu-west-2", 2))
        transaction.delete(REGIONS, "eu-west-1")
        transaction.changed("undone", "undone as well")
        transaction.run("ROLLBACK TO change")
        transaction.undo()
        transaction.run("RELEASE change")
        transaction.keep()
        transaction.insert(REGIONS, ("eu-west-4", 1))
        assert transaction.find(REGIONS, "eu-west-3") is None
        transaction.changed("done")

    stand.change(group)
    found = stand.opened.open_rows(65_536).select(REGIONS, "ORDER BY region")
    assert found == [("eu-west-1", 1), ("eu-west-2", 1), ("eu-west-4", 1), ("us-east-1", NOW_MS)]
    assert stand.rows.find(REGIONS, "eu-west-3") is None
    assert [row[1] for row in stand.copy("changes")["changes"]][-1:] == ["done"]
    stand.rows.refresh()
    assert stand.rows.cache.get("not named") == 1, "the log is whole, so nothing else was dropped"


def test_writing_over_what_an_attacker_did_is_refused(stand: Stand) -> None:
    """A row that was taken away is not inserted again, and one that was brought back is not updated."""
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    there = stand.copy("regions")
    stand.store.execute("DELETE FROM regions WHERE region = 'eu-west-1'")
    with pytest.raises(StoreTampered):
        stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 2)))
    stand.put(there, "regions")
    stand.change(lambda transaction: transaction.delete(REGIONS, "eu-west-1"))
    stand.put(there, "regions")
    with pytest.raises(StoreTampered):
        stand.change(lambda transaction: transaction.update(REGIONS, ("eu-west-1", 2)))
    stand.change(lambda transaction: transaction.delete(REGIONS, "eu-west-1"))
    assert stand.rows.find(REGIONS, "eu-west-1") is None
    stand.change(lambda transaction: transaction.update(REGIONS, ("eu-west-1", 2)))  # there is none: as ever
    assert stand.rows.find(REGIONS, "eu-west-1") is None


def test_k03_a_row_that_is_not_live_is_in_nobodys_way_unseen(stand: Stand) -> None:
    """Who asks the record alone takes it for absent; inserting over it is refused as tampering."""
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    there = stand.copy("regions")
    stand.change(lambda transaction: transaction.delete(REGIONS, "eu-west-1"))
    stand.put(there, "regions")

    def put_if_new(transaction: Transaction) -> None:
        assert not transaction.is_listed(REGIONS, "eu-west-1")
        assert transaction.is_listed(REGIONS, "us-east-1")
        transaction.insert(REGIONS, ("eu-west-1", 2))

    with pytest.raises(StoreTampered):
        stand.change(put_if_new)
    with pytest.raises(apsw.ConstraintError):
        stand.change(lambda transaction: transaction.insert(REGIONS, ("us-east-1", 2)))


def test_k03_an_update_of_a_row_that_was_taken_away_is_refused(stand: Stand) -> None:
    """It does not end as if it had been made."""
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    stand.store.execute("DELETE FROM regions WHERE region = 'eu-west-1'")
    with pytest.raises(StoreTampered):
        stand.change(lambda transaction: transaction.update(REGIONS, ("eu-west-1", 2)))


def test_an_update_that_is_told_what_was_there_writes_what_differs(stand: Stand) -> None:
    """What it is told is believed only when it is the newest state: otherwise every column is written."""
    first, second = stand.make_row(SECRETS, 7), stand.make_row(SECRETS, 7, 1)
    third = (*second[:6], 3, *second[7:])
    stand.change(lambda transaction: transaction.insert(SECRETS, first))
    stand.change(lambda transaction: transaction.update(SECRETS, second, first))
    stand.change(lambda transaction: transaction.update(SECRETS, first, first))  # as if it still were
    assert stand.rows.find(SECRETS, first[0]) == first
    stand.change(lambda transaction: transaction.update(SECRETS, second, first))
    stand.change(lambda transaction: transaction.update(SECRETS, third, second))
    assert stand.rows.find(SECRETS, first[0]) == third
    stand.store.execute("UPDATE secrets SET suffix = 'forged'")
    stand.change(lambda transaction: transaction.update(SECRETS, second, third))
    with pytest.raises(StoreTampered):
        stand.rows.find(SECRETS, first[0])


def test_what_a_change_remembers_is_forgotten_with_it(stand: Stand) -> None:
    """The secret that it wrote is kept for the next change, unless it is undone."""
    secret = Secret(7, "111122223333", "us-east-1", "s", "abcdef", 1, 1, 0, None, None, Attributes({}))
    later = msgspec.structs.replace(secret, changed_ms=2)

    def found(transaction: Transaction) -> Secret | None:
        return find_secret(transaction, secret.account, secret.region, secret.name)

    def group(transaction: Transaction) -> None:
        insert_secret(transaction, secret)
        transaction.keep()
        transaction.run("SAVEPOINT change")
        update_secret(transaction, later)
        assert found(transaction) == later
        transaction.run("ROLLBACK TO change")
        transaction.undo()
        transaction.run("RELEASE change")
        assert found(transaction) == secret
        update_secret(transaction, later)
        transaction.keep()
        hits = transaction.cache.hits
        assert found(transaction) == later
        assert transaction.cache.hits > hits

    stand.change(group)
    assert find_secret(stand.rows, secret.account, secret.region, secret.name) == later


def test_readers_beside_a_writer_raise_no_false_alarm(stand: Stand) -> None:
    """Rows that change, come and go all the time, read without a snapshot, in one, and as ranges."""
    rounds, is_over, problems = 300, threading.Event(), []

    def read() -> None:
        rows = stand.opened.open_rows(65_536)
        seen = 0
        try:
            while not is_over.is_set():
                rows.refresh()
                row: Any = rows.find(POLICIES, 1)
                assert row is not None
                assert int(row[1]) >= seen, "an older state was read after a newer one"
                seen = int(row[1])
                rows.find(POLICIES, 2)
                with rows.snapshot():
                    assert (rows.find(POLICIES, 3) is None) != (rows.find(POLICIES, 4) is None)
                assert len(rows.select(POLICIES, "WHERE secret_id IN (3, 4)")) == 1
                assert len(rows.select(POLICIES, "WHERE secret_id >= 10")) == 20
        except BaseException as problem:
            problems.append(problem)

    def begin(transaction: Transaction) -> None:
        for number in (1, 3, *range(10, 30)):
            transaction.insert(POLICIES, (number, "0"))

    def change(transaction: Transaction, number: int) -> None:
        transaction.update(POLICIES, (1, str(number)))
        transaction.update(POLICIES, (10 + number % 20, str(number)))
        transaction.delete(POLICIES, 3 + (number + 1) % 2)
        transaction.insert(POLICIES, (3 + number % 2, str(number)))
        if number % 2:
            transaction.insert(POLICIES, (2, "x"))
        else:
            transaction.delete(POLICIES, 2)

    stand.change(begin)
    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(1, rounds):
        stand.change(partial(change, number=number))
    is_over.set()
    for reader in readers:
        reader.join()
    assert problems == []


# Stores of before


def make_old(stand: Stand) -> None:
    """Give the store and its anchor the form of a version before there were leaves."""
    value: Any
    [(value,)] = stand.store.execute("SELECT value FROM store_meta WHERE name = 'revision'").fetchall()
    tag = stand.opened.authenticator.tag
    revision = int.from_bytes(value[:8], "big")
    with stand.store:
        stand.store.execute("DELETE FROM store_leaves")
        stand.store.execute("DELETE FROM store_pages")
        stand.store.execute(
            "UPDATE store_meta SET value = ?, mac = ? WHERE name = 'revision'",
            (value[:8], tag(META.name, (HEAD_NAME, value[:8]))),
        )
    anchor = stand.settings.data_dir / ANCHOR_NAME
    anchor.write_bytes(value[:8] + tag("anchor", (revision,)))


def test_d05_no_table_of_before_is_forgotten() -> None:
    """Every table with codes that a migration before the leaves made is entered."""
    made: set[str] = set()
    for _, sql in migration_files():
        if "store_leaves" in sql:
            break
        tables = re.findall(r"CREATE TABLE (\w+) \((.*?)\n\)", sql, re.DOTALL)
        made |= {name for name, body in tables if "mac BLOB" in body}
    assert made == {table.name for table in TABLES_BEFORE_LEAVES}


def test_d05_a_store_of_before_gets_its_record_of_live_rows_at_the_start(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, and its operator is told; from then on its rows are protected."""

    def fill(transaction: Transaction) -> None:
        for table in TABLES_BEFORE_LEAVES:
            transaction.insert(table, stand.make_row(table, 7))

    stand.change(fill)
    make_old(stand)
    stand.opened = stand.open()
    assert "record of live rows" in caplog.text
    caplog.clear()
    rows = stand.open().open_rows(65_536)
    assert caplog.text == ""
    for table in TABLES_BEFORE_LEAVES:
        assert rows.find(table, *table.key_of(stand.make_row(table, 7))) == stand.make_row(table, 7)
        assert rows.select(table, "")
    old = stand.copy("regions")
    stand.change(lambda transaction: transaction.delete(REGIONS, "region-7-0"))
    with stand.attacked(old, "regions"), pytest.raises(StoreTampered):
        rows.find(REGIONS, "region-7-0")


def test_the_first_administrator_of_a_store_of_before_is_listed_with_its_policy(stand: Stand) -> None:
    """Versions before there were attachments noted what it has in its own row alone."""
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    [noted] = attached_ids(stand.rows, "111122223333", arn, "policy")
    stand.change(lambda transaction: transaction.delete(ATTACHMENTS, "111122223333", arn, "policy", noted))
    make_old(stand)
    stand.opened = stand.open()
    assert attached_ids(stand.opened.open_rows(65_536), "111122223333", arn, "policy") == [noted]


def test_k03_a_store_of_before_with_an_edited_row_is_refused(stand: Stand) -> None:
    """Its rows are taken by their codes, so each is verified."""
    make_old(stand)
    stand.store.execute("UPDATE regions SET created_ms = 5")
    with pytest.raises(StoreTampered):
        stand.open()


def test_d05_a_head_of_before_is_no_way_around_the_record(stand: Stand) -> None:
    """Put back while the server runs or before it starts: an old revision, with a true code."""
    present, anchor = stand.copy(*RECORD), stand.settings.data_dir / ANCHOR_NAME
    newest = anchor.read_bytes()
    make_old(stand)
    anchor.write_bytes(newest)
    with pytest.raises(StoreTampered, match="before there were leaves"):
        stand.opened.open_rows(65_536).find(REGIONS, "us-east-1")
    stand.put(present, *RECORD)
    stand.change(lambda _: None)
    with (
        stand.attacked(
            {**stand.copy("store_pages", "store_leaves"), "store_meta": _old_head(stand)}, "store_meta"
        ),
        pytest.raises(StoreRolledBack),
    ):
        stand.open()


def test_d05_an_old_copy_from_before_can_be_acknowledged(stand: Stand) -> None:
    """An operator puts a backup of an earlier version back on purpose."""
    make_old(stand)
    old = stand.copy("regions", *RECORD)
    stand.opened = stand.open()
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 1)))
    stand.put(old, "regions", *RECORD)
    with pytest.raises(StoreRolledBack):
        stand.open()
    stand.opened = stand.open(acknowledge_rollback=True)
    rows = stand.open().open_rows(65_536)
    assert rows.select(REGIONS, "") == [("us-east-1", NOW_MS)]
    stand.change(lambda transaction: transaction.insert(REGIONS, ("eu-west-1", 2)))
    assert rows.find(REGIONS, "eu-west-1") == ("eu-west-1", 2)


def _old_head(stand: Stand) -> list[Row]:
    value: Any
    [(value,)] = stand.store.execute("SELECT value FROM store_meta WHERE name = 'revision'").fetchall()
    before = (int.from_bytes(value[:8], "big") - 1).to_bytes(8, "big")
    return [(HEAD_NAME, before, stand.opened.authenticator.tag(META.name, (HEAD_NAME, before)))]


# Entries


def test_an_entry_is_found_at_its_own_place_only() -> None:
    """The bytes of a name may lie across two entries."""
    name = b"ABCDEFGH"
    first, second = b"12345678" + b"m" * 12 + name[:4], name[4:] + b"5678" + b"n" * 16
    entries = first + second
    assert name in entries
    assert len(first) == ENTRY_BYTES
    assert find_mark(entries, name) is None
    both = with_entry(entries, name, b"z" * 16)
    assert find_mark(both, name) == b"z" * 16
    assert find_mark(with_entry(both, name, b"y" * 16), name) == b"y" * 16
    assert without_entry(both, name) == entries
    assert without_entry(entries, name) == entries
