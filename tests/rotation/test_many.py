"""Many rotations that are due at once: each runs once, few at a time, and a crash loses none.

Tried by hand: with a runner that does not look whether somebody else has the lease, rotations begin twice; with a
backlog that counts no places, the bound at the server is broken.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from contextlib import closing
from typing import Any

import pytest

from strongroom.rotation.backlog import Limits
from strongroom.services.secretsmanager.rotation_rows import list_due_rotations
from strongroom.workers.background import open_writer
from tests.faults.polling import GIVE_UP_S
from tests.rotation.databases import assert_usable, document
from tests.rotation.stand import Crash, Stand
from tests.support.postgresql import PostgreSQL
from tests.support.scale import rounds
from tests.support.server import MovedServer

MANY = rounds(30, 1_000)


def wait(holds: Any, seconds: float = GIVE_UP_S + MANY * 1.0) -> None:
    """Return as soon as something holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "what the test waits for did not come"
        time.sleep(0.05)


def make_many(postgresql: PostgreSQL, stand: Stand, prefix: str, count: int) -> list[int]:
    """Store secrets of as many users, all due now."""
    with postgresql.admin() as connection:
        for number in range(count):
            connection.execute(f"DROP ROLE IF EXISTS {prefix}{number}".encode())
            connection.execute(f"CREATE ROLE {prefix}{number} LOGIN PASSWORD 'first'".encode())
    ids = [stand.add(document(postgresql, f"{prefix}{number}"), days=30) for number in range(count)]
    for secret_id in ids:
        stand.schedule(secret_id, due_in_ms=0, closes_in_ms=86_400_000)
    return ids


def assert_each_once(stand: Stand, ids: list[int]) -> None:
    """Each was rotated, once; a machine that is busy may have made a log-in take too long."""
    for secret_id in ids:
        outcomes = [entry.outcome for entry in stand.history(secret_id)]
        assert [outcome for outcome in outcomes if outcome != "failed"] == ["succeeded"]
        assert stand.versions(secret_id) == 2
        assert stand.row(secret_id).work.token == ""


class Watched:
    """Counts how many rotations are between their first and last log-in at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self.worst = 0

    def hook(self, name: str) -> None:
        """Hear of a boundary."""
        with self._lock:
            who = threading.get_ident()
            if name.startswith("planned"):
                self._running.add(who)
            elif name == "confirming":
                self._running.discard(who)
            self.worst = max(self.worst, len(self._running))


@pytest.mark.soak
def test_two_processes_over_one_store_rotate_each_once(postgresql: PostgreSQL, stand: Stand) -> None:
    """Leases and epochs: neither doubles what the other has, and the bound at the server holds for each of them."""
    ids = make_many(postgresql, stand, "pair", MANY)
    other_writer = open_writer(stand.opened)
    other_writer.start()
    watched = Watched()
    stand.hook = watched.hook
    loops = [stand.loop(Limits(8, 3)), stand.loop(Limits(8, 3), other_writer)]
    for loop in loops:
        loop.start()
    try:
        wait(lambda: _all_done(stand))
    finally:
        for loop in loops:
            loop.stop()
        other_writer.stop()
    assert_each_once(stand, ids)
    assert 1 <= watched.worst <= 6


def _all_done(stand: Stand) -> bool:
    """Whether each is due only when its next window opens."""
    with closing(stand.rows().connection) as connection:
        soon_ms = stand.keys.clock() + 86_400_000
        found = connection.execute("SELECT count(*) FROM rotations WHERE due_ms <= ?", (soon_ms,))
        return bool(next(iter(found))[0] == 0)


def test_a_crash_of_one_process_loses_nothing(postgresql: PostgreSQL, stand: Stand) -> None:
    """Threads end at random boundaries; a process that starts then gives the leases back and ends all of them."""
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    ids = make_many(postgresql, stand, "torn", 12)

    def hook(_name: str) -> None:
        if chance.random() < 0.15:
            raise Crash

    stand.hook = hook
    crashed = 0
    for secret_id in ids:
        try:
            stand.run(secret_id)
        except Crash:
            crashed += 1
    stand.hook = lambda _: None
    assert crashed, f"seed {seed}"
    for secret_id in ids:
        assert_usable(postgresql, stand, secret_id)
    loop = stand.loop(Limits(8, 4), is_alone=True)
    loop.start()
    try:
        wait(lambda: _all_done(stand), 30)
    finally:
        loop.stop()
    assert_each_once(stand, ids)


def test_urgent_ones_are_found_first_and_full_targets_left_out(postgresql: PostgreSQL, stand: Stand) -> None:
    """What is found hangs on an index; a touched rotation comes before a hundred that are overdue."""
    postgresql.make_user("urgent")
    urgent = stand.add(document(postgresql, "urgent"), days=30)
    stand.begin(urgent)
    stand.at("applied", lambda: (_ for _ in ()).throw(Crash))
    with pytest.raises(Crash):
        stand.run(urgent)
    stand.give_back(urgent)
    others = [stand.add(document(postgresql, "nobody"), days=30) for _ in range(5)]
    for secret_id in others:
        stand.schedule(secret_id, due_in_ms=-60_000, closes_in_ms=86_400_000)
    rows, now_ms = stand.rows(), stand.keys.clock()
    found = list_due_rotations(rows, now_ms, 3)
    assert [due.secret_id for due in found] == [urgent, *others[:3]]
    assert found[0].is_urgent
    assert found[0].target
    assert [due.target for due in found[1:]] == ["", "", ""]
    assert [due.secret_id for due in list_due_rotations(rows, now_ms, 9, {""})] == [urgent]
    plan = rows.connection.execute(
        "EXPLAIN QUERY PLAN SELECT secret_id, target, is_urgent FROM rotations WHERE is_urgent = 0 AND due_ms <= 1 "
        "AND lease_until_ms <= 1 AND target NOT IN (SELECT value FROM json_each('[]')) ORDER BY due_ms LIMIT 9"
    )
    told = " ".join(str(line[-1]) for line in plan)
    assert "rotations USING COVERING INDEX rotations_by_order (is_urgent=? AND due_ms<?)" in told
    assert "SCAN rotations" not in told
    assert "TEMP B-TREE" not in told


@pytest.mark.soak
def test_all_that_are_due_at_once_survive_a_kill(
    postgresql: PostgreSQL, moved_server: MovedServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the real server: due by their schedule, killed in the middle, each rotated exactly once."""
    client = moved_server.client("secretsmanager")
    moved_server.set_time("2026-03-02T12:00:00+00:00")
    names = [f"many{number}" for number in range(MANY)]
    for name in names:
        postgresql.make_user(name)
        client.create_secret(Name=name, SecretString=json.dumps(document(postgresql, name)))
        client.rotate_secret(
            SecretId=name, RotateImmediately=False, RotationRules={"AutomaticallyAfterDays": 7}
        )
    wait(lambda: len(moved_server.records("TestRotationSucceeded")) == MANY)
    moved_server.set_time("2026-03-09T13:00:00+00:00")  # every moment inside the window has passed
    wait(lambda: len(moved_server.records("RotationSucceeded")) >= MANY // 3)
    moved_server.kill9()
    begun = Counter(
        record["additionalEventData"]["SecretId"] for record in moved_server.records("RotationStarted")
    )
    began = time.monotonic()
    moved_server.start()
    client = moved_server.client("secretsmanager")
    wait(lambda: len(moved_server.records("RotationSucceeded")) == MANY)
    with capsys.disabled():
        took_s = time.monotonic() - began
        print(f"\n{MANY} due at once: {len(begun)} begun before the kill, all done {took_s:.1f} s after")
    for event in ("RotationStarted", "RotationSucceeded"):
        counted = Counter(record["additionalEventData"]["SecretId"] for record in moved_server.records(event))
        assert len(counted) == MANY
        assert set(counted.values()) == {1}, event
    for name in names:
        value = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
        assert postgresql.logs_in(name, value["password"])
        versions = client.describe_secret(SecretId=name)["VersionIdsToStages"]
        assert sorted(versions.values()) == [["AWSCURRENT"], ["AWSPREVIOUS"]]
