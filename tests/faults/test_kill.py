"""kill -9 at random points under concurrent writers: nothing that was acknowledged is lost (promises 1 and 3).

Tried by hand: with ``Writer._run`` delivering before it commits these tests fail. That a read waits for its
record, whose way to the disk is too short for a kill to find, is shown with a disk that hangs (``test_hang.py``).
"""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import apsw
import pytest

from strongroom.store.engine import DATABASE_NAME
from tests.faults.intact import (
    AUTHENTICATED,
    UNAUTHENTICATED,
    WITHOUT_OPERATIONS,
    check_audit,
    check_store,
)
from tests.faults.load import Ledger, Load, check_everything, check_records, check_values
from tests.faults.polling import wait_until_replaced
from tests.support.scale import rounds
from tests.support.server import Server


def check_all(server: Server, ledger: Ledger) -> None:
    """Look at everything the deployment holds, running and stopped."""
    there = check_values(server, ledger.writes)
    check_everything(server, ledger)
    check_records(server.records(), ledger, there)
    assert ledger.refused == []
    assert server.stop() == 0
    check_store(server.data_dir)
    check_audit(server.data_dir)


@pytest.mark.soak
def test_d02_l01_a_killed_deployment_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """All processes at once, again and again; each start finds everything and goes on by itself."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    server, ledger = Server(tmp_path / "data"), Ledger()
    try:
        checked = 0
        for number in range(rounds(20, 1_000)):
            server.start()
            check_values(server, ledger.writes[checked:])
            checked = len(ledger.writes)
            with Load(server, ledger, number):
                ledger.wait_for_answers(chance.randrange(1, 80))
                server.kill9()
        check_all(server.start(), ledger)
    finally:
        server.close()


@pytest.mark.soak
def test_d02_l01_a_killed_worker_loses_nothing_and_is_started_anew(tmp_path: Path) -> None:
    """One process at a time: request workers and the background process."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    server, ledger = Server(tmp_path / "data", ["--workers", "2"]), Ledger()
    try:
        server.start()
        with Load(server, ledger, 0, threads=6, perseveres=True):
            for _ in range(rounds(4, 200)):
                ledger.wait_for_answers(chance.randrange(1, 80))
                killed = chance.choice(server.children())
                os.kill(killed, signal.SIGKILL)
                wait_until_replaced(server, killed)
            ledger.wait_for_answers(100)
        check_all(server, ledger)
    finally:
        server.close()


def test_the_other_worker_goes_on_while_one_is_gone(tmp_path: Path) -> None:
    """With the supervisor stopped nobody starts a killed worker anew, and requests are answered all the same."""
    server, ledger = Server(tmp_path / "data", ["--workers", "2"]), Ledger()
    try:
        server.start()
        assert server.process is not None
        with Load(server, ledger, 0, threads=6, perseveres=True):
            ledger.wait_for_answers(50)
            workers = server.children()[:2]
            os.kill(server.process.pid, signal.SIGSTOP)
            os.kill(workers[0], signal.SIGKILL)
            ledger.wait_for_answers(200)
            os.kill(server.process.pid, signal.SIGCONT)
            wait_until_replaced(server, workers[0])
            # Now the other: what answers is the one that was started anew.
            os.kill(server.process.pid, signal.SIGSTOP)
            os.kill(workers[1], signal.SIGKILL)
            ledger.wait_for_answers(100)
            os.kill(server.process.pid, signal.SIGCONT)
        check_all(server, ledger)
    finally:
        server.close()


def test_every_table_is_authenticated_or_known_not_to_be(tmp_path: Path) -> None:
    """A new table cannot be forgotten by the checks of this folder."""
    server = Server(tmp_path / "data")
    server.start()
    server.close()
    connection = apsw.Connection(str(server.data_dir / DATABASE_NAME))
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    connection.close()
    assert {name for name in names if not name.startswith("sqlite_")} == {
        *(table.name for table in (*AUTHENTICATED, *WITHOUT_OPERATIONS)),
        *UNAUTHENTICATED,
    }
