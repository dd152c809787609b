"""Room written ahead: where it is, that nothing is lost in it, and that it hides nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.audit.chain import RecordFrame, chain_digest, render_record
from strongroom.audit.errors import AuditDamaged, AuditUnwritable, MalformedFrame
from strongroom.audit.layout import checkpoint_log, list_segments
from strongroom.audit.report import FindingKind, Report
from strongroom.audit.room import MOST_ROOM_BYTES
from strongroom.audit.segment import SegmentReader
from strongroom.audit.trail import Trail
from strongroom.audit.verify import verify_audit
from strongroom.audit.writer import JournalWriter

from .places import ANCHOR_KEY, PUBLIC_KEY, Disk, fill, open_writer, record


def verify(directory: Path) -> Report:
    """Verify with the anchors' key."""
    return verify_audit(directory, PUBLIC_KEY, ANCHOR_KEY)


def commit(writer: JournalWriter, *numbers: int, pad: int = 0) -> None:
    """Commit a group of records."""
    head, frames = writer.head, []
    for number in numbers:
        text = record(number, user_agent="x" * pad)
        head = head.with_record(head.seq + 1, chain_digest(head.digest, head.seq + 1, text))
        frames.append(render_record(head.seq, head.digest, text))
    writer.commit(frames, [], head)


def newest(directory: Path) -> Path:
    """Return the newest segment."""
    return list(list_segments(directory, "worker-0").values())[-1]


def room_of(path: Path) -> int:
    """Count the zeros at the end of a file."""
    content = path.read_bytes()
    return len(content) - len(content.rstrip(b"\0"))


class Tail:
    """The room of the newest segment, and the record that would come next.

    Attributes:
        path: The segment.
        room: How many zeros there are.
        frame: Of record 7, which continues the chain.
    """

    def __init__(self, directory: Path) -> None:
        self.path = newest(directory)
        self._content = self.path.read_bytes()
        self._end = len(self._content.rstrip(b"\0"))
        self.room = len(self._content) - self._end
        with SegmentReader(self.path, may_have_room=True) as reader:
            reader.read_header()
            digest = [frame.digest for frame in reader.frames() if isinstance(frame, RecordFrame)][-1]
            assert (reader.trouble, reader.room) == (None, self.room)
        self.frame = render_record(7, chain_digest(digest, 7, record(7)), record(7))

    def put(self, data: bytes) -> None:
        """Write over the room as it was."""
        self.path.write_bytes(self._content[: self._end] + data + self._content[self._end + len(data) :])


@pytest.fixture
def crashed(tmp_path: Path) -> Path:
    """A journal as a killed process leaves it: six records, room behind them, the anchor open."""
    live, copy = tmp_path / "live", tmp_path / "crashed"
    fill(live, 4)
    writer = open_writer(live)
    commit(writer, 4)
    commit(writer, 5)
    shutil.copytree(live, copy)
    writer.close()
    assert room_of(newest(copy)) > 1_000
    return copy


def test_groups_are_written_over_room(tmp_path: Path) -> None:
    """The file grows once for many groups, by blocks that are taken, and is synced once for each group."""
    sizes: list[tuple[int, int]] = []

    def sync(descriptor: int) -> None:
        os.fdatasync(descriptor)
        facts = os.fstat(descriptor)
        sizes.append((facts.st_size, facts.st_blocks))

    writer = open_writer(tmp_path, sync=sync)
    sizes.clear()
    for number in range(64):
        commit(writer, number)
    assert len(sizes) == 64
    assert len(set(sizes)) <= 6
    assert all(blocks * 512 >= size for size, blocks in sizes)
    writer.close()
    assert verify(tmp_path).is_intact


def test_room_is_bounded_and_follows_what_is_written(tmp_path: Path) -> None:
    """An idle journal takes kilobytes, a busy one a megabyte, whoever writes megabytes at once nothing."""
    writer = open_writer(tmp_path)
    assert room_of(newest(tmp_path)) == 0  # a start writes none
    commit(writer, 0)
    assert 0 < room_of(newest(tmp_path)) < 20_000
    commit(writer, *range(1, 200))
    assert 200_000 < room_of(newest(tmp_path)) <= MOST_ROOM_BYTES
    commit(writer, *range(200, 900), pad=1_000)
    assert room_of(newest(tmp_path)) == 0
    writer.close()


def test_finished_and_closed_segments_end_with_their_last_frame(tmp_path: Path) -> None:
    """Room ends where a segment is full; the cut is synced before the anchor says that the journal is closed."""
    synced: dict[str, int] = {}

    def sync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced[path.name] = room_of(path)
        for older in list(list_segments(tmp_path, "worker-0").values())[:-1]:
            assert synced[older.name] == 0

    writer = open_writer(tmp_path, sync=sync, segment_bytes=20_000)
    for number in range(50):
        commit(writer, number)
    assert len(list_segments(tmp_path, "worker-0")) > 2
    assert synced[newest(tmp_path).name] > 0
    writer.close()
    assert set(synced.values()) == {0}
    assert [room_of(path) for path in list_segments(tmp_path, "worker-0").values()] == [0] * len(synced)
    assert verify(tmp_path).is_intact


def test_a_journal_that_cannot_be_cut_is_not_called_closed(tmp_path: Path) -> None:
    """The anchor stays open, so that the next start cuts instead of refusing."""
    disk = Disk()
    writer = open_writer(tmp_path, sync=disk)
    commit(writer, 0)
    disk.is_broken = True
    with pytest.raises(AuditUnwritable):
        writer.close()
    with newest(tmp_path).open("ab") as segment:
        segment.write(bytes(5_000))  # the cut did not reach the disk
    assert verify(tmp_path).is_intact
    fill(tmp_path, 1, first=1)
    assert verify(tmp_path).is_intact


def test_room_is_cut_when_a_journal_is_opened_after_a_crash(crashed: Path) -> None:
    """It is nothing to report, and the journal goes on where its frames end."""
    assert verify(crashed).findings == ()
    writer = open_writer(crashed)
    assert writer.recovery.torn_bytes == 0
    assert room_of(newest(crashed)) == 0
    commit(writer, 6)
    writer.close()
    fill(crashed, 1, first=7)
    report = verify(crashed)
    assert report.findings == ()
    assert report.journals[0].head.seq == 8
    assert len(list_segments(crashed, "worker-0")) == 1


def test_after_a_failure_no_room_is_written_until_a_segment_is_full(tmp_path: Path) -> None:
    """A disk that is nearly full has place for records first."""
    disk = Disk()
    writer = open_writer(tmp_path, sync=disk, segment_bytes=20_000)
    commit(writer, 0)
    disk.is_broken = True
    with pytest.raises(AuditUnwritable):
        commit(writer, 1)
    disk.is_broken = False
    commit(writer, 1)
    assert list(list_segments(tmp_path, "worker-0")) == [1, 2]
    assert [room_of(path) for path in list_segments(tmp_path, "worker-0").values()] == [0, 0]
    number = 2
    while max(list_segments(tmp_path, "worker-0")) == 2:
        commit(writer, number)
        number += 1
    assert room_of(newest(tmp_path)) > 0
    writer.close()
    assert verify(tmp_path).is_intact


def test_a_record_that_a_power_cut_tore_is_cut_and_is_no_finding(crashed: Path) -> None:
    """Sectors of the last group may be room still, in any order; everything before it was acknowledged."""
    tail = Tail(crashed)
    for at in range(0, len(tail.frame) - 64, 64):
        torn = tail.frame[:at] + bytes(64) + tail.frame[at + 64 :]
        tail.put(torn)
        report = verify(crashed)
        assert report.findings == ()
        assert any("not acknowledged" in note for note in report.notes)
        copy = crashed.with_name(f"copy-{at}")
        shutil.copytree(crashed, copy)
        writer = open_writer(copy)
        assert writer.head.seq == 6
        assert writer.recovery.torn_bytes == len(torn)
        writer.close()
        assert verify(copy).is_intact


def test_a_record_edited_behind_the_anchor_is_not_taken_for_torn(crashed: Path) -> None:
    """What a power cut leaves has zeros in it; anything else was done by somebody."""
    tail = Tail(crashed)
    tail.put(tail.frame.replace(b"Alice", b"Mallo"))
    assert [finding.kind for finding in verify(crashed).findings] == [FindingKind.ALTERED]


def over(start: int, length: int) -> Callable[[bytes], bytes]:
    """Overwrite with zeros, counted from the end of the frames."""

    def spoil(content: bytes) -> bytes:
        end = len(content.rstrip(b"\0"))
        return content[: end + start] + bytes(length) + content[end + start + length :]

    return spoil


def lines(first: int, last: int) -> Callable[[bytes], bytes]:
    """Overwrite whole lines with zeros."""

    def spoil(content: bytes) -> bytes:
        parts = content.rstrip(b"\0").splitlines(keepends=True)
        room = content[sum(map(len, parts)) :]
        parts[first:last] = [bytes(len(line)) for line in parts[first:last]]
        return b"".join(parts) + room

    return spoil


SPOILT = [over(-1, 1), over(-40, 40), over(-2_000, 2_000), over(-300, 5), lines(2, 3), lines(1, 99)]


@pytest.mark.parametrize("spoil", SPOILT)
@pytest.mark.parametrize("is_closed", [False, True])
def test_l04_acknowledged_records_overwritten_with_zeros_are_missed(
    crashed: Path, spoil: Callable[[bytes], bytes], is_closed: bool
) -> None:
    """At the tail they look like room, and in the middle like a torn group: the anchor knows better."""
    if is_closed:
        open_writer(crashed).close()
    path = newest(crashed)
    path.write_bytes(spoil(path.read_bytes()))
    assert not verify(crashed).is_intact
    with pytest.raises(AuditDamaged):
        open_writer(crashed)


def test_l04_zeros_in_an_acknowledged_record_are_an_alteration(crashed: Path) -> None:
    """With the anchors' key and without: only what lies behind the anchor can have been torn."""
    path = newest(crashed)
    path.write_bytes(over(-300, 5)(path.read_bytes()))
    assert [finding.kind for finding in verify(crashed).findings][:1] == [FindingKind.ALTERED]
    keyless = verify_audit(crashed, PUBLIC_KEY)
    assert [finding.kind for finding in keyless.findings] == [FindingKind.ALTERED]


def test_l04_a_tail_overwritten_with_zeros_is_a_cut_tail(crashed: Path) -> None:
    """The finding says so, and where."""
    path = newest(crashed)
    content = path.read_bytes()
    frames = content.rstrip(b"\0").splitlines(keepends=True)
    last = len(frames[-1])
    path.write_bytes(over(-last, last)(content))
    (finding,) = verify(crashed).findings
    assert finding.kind is FindingKind.CUT_TAIL
    assert finding.offset == len(content.rstrip(b"\0")) - last
    # Without the anchors' key the newest checkpoint is the last that is known.
    assert verify_audit(crashed, PUBLIC_KEY).is_intact
    checkpoint = next(number for number, line in enumerate(frames) if line.startswith(b"C "))
    path.write_bytes(lines(checkpoint, 99)(content))
    assert FindingKind.CUT_TAIL in {finding.kind for finding in verify_audit(crashed, PUBLIC_KEY).findings}


@pytest.mark.parametrize("length", [1, 4096, 3 * MOST_ROOM_BYTES])
def test_l04_zeros_behind_anything_that_is_finished_are_found(tmp_path: Path, length: int) -> None:
    """A closed segment, an older one, a checkpoint log; with the anchors' key and without."""
    fill(tmp_path, 14, segment_bytes=4_000)
    segments = list_segments(tmp_path, "worker-0")
    for path in (newest(tmp_path), segments[1], checkpoint_log(tmp_path, "worker-0")):
        before = path.read_bytes()
        path.write_bytes(before + bytes(length))
        assert not verify(tmp_path).is_intact
        assert not verify_audit(tmp_path, PUBLIC_KEY).is_intact
        if path != segments[1]:
            with pytest.raises(AuditDamaged):
                open_writer(tmp_path)
        path.write_bytes(before)
    assert verify(tmp_path).is_intact
    writer = open_writer(tmp_path)
    segments[1].write_bytes(segments[1].read_bytes() + bytes(length))
    assert [finding.kind for finding in verify(tmp_path).findings] == [FindingKind.ALTERED]
    writer.close()


def test_what_stands_behind_zeros_is_not_taken_over(crashed: Path) -> None:
    """A frame that would continue the chain does not count when it does not begin where the frames end."""
    tail = Tail(crashed)
    tail.put(bytes(512) + tail.frame)
    with SegmentReader(tail.path, may_have_room=True) as reader:
        reader.read_header()
        assert sum(isinstance(frame, RecordFrame) for frame in reader.frames()) == 6
        assert isinstance(reader.trouble, MalformedFrame)
        assert reader.room == 0
    assert verify(crashed).findings == ()
    writer = open_writer(crashed)
    assert writer.head.seq == 6
    assert writer.recovery.torn_bytes > 512
    writer.close()
    assert verify(crashed).is_intact


def test_a_reader_meets_what_was_written_over_room_meanwhile(tmp_path: Path) -> None:
    """It has read zeros ahead; it looks again before it believes them. So it does when the file was cut."""
    writer = open_writer(tmp_path)
    commit(writer, 0)
    path = newest(tmp_path)
    with SegmentReader(path, may_have_room=True) as reader, SegmentReader(path, may_have_room=True) as other:
        reader.read_header()
        other.read_header()
        frames, others = reader.frames(), other.frames()
        assert next(frames).end == next(others).end
        commit(writer, 1)
        assert next(frames).end > other.end
        writer.close()
        assert len(list(others)) == 1
        assert list(frames) == []
        assert reader.trouble is None
        assert other.trouble is None
        assert (reader.room, other.room) == (0, 0)


def test_the_trail_takes_in_what_is_written_over_room(tmp_path: Path) -> None:
    """While the journal is open, group after group, over segments."""
    writer = open_writer(tmp_path, segment_bytes=8_000)
    trail = Trail(tmp_path)
    for number in range(40):
        commit(writer, number)
        assert trail.catch_up(100) == 1
        assert trail.catch_up(100) == 0
    writer.close()
    assert trail.catch_up(100) == 0
    trail.close()
    assert verify_audit(tmp_path, PUBLIC_KEY, ANCHOR_KEY, trail=tmp_path / "trail.db").is_intact
