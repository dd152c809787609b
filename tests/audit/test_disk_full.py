"""A disk that is really full: refused, and recovered from without help."""

from __future__ import annotations

import asyncio
import json
import resource
import subprocess
import sys
from pathlib import Path

from strongroom.audit.journal import Journal
from strongroom.audit.layout import RESERVE_BYTES, list_segments, make_reserve
from strongroom.audit.verify import verify_audit

from .places import ANCHOR_KEY, NOW_MS, PUBLIC_KEY, SIGNER, open_writer, record, settle


async def fill_up_and_recover(directory: Path) -> dict[str, int]:
    """Append under a limit on file sizes until refused, go on being refused, lift the limit, append again."""
    journal = Journal(open_writer(directory), asyncio.get_running_loop(), SIGNER, NOW_MS)
    assert await settle(journal, [record(0)]) == [True]
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (7_000, hard))
    accepted = 1
    while (await settle(journal, [record(accepted)])) == [True]:
        accepted += 1
    # A whole new segment fits under the limit: one record too large for it keeps the disk "full".
    resource.setrlimit(resource.RLIMIT_FSIZE, (700, hard))
    refused = 0
    for number in range(5):
        refused += (await settle(journal, [record(900 + number)])) == [False]
    resource.setrlimit(resource.RLIMIT_FSIZE, (300, hard))  # not even a header
    for number in range(5):
        refused += (await settle(journal, [record(910 + number)])) == [False]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert await settle(journal, [record(accepted)]) == [True]
    await journal.close(NOW_MS)
    first = list_segments(directory, "worker-0")[1].stat().st_size
    return {"accepted": accepted + 1, "refused": refused, "first": first}


def test_l01_a_full_disk_refuses_and_the_journal_recovers_by_itself(tmp_path: Path) -> None:
    """The limit on file sizes makes real write errors, in a process of its own."""
    program = (
        "import asyncio, json, sys; from pathlib import Path; from tests.audit.test_disk_full import *; "
        "print(json.dumps(asyncio.run(fill_up_and_recover(Path(sys.argv[1])))))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[2],
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    outcome = json.loads(run.stdout)
    assert outcome["refused"] == 10
    assert outcome["accepted"] > 3
    # Records found place until there was none for another: room written ahead is given up for them.
    assert 7_000 - len(record(0)) - 100 < outcome["first"] <= 7_000
    report = verify_audit(tmp_path, PUBLIC_KEY, ANCHOR_KEY)
    assert report.findings == ()
    assert report.journals[0].head.seq == outcome["accepted"]
    # Not one segment for each refused attempt.
    assert len(list_segments(tmp_path, "worker-0")) <= 3


def test_l05_the_reserve_has_real_blocks(tmp_path: Path) -> None:
    """A hole would give nothing back when it is deleted."""
    assert make_reserve(tmp_path)
    facts = (tmp_path / "reserve").stat()
    assert facts.st_size == RESERVE_BYTES
    assert facts.st_blocks * 512 >= RESERVE_BYTES
    assert make_reserve(tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["reserve"]
