"""Opening, crashing, cutting, locking."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

from strongroom.audit.chain import chain_digest, render_record
from strongroom.audit.errors import AuditDamaged, AuditInUse, AuditUnwritable
from strongroom.audit.journal import Journal
from strongroom.audit.layout import anchor_path, checkpoint_log, list_segments, segment_path
from strongroom.audit.segment import compress_segment
from strongroom.audit.verify import verify_audit

from .places import ANCHOR_KEY, NOW_MS, PUBLIC_KEY, fill, open_writer, record, run_journal, settle


def records_of(directory: Path) -> int:
    """Verify and count."""
    report = verify_audit(directory, PUBLIC_KEY, ANCHOR_KEY)
    assert report.findings == ()
    return report.journals[0].head.seq


def newest(directory: Path) -> Path:
    """Return the newest segment."""
    return list(list_segments(directory, "worker-0").values())[-1]


def crash(directory: Path, tail: bytes = b"") -> Path:
    """Return a copy as a killed process leaves it: the anchor open, and bytes after its head."""
    writer = open_writer(directory)
    copy = directory.with_name("crashed")
    shutil.copytree(directory, copy)
    writer.close()
    with newest(copy).open("ab") as segment:
        segment.write(tail)
    return copy


def test_a_second_process_cannot_write_the_same_journal(tmp_path: Path) -> None:
    """The lock lies in the journal's directory; another journal is free."""
    first = open_writer(tmp_path)
    with pytest.raises(AuditInUse):
        open_writer(tmp_path)
    other = open_writer(tmp_path, "worker-1")
    other.close()
    first.close()
    open_writer(tmp_path).close()


def test_a_journal_is_continued_after_it_was_closed(tmp_path: Path) -> None:
    """The chain goes on in the same segment."""
    fill(tmp_path, 7)
    fill(tmp_path, 7, first=7)
    assert records_of(tmp_path) == 14
    assert len(list_segments(tmp_path, "worker-0")) == 1


@pytest.mark.parametrize("cut", range(40))
def test_a_torn_tail_is_cut_and_whole_records_are_kept(tmp_path: Path, cut: int) -> None:
    """After a crash every whole frame stands, what is torn goes, and the journal goes on."""
    live = tmp_path / "live"
    fill(live, 3)
    writer = open_writer(live)
    digest = chain_digest(writer.head.digest, 4, record(50))
    writer.close()
    whole = render_record(4, digest, record(50))
    torn = render_record(5, chain_digest(digest, 5, record(51)), record(51))
    torn = torn[: len(torn) * cut // 40]
    crashed = crash(live, whole + torn)
    assert verify_audit(crashed, PUBLIC_KEY, ANCHOR_KEY).is_intact
    writer = open_writer(crashed)
    assert writer.head.seq == 4
    assert writer.recovery.torn_bytes == len(torn)
    assert writer.recovery.unanchored_records == 1
    writer.close()
    fill(crashed, 2, first=60)
    assert records_of(crashed) == 6


def test_crashes_at_arbitrary_points_lose_no_acknowledged_record(tmp_path: Path) -> None:
    """Copies of the live directory, cut at any byte after the acknowledged head, open and go on."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    live = tmp_path / "live"
    copies: list[tuple[Path, int]] = []

    async def work(journal: Journal) -> None:
        for number in range(40):
            assert await settle(journal, [record(number)]) == [True]
            if number % 7 == 6:
                journal.tick(NOW_MS + 60_000 * (number + 1))
            if number % 3 == 0:
                copy = tmp_path / f"copy-{number}"
                shutil.copytree(live, copy)
                copies.append((copy, number + 1))

    run_journal(live, work, segment_bytes=8_000)
    for copy, acknowledged in copies:
        segment = newest(copy)
        whole = segment.read_bytes()
        frames = whole.rstrip(b"\0")
        tail = record(99)
        kind = chance.randrange(4)
        if kind == 1:  # a group was being written over the room
            segment.write_bytes((frames + tail[: chance.randrange(len(tail))]).ljust(len(whole), b"\0"))
        elif kind == 2:
            segment.write_bytes(whole + bytes(chance.randrange(1, 5000)))
        elif kind == 3:  # the next segment was being begun
            segment.write_bytes(frames)
            number = max(list_segments(copy, "worker-0")) + 1
            segment_path(copy, "worker-0", number).write_bytes(b"STRONGROOM-AUDIT 1 work")
        assert verify_audit(copy, PUBLIC_KEY, ANCHOR_KEY).findings == ()
        fill(copy, 2, first=200)
        assert records_of(copy) == acknowledged + 2


def test_d05_a_cut_tail_is_not_silently_continued(tmp_path: Path) -> None:
    """A journal that lacks what its anchor names is refused until somebody says that this is known."""
    fill(tmp_path, 8)
    segment = newest(tmp_path)
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:-3]))
    before = segment.read_bytes()
    with pytest.raises(AuditDamaged, match="the anchor names record 8"):
        open_writer(tmp_path)
    assert segment.read_bytes() == before  # refused before anything was changed
    writer = open_writer(tmp_path, accept_loss=True)
    assert "record 8" in writer.recovery.accepted_loss
    writer.close()
    assert not verify_audit(tmp_path, PUBLIC_KEY, ANCHOR_KEY).is_intact


@pytest.mark.parametrize(
    "damage",
    [
        lambda directory: anchor_path(directory, "worker-0").unlink(),
        lambda directory: anchor_path(directory, "worker-0").write_bytes(b""),
        lambda directory: anchor_path(directory, "worker-0").write_bytes(b"x"),
        lambda directory: newest(directory).unlink(),
        lambda directory: newest(directory).write_bytes(b""),
        lambda directory: newest(directory).write_bytes(newest(directory).read_bytes()[:-1]),
        lambda directory: newest(directory).write_bytes(newest(directory).read_bytes() + b"R"),
        lambda directory: checkpoint_log(directory, "worker-0").write_bytes(b"no checkpoint\n"),
    ],
)
def test_d05_damage_behind_the_acknowledged_head_refuses_to_open(tmp_path: Path, damage: object) -> None:
    """Whatever was taken away or added after an orderly close is told."""
    fill(tmp_path, 8)
    assert callable(damage)
    damage(tmp_path)
    with pytest.raises(AuditDamaged):
        open_writer(tmp_path)


def test_d05_records_forged_behind_a_closed_journal_are_not_taken_over(tmp_path: Path) -> None:
    """The chain has no key, so anybody can continue it; the anchor says that it had ended."""
    fill(tmp_path, 4)
    writer = open_writer(tmp_path)
    head = writer.head
    writer.close()
    forged = render_record(5, chain_digest(head.digest, 5, record(66)), record(66))
    with newest(tmp_path).open("ab") as segment:
        segment.write(forged)
    with pytest.raises(AuditDamaged, match="changed since"):
        open_writer(tmp_path)
    assert not verify_audit(tmp_path, PUBLIC_KEY, ANCHOR_KEY).is_intact


def test_a_checkpoint_that_the_log_lacks_is_repaired(tmp_path: Path) -> None:
    """A crash between journal and log leaves the log one line short, or with a torn line."""
    fill(tmp_path, 10)
    log = checkpoint_log(tmp_path, "worker-0")
    whole = log.read_bytes()
    for cut in (1, 100, len(whole.splitlines(keepends=True)[-1])):
        log.write_bytes(whole[:-cut])
        writer = open_writer(tmp_path)
        assert writer.recovery.repaired_checkpoints == 1
        writer.close()
        assert log.read_bytes() == whole
    assert records_of(tmp_path) == 10


def test_what_was_refused_before_the_end_does_not_keep_the_journal_closed(tmp_path: Path) -> None:
    """Closed after a failure, with refused bytes behind the head: no orderly end, and no loss either."""
    fill(tmp_path, 5)

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    writer = open_writer(tmp_path, sync=fail)
    digest = chain_digest(writer.head.digest, 6, record(6))
    head, frame = writer.head.with_record(6, digest), render_record(6, digest, record(6))
    with pytest.raises(AuditUnwritable):
        writer.commit([frame], [], head)
    writer.close()
    assert records_of(tmp_path) == 6  # whole, so it is kept: written for a refused call
    fill(tmp_path, 2, first=60)
    assert records_of(tmp_path) == 8


def test_rotated_segments_are_compressed_without_loss(tmp_path: Path) -> None:
    """Verification and opening read them as before."""
    fill(tmp_path, 20, segment_bytes=4_000)
    segments = list_segments(tmp_path, "worker-0")
    for number, path in segments.items():
        if number != max(segments):
            size = path.stat().st_size
            packed = compress_segment(path)
            assert not path.exists()
            assert packed.stat().st_size < size
    assert records_of(tmp_path) == 20
    fill(tmp_path, 3, first=20)
    assert records_of(tmp_path) == 23


def test_a_journal_whose_newest_segment_is_compressed_begins_a_new_one(tmp_path: Path) -> None:
    """Compressed segments are never written to."""
    fill(tmp_path, 6)
    compress_segment(newest(tmp_path))
    fill(tmp_path, 2, first=6)
    assert records_of(tmp_path) == 8
    assert [path.suffix for path in list_segments(tmp_path, "worker-0").values()] == [".gz", ".log"]


def test_files_belong_to_the_owner_alone(tmp_path: Path) -> None:
    """Directories 0700, files 0600, whatever the umask."""
    fill(tmp_path / "audit", 5)
    for entry in (tmp_path / "audit").rglob("*"):
        assert entry.stat().st_mode & 0o077 == 0, entry
