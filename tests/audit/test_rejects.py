"""The bounded channel for what nobody signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.audit.errors import AuditUnwritable
from strongroom.audit.rejects import KEPT_LOGS, MOST_KEYS, RejectCounter

from .places import NOW_MS


def test_l05_rejects_are_counted_by_reason_and_minute(tmp_path: Path) -> None:
    """A past minute is written once; the present one waits."""
    counter = RejectCounter(tmp_path)
    for _ in range(1000):
        counter.count("unknown-access-key", NOW_MS)
    counter.count("bad-signature", NOW_MS)
    counter.count("bad-signature", NOW_MS + 60_000)
    assert counter.flush(NOW_MS + 60_000) == 2
    log = tmp_path / "rejects.log"
    assert log.read_text() == (
        "2026-01-02T03:04:00Z bad-signature 1\n2026-01-02T03:04:00Z unknown-access-key 1000\n"
    )
    assert counter.flush(NOW_MS + 60_000) == 0
    assert counter.flush(NOW_MS + 60_000, everything=True) == 1


def test_l05_noise_does_not_grow_memory_and_nothing_is_uncounted(tmp_path: Path) -> None:
    """However many reasons come, a bounded number of keys waits, and the sum is right."""
    counter = RejectCounter(tmp_path)
    for number in range(5_000):
        counter.count(f"reason-{number}", NOW_MS)
    assert len(counter) <= MOST_KEYS + 1
    counter.flush(NOW_MS, everything=True)
    lines = (tmp_path / "rejects.log").read_text().splitlines()
    assert sum(int(line.split()[2]) for line in lines) == 5_000


def test_l05_noise_cannot_write_lines_of_its_own(tmp_path: Path) -> None:
    """A reason that is not a plain word is counted as other."""
    counter = RejectCounter(tmp_path)
    for reason in ("a\nb", "", "ü", "x" * 65, "a b"):
        counter.count(reason, NOW_MS)
    counter.flush(NOW_MS, everything=True)
    assert (tmp_path / "rejects.log").read_text() == "2026-01-02T03:04:00Z other 5\n"


def test_l05_the_log_rotates_and_old_ones_go(tmp_path: Path) -> None:
    """The disk is bounded too."""
    counter = RejectCounter(tmp_path, log_bytes=100)
    for number in range(100):
        counter.count("bad-signature", NOW_MS + number * 60_000)
        counter.flush(NOW_MS + number * 60_000, everything=True)
    logs = sorted(tmp_path.iterdir())
    assert len(logs) == KEPT_LOGS + 1
    assert all(log.stat().st_size < 200 for log in logs)


def test_l05_a_log_that_cannot_be_written_keeps_the_counts(tmp_path: Path) -> None:
    """The failure is told and the next flush succeeds."""
    counter = RejectCounter(tmp_path / "absent")
    counter.count("bad-signature", NOW_MS)
    with pytest.raises(AuditUnwritable):
        counter.flush(NOW_MS, everything=True)
    (tmp_path / "absent").mkdir()
    assert counter.flush(NOW_MS, everything=True) == 1
