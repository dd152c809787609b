"""SIGTERM under load: what was accepted is answered, then the server ends with status 0 (design section 6).

Whatever was done was answered: a write that nobody heard of is not in the store, and has no record.

Tried by hand: with a drain that closes all connections at once writes are found that nobody was told of; without
one, requests are refused that were accepted.
"""

from __future__ import annotations

import random
import signal
from pathlib import Path

import pytest

from tests.faults.intact import check_audit, check_store
from tests.faults.load import Ledger, Load, check_everything, check_records, check_values
from tests.support.scale import rounds
from tests.support.server import END_WITHIN_S, Server


@pytest.mark.soak
@pytest.mark.parametrize("workers", [1, 2])
def test_what_was_accepted_is_answered_before_the_end(tmp_path: Path, workers: int) -> None:
    """At random points under concurrent writers and readers, again and again on the same store."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    server, ledger = Server(tmp_path / "data", ["--workers", str(workers)]), Ledger()
    try:
        for number in range(rounds(5, 300)):
            server.start()
            with Load(server, ledger, number, threads=8):
                ledger.wait_for_answers(chance.randrange(1, 150))
                assert server.process is not None
                server.process.send_signal(signal.SIGTERM)
                assert server.wait(END_WITHIN_S) == 0
        assert ledger.refused == []
        check_store(server.data_dir)
        check_audit(server.data_dir)
        server.start()
        there = check_values(server, ledger.writes)
        assert there == {write.token for write in ledger.writes if write.request_id}
        check_everything(server, ledger)
        check_records(server.records(), ledger, there)
        assert "cut off" not in server.log
        assert "did not end in time" not in server.log
    finally:
        server.close()
