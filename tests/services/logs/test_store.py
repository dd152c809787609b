"""The store of the log service below its operations: against a naive oracle, under attack, and by the contract."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from strongroom.audit.outbox import OutboxChain
from strongroom.crypto.keyring import new_keyring
from strongroom.crypto.mac import RowMAC
from strongroom.services.logs import leaves as leaves_module
from strongroom.services.logs import reading
from strongroom.services.logs.appending import append_events
from strongroom.services.logs.batches import BATCHES
from strongroom.services.logs.contract import LogPlace, append_lines
from strongroom.services.logs.groups import make_group, make_stream
from strongroom.services.logs.leaves import LEAVES
from strongroom.services.logs.model import LogGroup, NewEvent
from strongroom.services.logs.reading import END_MS, FoundEvent, Position, Wanted, read_page
from strongroom.services.logs.tables import (
    find_group,
    find_stream,
    put_due,
    remove_group,
    remove_stream,
    update_group,
    with_attributes,
)
from strongroom.store.engine import open_connection
from strongroom.store.errors import StoreTampered
from strongroom.store.migration import migrate
from strongroom.store.revision import RevisionAnchor
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.store.turn import WriteTurn
from strongroom.store.writer import Change, Writer
from strongroom.workers.logs import LogWorker
from tests.support.groups import begin_store, committed

ACCOUNT, REGION = "111122223333", "us-east-1"
NOW = 1_800_000_000_000
KEYRING = new_keyring(0)


class Store:
    """A store in a temporary directory, with a group in it."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "store.db"
        self.directory = directory
        self.authenticator = RowMAC.of(KEYRING)
        self.connection = open_connection(self.path)
        migrate(self.connection)
        self.rows = Transaction(self.connection, self.authenticator, 1 << 20)
        begin_store(self.rows)
        with committed(self.rows):
            make_group(self.rows, ACCOUNT, REGION, "g", NOW)

    def group(self) -> LogGroup:
        """Read the group as it is now."""
        found = find_group(self.rows, ACCOUNT, REGION, "g")
        assert found is not None
        return found

    def append(self, stream: str, events: Sequence[NewEvent], now_ms: int = NOW) -> None:
        """Add events to a stream, which is made when it is not there."""
        with committed(self.rows):
            group = self.group()
            held = find_stream(self.rows, group.group_id, stream)
            held = held or make_stream(self.rows, group, stream, now_ms)
            append_events(self.rows, KEYRING, group, held, sorted(events), now_ms)

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        [(number,)] = self.connection.execute(f"SELECT count(*) FROM {table}").fetchall()
        return int(str(number))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A fresh store."""
    made = Store(tmp_path)
    yield made
    made.connection.close(True)


def wanted(**changes: object) -> Wanted:
    """Want everything, but for what the changes say."""
    return Wanted(
        **{
            "start_ms": 0,
            "end_ms": END_MS,
            "after": None,
            "before": None,
            "descends": False,
            "is_of_stream": lambda _: True,
            "matches": lambda _: True,
            "most": 10_000,
            **changes,
        }  # type: ignore[arg-type]  # what the test says
    )


def read_all(rows: Rows, group: LogGroup, *, descends: bool = False, **changes: object) -> list[FoundEvent]:
    """Read everything in pages; each gets ahead."""
    found: list[FoundEvent] = []
    at: Position | None = None
    while True:
        place = {"before": at} if descends else {"after": at}
        page = read_page(rows, KEYRING, group, wanted(descends=descends, **place, **changes))
        found += page.events
        if page.stopped_at is None:
            return found
        assert at is None or (page.stopped_at < at if descends else page.stopped_at > at)
        at = page.stopped_at


def test_events_are_found_as_a_sorted_list_would_have_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random portions of several streams, in small leaves, read in random ranges and pages in both directions."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    monkeypatch.setattr(leaves_module, "ENTRIES_MOST", 4)
    monkeypatch.setattr(reading, "ENTRIES_LOOKED_AT_MOST", 9)
    oracle: list[tuple[int, str]] = []
    for number in range(120):
        start = NOW - chance.randrange(20 * leaves_module.SPAN_MS)
        spread = chance.choice((1, 1_000, leaves_module.SPAN_MS, 4 * leaves_module.SPAN_MS))
        events = [
            NewEvent(start + chance.randrange(spread), f"{number}.{place} " + "x" * chance.randrange(3_000))
            for place in range(chance.randrange(1, 12))
        ]
        store.append(f"s{chance.randrange(5)}", events, NOW + number)
        oracle += [(event.time_ms, event.message) for event in events]
    group = store.group()
    assert store.count("log_leaves") > 10
    assert store.count("log_batches") < 400
    for descends in (False, True):
        for _ in range(12):
            low, high = sorted(NOW - chance.randrange(20 * leaves_module.SPAN_MS) for _ in range(2))
            digit = chance.choice(("", "7"))
            most = chance.choice((1, 7, 10_000))
            found = read_all(
                store.rows,
                group,
                descends=descends,
                start_ms=low,
                end_ms=high,
                most=most,
                matches=lambda message, digit=digit: digit in message,
            )
            assert sorted((event.position.time_ms, event.message) for event in found) == sorted(
                event for event in oracle if low <= event[0] < high and digit in event[1]
            )
            positions = [event.position for event in found]
            assert positions == sorted(positions, reverse=descends)
    total = sum(len(message.encode()) + 26 for _, message in oracle)
    assert group.stored_bytes == total


def test_events_that_come_one_by_one_are_not_a_row_each(store: Store) -> None:
    """They join the newest batch of their stream until that has 8 KiB or five minutes."""
    for number in range(200):
        store.append("s", [NewEvent(NOW + number * 10, "m" * 50)], NOW + number)
    assert store.count("log_batches") == 2
    store.append("s", [NewEvent(NOW + 400_000, "later")])
    assert store.count("log_batches") == 3
    assert len(read_all(store.rows, store.group())) == 201


def test_z04_a_page_of_a_hundred_thousand_events_costs_what_it_looks_at(store: Store) -> None:
    """The statements that a page runs do not grow with the group: in front, in the middle, and at the end."""
    statements: list[str] = []

    def note(_cursor: object, sql: str, _bindings: object) -> bool:
        statements.append(sql)
        return True

    for part in range(50):
        events = [NewEvent(NOW + part * 60_000 + number * 30, f"{part}/{number}") for number in range(2_000)]
        store.append(f"s{part % 7}", events)
        if part == 4:
            group = store.group()
            store.connection.exec_trace = note
            assert len(read_page(store.rows, KEYRING, group, wanted(most=500)).events) == 500
            few = len(statements)
            store.connection.exec_trace = None
    group = store.group()
    for start in (0, NOW + 25 * 60_000, NOW + 49 * 60_000):
        statements.clear()
        store.connection.exec_trace = note
        page = read_page(store.rows, KEYRING, group, wanted(most=500, start_ms=start))
        store.connection.exec_trace = None
        assert len(page.events) == 500
        assert len(statements) <= 4 * few


ATTACKS = {
    "a batch is removed": "DELETE FROM log_batches WHERE seq = 2",
    "a batch takes another one's place": (
        "UPDATE log_batches SET sealed = (SELECT sealed FROM log_batches WHERE seq = 1) WHERE seq = 2"
    ),
    "two batches change their numbers": (
        "UPDATE log_batches SET seq = CASE seq WHEN 1 THEN 1000 WHEN 2 THEN 1 ELSE seq END"
    ),
    "a batch is cut": "UPDATE log_batches SET sealed = substr(sealed, 1, length(sealed) - 1) WHERE seq = 3",
    "a leaf is removed": "DELETE FROM log_leaves WHERE from_ms > 0",
    "the first leaf is removed": "DELETE FROM log_leaves WHERE from_ms = 0",
    "a leaf is skipped": ("UPDATE log_leaves SET next_ms = NULL, next_seq = NULL WHERE from_ms = 0"),
    "a stream is removed": "DELETE FROM log_streams",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_k03_whoever_writes_into_the_store_is_noticed(
    store: Store, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is left out of an answer unnoticed, and nothing is moved."""
    monkeypatch.setattr(leaves_module, "ENTRIES_MOST", 2)
    for number in range(6):
        store.append("s", [NewEvent(NOW + number * 400_000, f"m{number}")])
    group = store.group()
    stream_of = {"s": find_stream(store.rows, group.group_id, "s")}

    def look() -> list[FoundEvent]:
        rows = Rows(open_connection(store.path, read_only=True), store.authenticator, 1 << 16)
        try:
            assert find_stream(rows, group.group_id, "s") == stream_of["s"]
            with rows.snapshot():
                return read_all(rows, group)
        finally:
            rows.connection.close()

    assert len(look()) == 6
    assert store.count("log_leaves") > 1
    store.connection.execute(attack)
    with pytest.raises(StoreTampered):
        look()


def test_k03_an_old_state_of_a_batch_is_noticed(store: Store) -> None:
    """A batch that was extended cannot be put back to what it was: that would take events away."""
    store.append("s", [NewEvent(NOW, "harmless")])
    [old] = store.connection.execute("SELECT * FROM log_batches").fetchall()
    store.append("s", [NewEvent(NOW + 1, "telling")])
    assert store.count("log_batches") == 1
    store.connection.execute("DELETE FROM log_batches")
    store.connection.execute("INSERT INTO log_batches VALUES (?, ?, ?, ?, ?)", old)
    with pytest.raises(StoreTampered, match="put back"):
        read_all(store.rows, store.group())


def test_k02_a_batch_opens_in_its_own_place_only(store: Store) -> None:
    """The sealed bytes of another group's batch do not open, even in a row with a true code."""
    store.append("s", [NewEvent(NOW, "mine")])
    with committed(store.rows):
        other = make_group(store.rows, ACCOUNT, REGION, "h", NOW)
        stream = make_stream(store.rows, other, "s", NOW)
        append_events(store.rows, KEYRING, other, stream, [NewEvent(NOW, "other")], NOW)
    mine, theirs = store.rows.select(BATCHES, "ORDER BY group_id = ? DESC", (store.group().group_id,))
    with committed(store.rows):
        store.rows.update(BATCHES, (*mine[:3], theirs[3]))
    with pytest.raises(Exception, match="do not open"):
        read_all(store.rows, store.group())


class Tidied(Store):
    """A store with a writer and the worker under test."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.anchor = RevisionAnchor(directory, self.authenticator)
        self.writer = Writer(
            lambda: Transaction(open_connection(self.path), self.authenticator, 1 << 20),
            WriteTurn(directory),
            OutboxChain,
            self.anchor,
            _settle,
            most_changes_in_group=64,
            most_waiting=1_000,
        )
        self.connection.execute("INSERT INTO audit_outbox_head VALUES (0, 0, zeroblob(32), 0)")
        reading_rows = Rows(open_connection(self.path, read_only=True), self.authenticator, 1 << 20)
        self.worker = LogWorker(reading_rows, self.writer.submit)
        self.writer.start()


def _settle(changes: Sequence[Change], committed: bool) -> None:
    for change in changes:
        change.settle(committed)


@pytest.fixture
def tidied(tmp_path: Path) -> Iterator[Tidied]:
    """A fresh store with the worker."""
    made = Tidied(tmp_path)
    yield made
    made.writer.stop()


def test_what_a_deleted_group_left_goes_in_parts(tidied: Tidied, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches, leaves and streams; another group keeps what it has."""
    monkeypatch.setattr(leaves_module, "ENTRIES_MOST", 4)
    for number in range(30):
        tidied.append(f"s{number % 3}", [NewEvent(NOW + number * 400_000, "m")])
    group = tidied.group()
    with committed(tidied.rows):
        remove_group(tidied.rows, group, NOW)
        kept = make_group(tidied.rows, ACCOUNT, REGION, "kept", NOW)
        stream = make_stream(tidied.rows, kept, "s", NOW)
        append_events(tidied.rows, KEYRING, kept, stream, [NewEvent(NOW, "kept")], NOW)
    tidied.worker.run_once(NOW + 1)
    counts = [tidied.count(name) for name in ("log_batches", "log_leaves", "log_streams", "log_dues")]
    assert counts == [1, 1, 1, 0]


def test_what_expired_goes_and_the_chain_holds(tidied: Tidied, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leaf by leaf; a deleted stream's batches too; what is young stays readable."""
    monkeypatch.setattr(leaves_module, "ENTRIES_MOST", 4)
    day = 86_400_000
    for number in range(40):
        tidied.append(f"s{number % 2}", [NewEvent(NOW + number * 3_600_000, f"m{number}")])
    group = with_attributes(tidied.group(), retention_days=1)
    deleted = find_stream(tidied.rows, group.group_id, "s1")
    assert deleted is not None
    now_ms = NOW + 2 * day
    with committed(tidied.rows):
        update_group(tidied.rows, group)
        remove_stream(tidied.rows, deleted.stream_id)
        put_due(tidied.rows, group.group_id, now_ms - 1)
    tidied.worker.run_once(now_ms)
    tidied.rows.refresh()
    found = read_all(tidied.rows, tidied.group())
    assert [event.message for event in found] == [f"m{number}" for number in range(24, 40, 2)]
    assert tidied.count("log_batches") == 8
    assert tidied.count("log_leaves") <= 8
    assert tidied.group().stored_bytes == 8 * (3 + 26)
    [(due_ms,)] = tidied.connection.execute("SELECT due_ms FROM log_dues").fetchall()
    assert due_ms == now_ms + 3_600_000
    tidied.append("s0", [NewEvent(now_ms, "new")])
    assert read_all(tidied.rows, tidied.group())[-1].message == "new"


PLACE = LogPlace(ACCOUNT, REGION, "/aws/lambda/f", "2026/11/26/[$LATEST]" + "0" * 32)


def test_lines_of_a_function_make_their_group_and_stream(store: Store) -> None:
    """Half characters do no harm, empty lines are dropped, order does not matter, and expired lines are not kept."""
    lines = [(NOW + 1, "END\n"), (NOW, "START\n"), (NOW, ""), (NOW + 2, "\ud800 cut")]
    with committed(store.rows):
        append_lines(store.rows, KEYRING, PLACE, lines, NOW)
    with committed(store.rows):
        append_lines(store.rows, KEYRING, PLACE, [(NOW + 3, "again")], NOW)
        append_lines(store.rows, KEYRING, PLACE, [], NOW)
    group = find_group(store.rows, ACCOUNT, REGION, "/aws/lambda/f")
    assert group is not None
    with committed(store.rows):
        update_group(store.rows, with_attributes(group, retention_days=1))
        append_lines(store.rows, KEYRING, PLACE, [(NOW - 2 * 86_400_000, "expired")], NOW)
    found = read_all(store.rows, group)
    assert [event.message for event in found] == ["START\n", "END\n", "? cut", "again"]


def test_the_tables_are_those_of_the_migration(store: Store) -> None:
    """Every column that has a code is one that the code covers."""
    for table in (BATCHES, LEAVES):
        columns = [row[1] for row in store.connection.execute(f"PRAGMA table_info({table.name})")]
        assert columns == [*table.columns, "mac"]
