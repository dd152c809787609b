"""The moved clock of ``dev``."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from strongroom.moved_clock import ClockRefused, parse_clock

NOW = 1_800_000_000_000
DAY = 86_400_000


def machine() -> int:
    """The machine's clock of these tests."""
    return NOW


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("+30d", 30 * DAY),
        ("-1h", -3_600_000),
        ("+1d12h", DAY + DAY // 2),
        ("+2w3m4s5ms", 14 * DAY + 184_005),
        ("+0ms", 0),
        ("2027-01-15T08:00:00Z", 0),
        ("2027-01-16T08:00:00+00:00", DAY),
        ("2027-01-16T09:00:00+01:00", DAY),
        ("2027-01-16T08:00:00", DAY),
    ],
)
def test_an_offset_or_an_instant_moves_the_clock(text: str, moved: int) -> None:
    """An instant without a zone is UTC."""
    assert parse_clock(text, machine)() == NOW + moved


def test_an_instant_runs_on(tmp_path: Path) -> None:
    """It is where the clock starts, not where it stands."""
    instants = iter((NOW, NOW + 5_000))
    clock = parse_clock("2030-01-01T00:00:00Z", lambda: next(instants))
    assert clock() == 1_893_456_005_000


@pytest.mark.parametrize(
    "text",
    ["30d", "+", "+1", "+d", "+1y", "+1d-1h", " +1d", "+1d ", "+1e3d", "+١d", "tomorrow", "file:", "25:00"],
)
def test_what_moves_no_clock_is_refused(text: str) -> None:
    """With a sentence that shows the forms."""
    with pytest.raises(ClockRefused):
        parse_clock(text, machine)


def test_a_clock_never_leaves_what_can_be_written() -> None:
    """Absurd offsets end at the epoch and at the end of the year 9999."""
    assert parse_clock("-999999999999d", machine)() == 0
    assert parse_clock("+999999999999w", machine)() == 253_402_300_799_000


def test_a_file_is_followed(tmp_path: Path) -> None:
    """What replaces the file is in force at the next look; nonsense and a missing file change nothing."""
    file = tmp_path / "clock"
    file.write_text("+1d\n")
    clock = parse_clock(f"file:{file}", machine)
    assert clock() == NOW + DAY
    for text, moved in (("+2d\n", 2 * DAY), ("-1d", -DAY), ("nonsense", -DAY), ("+3d", 3 * DAY)):
        aside = tmp_path / "aside"
        aside.write_text(text)
        aside.replace(file)
        assert clock() == NOW + moved
    file.unlink()
    assert clock() == NOW + 3 * DAY


def test_an_instant_in_a_file_runs_from_the_time_of_the_file(tmp_path: Path) -> None:
    """So that all processes agree on it, whenever they look first."""
    file = tmp_path / "clock"
    file.write_text("2030-01-01T00:00:00Z")
    os.utime(file, ns=(0, (NOW - 7_000) * 1_000_000))
    assert parse_clock(f"file:{file}", machine)() == 1_893_456_007_000


def test_a_file_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    """So is one that holds something else."""
    with pytest.raises(ClockRefused, match="cannot be read"):
        parse_clock(f"file:{tmp_path / 'none'}", machine)
    (tmp_path / "clock").write_text("soon")
    with pytest.raises(ClockRefused):
        parse_clock(f"file:{tmp_path / 'clock'}", machine)
