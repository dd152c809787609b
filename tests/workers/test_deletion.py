"""The deletion worker on a real store with a real writer: what goes, what stays, and what is recorded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest

from strongroom.audit.outbox import OutboxChain
from strongroom.clock import DAY_MS
from strongroom.crypto.keyring import new_keyring
from strongroom.crypto.mac import RowMAC
from strongroom.services.secretsmanager.model import Attributes, BoundPolicy, Secret, Version
from strongroom.services.secretsmanager.tables import (
    find_secret,
    insert_secret,
    insert_version,
    list_version_ids,
    put_policy,
    update_secret,
)
from strongroom.store.engine import open_connection
from strongroom.store.errors import StoreUnavailable
from strongroom.store.migration import migrate
from strongroom.store.revision import RevisionAnchor
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.store.turn import WriteTurn
from strongroom.store.writer import Change, Writer
from strongroom.workers import deletion
from strongroom.workers.deletion import BATCH, DeletionWorker
from tests.support.groups import begin_store, committed

ACCOUNT, REGION = "111122223333", "us-east-1"
NOW = 1_800_000_000_000


class Store:
    """A store in a temporary directory, with its writer and the worker under test."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "store.db"
        self.authenticator = RowMAC.of(new_keyring(0))
        self.connection = open_connection(self.path)
        migrate(self.connection)
        self.rows = Transaction(self.connection, self.authenticator, 1 << 20)
        begin_store(self.rows)
        self.writer = Writer(
            lambda: Transaction(open_connection(self.path), self.authenticator, 1 << 20),
            WriteTurn(directory),
            OutboxChain,
            RevisionAnchor(directory, self.authenticator),
            self._settle,
            most_changes_in_group=64,
            most_waiting=1_000,
        )
        self.groups: list[int] = []
        self.reading = Rows(open_connection(self.path, read_only=True), self.authenticator, 1 << 20)
        self.worker = DeletionWorker(self.reading, self.writer.submit)

    def _settle(self, changes: Sequence[Change], committed: bool) -> None:
        self.groups.append(len(changes))
        for change in changes:
            change.settle(committed)

    def add(
        self, number: int, purge_ms: int | None = None, versions: Sequence[tuple[str, int]] = ()
    ) -> Secret:
        """Store a secret; the last version is current."""
        labels = {"AWSCURRENT": versions[-1][0]} if versions else {}
        deleted_ms = None if purge_ms is None else purge_ms - 7 * DAY_MS
        secret = Secret(
            secret_id=number,
            account=ACCOUNT,
            region=REGION,
            name=f"secret-{number}",
            suffix="a1B2c3",
            created_ms=number,
            changed_ms=number,
            accessed_ms=0,
            deleted_ms=deleted_ms,
            purge_ms=purge_ms,
            attributes=Attributes(labels=labels),
        )
        with committed(self.rows):
            insert_secret(self.rows, secret)
            for version_id, created_ms in versions:
                insert_version(
                    self.rows, Version(number, version_id, created_ms, 0, (), "SecretString", b"sealed")
                )
            put_policy(self.rows, secret, BoundPolicy("{}", {}), number)
        return secret

    def names(self) -> list[str]:
        """List what is left."""
        return [row[0] for row in self.connection.execute("SELECT name FROM secrets ORDER BY secret_id")]

    def count(self, table: str) -> int:
        """Count rows."""
        rows: list[Any] = self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(rows[0][0])

    def records(self) -> list[dict[str, Any]]:
        """Read the audit records that were committed."""
        select = "SELECT request_id, record FROM audit_outbox ORDER BY seq"
        found: list[Any] = self.connection.execute(select).fetchall()
        records = [json.loads(record) for _, record in found]
        assert [record["requestID"] for record in records] == [request_id for request_id, _ in found]
        return records


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store whose writer runs."""
    opened = Store(tmp_path)
    opened.writer.start()
    yield opened
    opened.writer.stop()
    opened.connection.close()
    opened.reading.connection.close()


def test_a_secret_goes_when_its_window_is_over_and_not_before(store: Store) -> None:
    """Due is due to the millisecond; live secrets and those that still wait stay."""
    store.add(1, NOW)
    store.add(2, NOW + 1)
    store.add(3)
    store.worker.run_once(NOW)
    assert store.names() == ["secret-2", "secret-3"]
    store.worker.run_once(NOW + 1)
    assert store.names() == ["secret-3"]
    assert store.worker.removals == 2


def test_nothing_of_a_removed_secret_is_left(store: Store) -> None:
    """Versions and policy go with the secret, and every cache hears of it."""
    secret = store.add(1, NOW, [("v" * 32, 1), ("w" * 32, 2)])
    assert find_secret(store.reading, ACCOUNT, REGION, secret.name) is not None
    store.worker.run_once(NOW)
    store.reading.refresh()
    assert find_secret(store.reading, ACCOUNT, REGION, secret.name) is None
    assert [store.count(table) for table in ("secrets", "secret_versions", "secret_policies")] == [0, 0, 0]


def test_l01_each_version_that_ended_has_a_record(store: Store) -> None:
    """The records have the form of service events, one for each version, and request ids of their own."""
    secret = store.add(1, NOW, [("v" * 32, 1), ("w" * 32, 2)])
    store.worker.run_once(NOW)
    first, second = store.records()
    assert first["eventName"] == second["eventName"] == "EndSecretVersionDelete"
    assert first["requestID"] != second["requestID"]
    assert second["additionalEventData"] == {"SecretId": secret.arn, "SecretVersionId": "w" * 32}
    expected = {
        "userIdentity": {"accountId": ACCOUNT, "invokedBy": "secretsmanager.amazonaws.com"},
        "eventType": "AwsServiceEvent",
        "eventSource": "secretsmanager.amazonaws.com",
        "sourceIPAddress": "secretsmanager.amazonaws.com",
        "userAgent": "secretsmanager.amazonaws.com",
        "awsRegion": REGION,
        "recipientAccountId": ACCOUNT,
        "requestParameters": None,
        "responseElements": None,
        "readOnly": False,
        "eventTime": "2027-01-15T08:00:00Z",
    }
    assert {name: first[name] for name in expected} == expected


def test_many_due_secrets_go_in_small_batches(store: Store) -> None:
    """One round removes all of them, never more than a batch in one group."""
    for number in range(1, 2 * BATCH + 6):
        store.add(number, NOW - number)
    store.worker.run_once(NOW)
    assert store.names() == []
    assert max(store.groups) <= BATCH


def test_a_secret_restored_meanwhile_stays(store: Store) -> None:
    """What was found due is judged again where it is removed."""
    secret = store.add(1, NOW, [("v" * 32, 1)])

    def restore_first(change: Change) -> None:
        with committed(store.rows):
            update_secret(store.rows, msgspec.structs.replace(secret, deleted_ms=None, purge_ms=None))
        store.writer.submit(change)

    DeletionWorker(store.reading, restore_first).run_once(NOW)
    assert store.names() == ["secret-1"]
    assert store.records() == []


def test_k03_a_tampered_secret_is_not_removed_and_holds_up_nobody(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever can write to the file cannot have a live secret removed by giving it a date."""
    for number in range(1, BATCH + 2):
        store.add(number)
    store.connection.execute("UPDATE secrets SET purge_ms = 1")
    store.add(1_000, NOW)
    store.worker.run_once(NOW)
    store.worker.run_once(NOW)
    assert len(store.names()) == BATCH + 1
    assert "secret-1000" not in store.names()
    reported = [message for message in caplog.messages if "secret number 1 could not be removed" in message]
    assert reported == ["secret number 1 could not be removed: StoreTampered"]


def test_a_version_that_was_tampered_with_can_be_removed(store: Store) -> None:
    """Removal does not open what it removes."""
    store.add(1, NOW, [("v" * 32, 1)])
    store.connection.execute("UPDATE secret_versions SET sealed = x'00'")
    store.worker.run_once(NOW)
    assert store.count("secret_versions") == 0


def test_what_was_not_committed_is_due_again(store: Store) -> None:
    """A failed group is reported and found again in the next round."""
    store.add(1, NOW)

    def refuse(change: Change) -> None:
        change.settle(False)

    with pytest.raises(StoreUnavailable):
        DeletionWorker(store.reading, refuse).run_once(NOW)
    assert store.names() == ["secret-1"]
    store.worker.run_once(NOW)
    assert store.names() == []


def version_ids(count: int) -> list[str]:
    """Name versions so that their names have their order."""
    return [f"version-{number:032d}" for number in range(count)]


def test_surplus_versions_go_oldest_first(store: Store) -> None:
    """Of 103 old versions the three oldest without a label go; a hundred stay."""
    ids = version_ids(103)
    secret = store.add(1, versions=[(version_id, number) for number, version_id in enumerate(ids)])
    labels = {**secret.labels, "KEEP": ids[1]}
    with committed(store.rows):
        update_secret(store.rows, msgspec.structs.replace(secret, attributes=Attributes(labels=labels)))
    store.worker.run_once(NOW)
    assert list_version_ids(store.reading, 1) == [ids[1], *ids[4:]]
    assert [
        (record["eventName"], record["additionalEventData"]["SecretVersionId"]) for record in store.records()
    ] == [
        (name, version_id)
        for version_id in (ids[0], ids[2], ids[3])
        for name in ("StartSecretVersionDelete", "EndSecretVersionDelete")
    ]
    store.worker.run_once(NOW)
    assert store.count("secret_versions") == 100


def test_versions_younger_than_a_day_stay(store: Store) -> None:
    """A surplus of young versions stays until they are 24 hours old."""
    ids = version_ids(105)
    store.add(1, versions=[(version_id, NOW + min(number, 1)) for number, version_id in enumerate(ids)])
    store.worker.run_once(NOW + DAY_MS - 1)
    assert store.count("secret_versions") == 105
    fresh = DeletionWorker(store.reading, store.writer.submit)
    fresh.run_once(NOW + DAY_MS)
    assert list_version_ids(store.reading, 1) == ids[1:]


def test_a_hundred_versions_are_no_surplus(store: Store) -> None:
    """At exactly a hundred nothing goes, however old."""
    store.add(1, versions=[(version_id, 0) for version_id in version_ids(100)])
    store.worker.run_once(NOW)
    assert store.count("secret_versions") == 100


def test_every_window_is_looked_at_and_then_the_first_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounds walk through all secrets, a window at a time, and begin anew."""
    monkeypatch.setattr(deletion, "WINDOW", 2)
    for number in range(1, 6):
        store.add(number, versions=[(version_id, 0) for version_id in version_ids(101)])
    left = []
    for _ in range(3):
        store.worker.run_once(NOW)
        left.append(store.count("secret_versions"))
    assert left == [503, 501, 500]
    store.add(6, versions=[(version_id, 0) for version_id in version_ids(101)])
    store.connection.execute("DELETE FROM secret_versions WHERE secret_id = 1")
    store.add(7, versions=[(version_id, 0) for version_id in version_ids(101)])
    for _ in range(5):
        store.worker.run_once(NOW)
    assert store.count("secret_versions") == 600


def test_finding_what_is_due_reads_no_table(store: Store) -> None:
    """The searches of each round use indexes: their cost does not grow with the store."""
    for sql, bindings in (
        ("SELECT secret_id FROM secrets WHERE purge_ms <= ? ORDER BY purge_ms, secret_id LIMIT ?", (1, 1)),
        (
            "SELECT secret_id FROM secret_versions WHERE secret_id > ? AND secret_id <= ? "
            "GROUP BY secret_id HAVING count(*) > ?",
            (1, 1, 1),
        ),
    ):
        rows: list[Any] = store.connection.execute(f"EXPLAIN QUERY PLAN {sql}", bindings).fetchall()
        plan = " ".join(row[3] for row in rows)
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan


def test_an_unreadable_store_is_reported(store: Store) -> None:
    """When the store does not answer, the round fails and the next one tries again."""
    store.add(1, NOW)
    broken = open_connection(store.path, read_only=True)
    broken.close()
    with pytest.raises((StoreUnavailable, apsw.ConnectionClosedError)):
        DeletionWorker(Rows(broken, store.authenticator, 1 << 20), store.writer.submit).run_once(NOW)
    assert store.names() == ["secret-1"]
