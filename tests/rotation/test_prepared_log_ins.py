"""The log-in between the change of a single user's password and the move of AWSCURRENT is prepared before the change.

Tried by hand: with a rotator that connects after the change the first test fails, with a runner that takes a prepared
log-in that failed for evidence the second.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.polling import until
from tests.rotation.databases import Database, assert_rotated, document
from tests.rotation.stand import Stand
from tests.support.postgresql import Proxy
from tests.support.scale import rounds

DECIDES = {"postgres": b"COMMIT", "mariadb": b"SET PASSWORD", "mysql": b"ALTER USER"}
"""What the message that changes the password holds."""

pytestmark = pytest.mark.soak  # where MySQL goes through it too


@pytest.fixture(params=["postgresql", "mariadb", "mysql"][: rounds(2, 3)])
def target(request: pytest.FixtureRequest) -> Database:
    """Each of the servers."""
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def proxy(target: Database) -> Iterator[Proxy]:
    """A proxy before it."""
    made = Proxy(target.port)
    yield made
    made.close()


def begin(target: Database, stand: Stand, proxy: Proxy) -> int:
    """Begin a rotation through the proxy."""
    target.make_user("app")
    secret_id = stand.add(document(target, port=proxy.port, ssl=False))
    stand.begin(secret_id)
    return secret_id


def test_what_logs_in_after_the_change_is_connected_before_it(
    target: Database, stand: Stand, proxy: Proxy
) -> None:
    """Nothing else is connected until AWSCURRENT has moved."""
    secret_id = begin(target, stand, proxy)
    seen: list[tuple[str, int]] = []
    stand.hook = lambda boundary: seen.append((boundary, proxy.connections))

    def hears(_number: int, data: bytes) -> None:
        if DECIDES[target.engine] in data:
            at_first = dict(seen)["intended"]
            until(lambda: proxy.connections == at_first + 2)  # one that changes, one that will log in

    proxy.hears = hears
    stand.run(secret_id)
    assert_rotated(target, stand, secret_id)
    moved = [boundary for boundary, _ in seen].index("committed-promoted")
    at = dict(seen[: moved + 1])
    assert at["probed"] == at["committed-promoted"] == at["intended"] + 2


def test_a_prepared_log_in_that_is_lost_is_made_anew(target: Database, stand: Stand, proxy: Proxy) -> None:
    """Its connection is cut after the change: that is no evidence, another one is."""
    secret_id = begin(target, stand, proxy)

    def hears(_number: int, data: bytes) -> None:
        if DECIDES[target.engine] in data:
            proxy.drop_before.append(b"strongroom rotation")  # how a log-in introduces itself

    proxy.hears = hears
    stand.run(secret_id)
    assert proxy.lost == 1
    assert_rotated(target, stand, secret_id)
    assert stand.versions(secret_id) == 2
