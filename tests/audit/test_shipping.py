"""Checkpoints shipped outside."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from strongroom.audit.errors import AuditUnwritable
from strongroom.audit.journal import Journal
from strongroom.audit.layout import checkpoint_log
from strongroom.audit.shipping import CheckpointShipper, SinkDiffers, ship_checkpoints
from strongroom.audit.verify import verify_audit

from .places import ANCHOR_KEY, NOW_MS, PUBLIC_KEY, SIGNER, fill, open_writer, record, settle


def test_l04_the_copy_follows_the_log(tmp_path: Path) -> None:
    """Only what is missing is added; a torn line of an earlier attempt is replaced."""
    directory, sink = tmp_path / "audit", tmp_path / "sink"
    fill(directory, 10)
    source, copy = checkpoint_log(directory, "worker-0"), checkpoint_log(sink, "worker-0")
    assert ship_checkpoints(directory, "worker-0", sink) == source.stat().st_size
    assert copy.read_bytes() == source.read_bytes()
    assert ship_checkpoints(directory, "worker-0", sink) == 0
    copy.write_bytes(copy.read_bytes()[:-10])
    ship_checkpoints(directory, "worker-0", sink)
    assert copy.read_bytes() == source.read_bytes()


def test_l04_a_sink_that_differs_is_never_overwritten(tmp_path: Path) -> None:
    """The copy outside may be the only witness."""
    directory, sink = tmp_path / "audit", tmp_path / "sink"
    fill(directory, 10)
    ship_checkpoints(directory, "worker-0", sink)
    witness = checkpoint_log(sink, "worker-0").read_bytes()
    log = checkpoint_log(directory, "worker-0")
    log.write_bytes(b"".join(log.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(SinkDiffers):
        ship_checkpoints(directory, "worker-0", sink)
    assert checkpoint_log(sink, "worker-0").read_bytes() == witness


def test_l04_the_journal_ships_what_it_signs(tmp_path: Path) -> None:
    """And a sink that cannot be written disturbs no record; its problem is shown."""
    directory, sink = tmp_path / "audit", tmp_path / "sink"
    sink.mkdir()
    (sink / "checkpoints").write_text("a file where the directory should be")

    async def work(shipper: CheckpointShipper) -> None:
        loop = asyncio.get_running_loop()
        journal = Journal(open_writer(directory), loop, SIGNER, NOW_MS, shipper=shipper)
        assert await settle(journal, [record(0)]) == [True]
        await journal.close(NOW_MS)

    shipper = CheckpointShipper(directory, "worker-0", sink)
    asyncio.run(work(shipper))
    assert shipper.close(60)
    assert isinstance(shipper.problem, AuditUnwritable)
    (sink / "checkpoints").unlink()
    shipper = CheckpointShipper(directory, "worker-0", sink)
    asyncio.run(work(shipper))
    assert shipper.close(60)
    assert shipper.problem is None
    assert checkpoint_log(sink, "worker-0").read_bytes() == checkpoint_log(directory, "worker-0").read_bytes()
    assert verify_audit(directory, PUBLIC_KEY, ANCHOR_KEY, sink=sink).findings == ()
