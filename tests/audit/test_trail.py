"""The queryable trail."""

from __future__ import annotations

import json
import random
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from strongroom.audit.chain import chain_digest, render_record
from strongroom.audit.errors import AuditDamaged
from strongroom.audit.journal import Journal
from strongroom.audit.layout import list_segments
from strongroom.audit.record import UserIdentity
from strongroom.audit.segment import compress_segment
from strongroom.audit.trail import RETENTION_MS, Attribute, Position, Trail, TrailEvent, TrailQuery
from strongroom.clock import DAY_MS

from .places import ACCOUNT, ALICE, NOW_MS, REGION, SECRET_ARN, fill, open_writer, record, run_journal, settle

EVERYTHING = TrailQuery(ACCOUNT, REGION, NOW_MS - 1000, NOW_MS + 10 * DAY_MS)


def write(directory: Path, *records: bytes, journal: str = "worker-0") -> None:
    """Put records into a journal."""

    async def work(opened: Journal) -> None:
        assert all(await settle(opened, records))

    run_journal(directory, work, journal=journal)


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    """An empty trail in ``tmp_path``."""
    opened = Trail(tmp_path)
    yield opened
    opened.close()


def ask(trail: Trail, attribute: Attribute, value: str) -> list[str]:
    """Search by one attribute; the last digits of the event ids, newest first."""
    page = trail.find(EVERYTHING._replace(attribute=attribute, value=value), 50)
    assert page.following is None
    return [event.event_id[-2:] for event in page.events]


def walk(trail: Trail, query: TrailQuery, size: int) -> list[TrailEvent]:
    """Read every page."""
    found: list[TrailEvent] = []
    after: Position | None = None
    while True:
        page = trail.find(query, size, after)
        found += page.events
        assert len(page.events) <= size
        if page.following is None:
            return found
        after = page.following


def test_an_event_comes_back_whole(tmp_path: Path, trail: Trail) -> None:
    """With its record to the byte, and the secret's ARN and name as resources."""
    write(tmp_path, record(1))
    assert trail.catch_up(100) == 1
    (event,) = trail.find(EVERYTHING, 50).events
    assert event.record.encode() == record(1)
    assert (event.event_name, event.event_source) == ("GetSecretValue", "secretsmanager.amazonaws.com")
    assert (event.username, event.access_key_id, event.read_only) == ("Alice", ALICE.access_key_id, True)
    assert event.time_s == NOW_MS // 1000 + 1
    assert event.resources == (
        ("AWS::SecretsManager::Secret", SECRET_ARN),
        ("AWS::SecretsManager::Secret", "prod/db"),
    )


def test_every_attribute_is_searchable(tmp_path: Path, trail: Trail) -> None:
    """Each finds its events and no others."""
    role = UserIdentity("AssumedRole", "AROAEXAMPLE:deploy", account_id=ACCOUNT, access_key_id="ASIAEXAMPLE")
    root = UserIdentity("Root", ACCOUNT, account_id=ACCOUNT)
    other = SECRET_ARN.replace("prod/db-AbCdEf", "prod/db-ZyXwVu")
    write(
        tmp_path,
        record(1),
        record(2, identity=role, request_parameters={"secretId": "prod/db"}),
        record(
            3,
            identity=root,
            event_name="CreateSecret",
            read_only=False,
            request_parameters={"name": "prod/db"},
            response_elements={"arn": other, "name": "prod/db"},
        ),
        record(4, event_source="kms.amazonaws.com", event_name="Decrypt", request_parameters=None),
        record(5, request_parameters={"secretId": SECRET_ARN[:-7]}),
        record(
            6,
            event_type="AwsServiceEvent",
            event_name="RotationStarted",
            identity=UserIdentity(account_id=ACCOUNT, invoked_by="secretsmanager.amazonaws.com"),
            request_parameters=None,
            additional_event_data={"SecretId": SECRET_ARN},
        ),
    )
    assert trail.catch_up(100) == 6
    assert ask(trail, Attribute.EVENT_ID, "11111111-0000-4000-8000-000000000003") == ["03"]
    assert ask(trail, Attribute.EVENT_NAME, "GetSecretValue") == ["05", "02", "01"]
    assert ask(trail, Attribute.READ_ONLY, "false") == ["03"]
    assert ask(trail, Attribute.READ_ONLY, "maybe") == []
    assert ask(trail, Attribute.USERNAME, "deploy") == ["02"]
    assert ask(trail, Attribute.USERNAME, "root") == ["03"]
    assert ask(trail, Attribute.USERNAME, "Alice") == ["05", "04", "01"]
    assert ask(trail, Attribute.EVENT_SOURCE, "kms.amazonaws.com") == ["04"]
    assert ask(trail, Attribute.ACCESS_KEY_ID, "ASIAEXAMPLE") == ["02"]
    assert ask(trail, Attribute.RESOURCE_TYPE, "AWS::SecretsManager::Secret") == [
        "06",
        "05",
        "03",
        "02",
        "01",
    ]
    assert ask(trail, Attribute.RESOURCE_NAME, "prod/db") == ["06", "05", "03", "02", "01"]
    # By ARN: this secret, and the calls that named nothing but the name; not the other one of the same name.
    assert ask(trail, Attribute.RESOURCE_NAME, SECRET_ARN) == ["06", "05", "02", "01"]
    assert ask(trail, Attribute.RESOURCE_NAME, other) == ["05", "03", "02"]
    assert ask(trail, Attribute.RESOURCE_NAME, "prod") == []
    assert ask(trail, Attribute.EVENT_NAME, "' OR 1=1 --") == []


def test_account_and_region_are_kept_apart(tmp_path: Path, trail: Trail) -> None:
    """Nobody sees another account's events."""
    write(tmp_path, record(1), record(2, recipient_account="444455556666"), record(3, region="us-east-1"))
    trail.catch_up(100)
    for query, last in (
        (EVERYTHING, "1"),
        (EVERYTHING._replace(account="444455556666"), "2"),
        (EVERYTHING._replace(region="us-east-1"), "3"),
    ):
        assert [event.event_id[-1] for event in trail.find(query, 50).events] == [last]
    assert trail.find(EVERYTHING._replace(account="000000000000"), 50).events == ()


def test_both_ends_of_the_time_range_are_in_it(tmp_path: Path, trail: Trail) -> None:
    """Records carry whole seconds."""
    write(tmp_path, *(record(number) for number in range(5)))
    trail.catch_up(100)
    start = (NOW_MS // 1000 + 1) * 1000
    for query, expected in (
        (EVERYTHING._replace(start_ms=start, end_ms=start + 2000), ["3", "2", "1"]),
        (EVERYTHING._replace(start_ms=start + 1, end_ms=start + 1999), ["2"]),
        (EVERYTHING._replace(start_ms=start, end_ms=start), ["1"]),
    ):
        assert [event.event_id[-1] for event in trail.find(query, 50).events] == expected


@pytest.mark.parametrize(
    "attribute", [None, Attribute.USERNAME, Attribute.RESOURCE_NAME, Attribute.RESOURCE_TYPE]
)
def test_pages_are_complete_and_stable(tmp_path: Path, trail: Trail, attribute: Attribute | None) -> None:
    """Also when many events share a second and new ones arrive between two pages."""
    chance = random.Random(7)
    numbers = list(range(60))
    chance.shuffle(numbers)
    write(tmp_path, *(record(number, event_time_ms=NOW_MS + number // 20 * 1000) for number in numbers))
    trail.catch_up(1000)
    value = {None: "", Attribute.USERNAME: "Alice", Attribute.RESOURCE_NAME: SECRET_ARN}.get(
        attribute, "AWS::SecretsManager::Secret"
    )
    query = EVERYTHING._replace(attribute=attribute, value=value)
    found = walk(trail, query, 7)
    assert len({event.event_id for event in found}) == len(found) == 60
    assert [event.time_s for event in found] == sorted((event.time_s for event in found), reverse=True)
    first = trail.find(query, 7)
    write(tmp_path, record(80, event_time_ms=NOW_MS + 9000))
    trail.catch_up(1000)
    assert trail.find(query, 7, first.following).events == tuple(found[7:14])


def test_restarts_neither_lose_nor_double(tmp_path: Path) -> None:
    """Small budgets, rotation, compression, several journals, a new object each time, copies at any point."""
    total = 0
    for step in range(6):
        fill(tmp_path, 7, first=step * 7, segment_bytes=3_000)
        fill(tmp_path, 4, journal="worker-1", first=500 + step * 4, segment_bytes=3_000)
        total += 11
        for journal in ("worker-0", "worker-1"):
            old = [
                path for path in list(list_segments(tmp_path, journal).values())[:-1] if path.suffix == ".log"
            ]
            for path in old[:2]:
                compress_segment(path)
        while True:
            trail = Trail(tmp_path)
            taken = trail.catch_up(3)
            assert taken <= 3
            trail.close()
            if not taken:
                break
        trail = Trail(tmp_path)
        found = walk(trail, EVERYTHING, 50)
        trail.close()
        assert len({event.event_id for event in found}) == len(found) == total


def test_an_event_id_is_stored_once(tmp_path: Path, trail: Trail) -> None:
    """A record that was delivered twice is one event."""
    write(tmp_path, record(1), record(1))
    write(tmp_path, record(1), journal="worker-1")
    assert trail.catch_up(100) == 3
    assert len(trail.find(EVERYTHING, 50).events) == 1
    assert trail.catch_up(100) == 0


def test_what_comes_with_a_record_that_was_delivered_twice_keeps_its_resources(
    tmp_path: Path, trail: Trail
) -> None:
    """Each event names its own, whatever of the same batch was not taken; nobody is left with another's."""
    others = [record(number, request_parameters={"secretId": f"secret-{number}"}) for number in (2, 3)]
    write(tmp_path, record(1), record(1), others[0], record(1))
    assert trail.catch_up(100) == 4
    write(tmp_path, others[1])
    assert trail.catch_up(100) == 1
    assert ask(trail, Attribute.RESOURCE_NAME, "secret-2") == ["02"]
    assert ask(trail, Attribute.RESOURCE_NAME, "secret-3") == ["03"]
    assert ask(trail, Attribute.RESOURCE_NAME, "prod/db") == ["01"]
    for event in trail.find(EVERYTHING, 50).events:
        assert len(event.resources) == (2 if event.event_id.endswith("1") else 1)


def test_only_durable_records_are_taken(tmp_path: Path, trail: Trail) -> None:
    """What lies behind the anchor may yet be refused and cut."""
    write(tmp_path, record(1), record(2))
    writer = open_writer(tmp_path)
    digest = chain_digest(writer.head.digest, 3, record(3))
    with list_segments(tmp_path, "worker-0")[1].open("ab") as segment:
        segment.write(render_record(3, digest, record(3)))
    assert trail.catch_up(100) == 2
    assert trail.catch_up(100) == 0
    writer.close()


def test_several_processes_may_catch_up(tmp_path: Path, trail: Trail) -> None:
    """Together they take every record once."""
    write(tmp_path, *(record(number) for number in range(300)))
    taken: list[int] = []

    def run() -> None:
        mine = Trail(tmp_path)
        for _ in range(30):
            taken.append(mine.catch_up(20))
        mine.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while more := trail.catch_up(1000):
        taken.append(more)
    assert sum(taken) == 300
    assert len(walk(trail, EVERYTHING, 50)) == 300


def test_a_rebuilt_trail_is_the_same(tmp_path: Path, trail: Trail) -> None:
    """Everything is in the journals."""
    fill(tmp_path, 20, segment_bytes=3_000)
    trail.catch_up(1000)
    before = walk(trail, EVERYTHING, 7)
    assert trail.rebuild() == 20
    assert walk(trail, EVERYTHING, 7) == before


def test_damage_stops_the_intake_and_what_came_before_stays(tmp_path: Path, trail: Trail) -> None:
    """The batch with the damage is rolled back; the error names the file."""
    fill(tmp_path, 5)
    trail.catch_up(2)
    path = list_segments(tmp_path, "worker-0")[1]
    path.write_bytes(path.read_bytes().replace(b'-000000000003"', b'-000000000009"', 1))
    with pytest.raises(AuditDamaged, match=r"00000001\.log"):
        trail.catch_up(100)
    assert len(walk(trail, EVERYTHING, 50)) == 2


def test_a_missing_segment_stops_the_intake(tmp_path: Path, trail: Trail) -> None:
    """A gap is not skipped."""
    fill(tmp_path, 12, segment_bytes=3_000)
    trail.catch_up(1)
    shutil.move(list_segments(tmp_path, "worker-0")[2], tmp_path / "away")
    taken = trail.catch_up(2)
    while taken < 3 and (more := trail.catch_up(1)):
        taken += more
    with pytest.raises(AuditDamaged, match="segment 2"):
        trail.catch_up(100)


def test_events_retire_after_ninety_days_in_batches(tmp_path: Path, trail: Trail) -> None:
    """Rows and their resources go together; newer ones stay, and catching up does not bring the old ones back."""
    write(tmp_path, *(record(number, event_time_ms=NOW_MS + number * DAY_MS) for number in range(10)))
    trail.catch_up(100)
    now_ms = NOW_MS + RETENTION_MS + 5 * DAY_MS
    assert [trail.retire(now_ms, 2) for _ in range(4)] == [2, 2, 1, 0]
    assert trail.catch_up(100) == 0
    query = EVERYTHING._replace(attribute=Attribute.RESOURCE_NAME, value="prod/db")
    assert [json.loads(event.record)["eventID"][-1] for event in trail.find(query, 50).events] == list(
        "98765"
    )
    left = trail._connection.execute("SELECT count(*) FROM resources").fetchall()
    assert left == [(10,)]


def test_segments_that_were_taken_in_are_compressed_and_still_read(tmp_path: Path, trail: Trail) -> None:
    """A rotated segment that the trail has taken in is compressed; a rebuild reads the same events from it."""

    async def work(opened: Journal) -> None:
        for number in range(40):
            assert all(await settle(opened, [record(number)]))

    run_journal(tmp_path, work, segment_bytes=4_096)
    assert trail.compress_finished() == 0  # nothing is compressed before it was taken in
    assert trail.catch_up(1_000) == 40
    compressed = 0
    while trail.compress_finished():
        compressed += 1
    kept = list_segments(tmp_path, "worker-0")
    left = [path.suffix for path in kept.values()]
    # The one that the trail stands in stays plain, and so does a new one behind it.
    assert compressed > 3
    assert left in ([".gz"] * compressed + [".log"], [".gz"] * compressed + [".log", ".log"])
    before = [event.event_id for event in walk(trail, EVERYTHING, 50)]
    assert trail.rebuild() == 40
    assert [event.event_id for event in walk(trail, EVERYTHING, 50)] == before
