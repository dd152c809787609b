"""Rotations keep to their windows: what missed one waits for the next, and operators are told.

Tried by hand: beginning what is due after its window closed, or trying again hourly outside of it, fails here.
"""

from __future__ import annotations

import pytest

from strongroom.clock import DAY_MS, midnight
from strongroom.services.secretsmanager.model import AWSPENDING
from strongroom.services.secretsmanager.rotation_rows import OVERDUE_AFTER_MS, count_rotations
from tests.rotation.databases import assert_rotated, document
from tests.rotation.stand import Stand
from tests.support.postgresql import PostgreSQL, Proxy

HOUR_MS = 3_600_000


def next_ms(stand: Stand, secret_id: int) -> int:
    """Give the last second of the next window."""
    rotation = stand.secret(secret_id).attributes.rotation
    assert rotation is not None
    assert rotation.next_ms is not None
    return rotation.next_ms


def due_ms(stand: Stand, secret_id: int) -> int:
    """Give when a rotation is looked at next."""
    found = stand.row(secret_id).due_ms
    assert found is not None
    return found


def test_nothing_begins_when_its_window_is_closed(postgresql: PostgreSQL, stand: Stand) -> None:
    """The process was down for the whole window: the next one is waited for, and the miss is on record."""
    postgresql.make_user("app")
    stand.offset_ms = midnight(stand.keys.clock()) + 10 * HOUR_MS - stand.keys.clock()
    secret_id = stand.add(document(postgresql), expression="cron(0 3 ? * * *)", duration="2h")
    stand.schedule(secret_id, due_in_ms=-6 * HOUR_MS, closes_in_ms=-5 * HOUR_MS)
    stand.run(secret_id)
    row = stand.row(secret_id)
    assert row.work.token == ""
    assert row.work.missed == 1
    tomorrow_ms = midnight(stand.keys.clock()) + DAY_MS + 3 * HOUR_MS
    assert tomorrow_ms <= due_ms(stand, secret_id) < tomorrow_ms + HOUR_MS
    assert next_ms(stand, secret_id) == tomorrow_ms + 2 * HOUR_MS - 1_000
    assert [entry.outcome for entry in stand.history(secret_id)] == ["missed"]
    assert AWSPENDING not in stand.secret(secret_id).labels
    assert count_rotations(stand.rows(), stand.keys.clock()).overdue == 1
    stand.offset_ms += due_ms(stand, secret_id) - stand.keys.clock() + 1
    stand.run(secret_id)
    assert_rotated(postgresql, stand, secret_id)
    assert stand.row(secret_id).work.missed == 0
    assert count_rotations(stand.rows(), stand.keys.clock()) == (0, 0, 0, 0)


def test_a_schedule_by_days_is_made_up_for_the_next_day(postgresql: PostgreSQL, stand: Stand) -> None:
    """Thirty days are not waited for again because the process was down on one of them."""
    postgresql.make_user("app")
    secret_id = stand.add(document(postgresql), days=30)
    stand.schedule(secret_id, due_in_ms=-30 * HOUR_MS, closes_in_ms=-2 * HOUR_MS)
    stand.run(secret_id)
    assert due_ms(stand, secret_id) - stand.keys.clock() < DAY_MS
    assert next_ms(stand, secret_id) + 1_000 == midnight(stand.keys.clock()) + DAY_MS


@pytest.mark.parametrize("schedule", [{"days": 30}, {"expression": "cron(0 3 ? * * *)", "duration": "2h"}])
def test_what_failed_waits_for_its_next_window(
    postgresql: PostgreSQL, stand: Stand, schedule: dict[str, object]
) -> None:
    """Inside the window it is tried again with growing pauses; after it nothing is tried until the next one."""
    postgresql.make_user("app")
    proxy = Proxy(postgresql.port)
    stand.offset_ms = midnight(stand.keys.clock()) + 4 * HOUR_MS - stand.keys.clock()
    secret_id = stand.add(document(postgresql, port=proxy.port, ssl=False), **schedule)
    closes_in_ms = HOUR_MS if "expression" in schedule else 20 * HOUR_MS
    stand.schedule(secret_id, due_in_ms=0, closes_in_ms=closes_in_ms)
    closes_ms = stand.keys.clock() + closes_in_ms
    proxy.refuses = True
    stand.run(secret_id)
    token = stand.row(secret_id).work.token
    assert 0 < due_ms(stand, secret_id) - stand.keys.clock() <= 3_000
    assert count_rotations(stand.rows(), stand.keys.clock()).failing == 1
    # The last try before the window closes.
    stand.offset_ms += closes_ms - stand.keys.clock() - 1_500
    stand.run(secret_id)
    row = stand.row(secret_id)
    assert row.work.token == token, "the same rotation is attempted again"
    assert row.work.missed == 1
    opens_ms = midnight(closes_ms) if "days" in schedule else midnight(closes_ms) + DAY_MS + 3 * HOUR_MS
    assert opens_ms <= due_ms(stand, secret_id) < opens_ms + 12 * HOUR_MS
    assert row.work.closes_ms > due_ms(stand, secret_id)
    assert row.work.closes_ms == next_ms(stand, secret_id) + 1_000
    proxy.refuses = False
    stand.offset_ms += due_ms(stand, secret_id) - stand.keys.clock() + 1
    stand.run(secret_id)
    assert_rotated(postgresql, stand, secret_id)
    proxy.close()


def test_one_that_may_have_reached_the_target_does_not_wait_for_a_window(
    postgresql: PostgreSQL, stand: Stand
) -> None:
    """An application may depend on its end."""
    postgresql.make_user("app")
    proxy = Proxy(postgresql.port)
    secret_id = stand.add(document(postgresql, port=proxy.port, ssl=False), days=30)
    stand.schedule(secret_id, due_in_ms=0, closes_in_ms=2_000)
    proxy.lose_after.append(b"COMMIT")

    def cut() -> None:
        proxy.refuses = True
        stand.offset_ms += 10 * HOUR_MS

    stand.at("apply-failed", cut)
    stand.run(secret_id)
    assert stand.row(secret_id).work.state == "applying"
    assert 0 < due_ms(stand, secret_id) - stand.keys.clock() <= 30_000
    proxy.refuses = False
    stand.run(secret_id)
    assert_rotated(postgresql, stand, secret_id)
    proxy.close()


def test_one_that_is_due_and_never_begun_is_overdue(postgresql: PostgreSQL, stand: Stand) -> None:
    """Silence is told of as well: a rotation that nobody takes on."""
    secret_id = stand.add(document(postgresql), days=30)
    stand.schedule(secret_id, due_in_ms=0, closes_in_ms=DAY_MS)
    assert count_rotations(stand.rows(), stand.keys.clock() + OVERDUE_AFTER_MS - 60_000) == (1, 0, 0, 0)
    assert count_rotations(stand.rows(), stand.keys.clock() + OVERDUE_AFTER_MS + 60_000) == (1, 0, 0, 1)
