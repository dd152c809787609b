"""Every kind of tampering is found."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.audit.chain import (
    CheckpointFrame,
    Head,
    RecordFrame,
    chain_digest,
    genesis,
    parse_frame,
    parse_header,
    render_header,
    render_record,
)
from strongroom.audit.checkpoint import sign_checkpoint
from strongroom.audit.errors import AuditDamaged
from strongroom.audit.layout import anchor_path, checkpoint_log, list_segments
from strongroom.audit.report import FindingKind, Report
from strongroom.audit.segment import compress_segment
from strongroom.audit.shipping import ship_checkpoints
from strongroom.audit.trail import Trail
from strongroom.audit.verify import verify_audit

from .places import ANCHOR_KEY, NOW_MS, PUBLIC_KEY, SIGNER, fill, open_writer, record

MANY = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SOME = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def verify(directory: Path) -> Report:
    """Verify with the anchors' key."""
    return verify_audit(directory, PUBLIC_KEY, ANCHOR_KEY)


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two closed journals, one of them in several segments."""
    directory = tmp_path_factory.mktemp("master") / "audit"
    fill(directory, 14, segment_bytes=4_000)
    fill(directory, 6, journal="changes", first=100)
    assert len(list_segments(directory, "worker-0")) > 2
    assert verify(directory).findings == ()
    return directory


@pytest.fixture
def audit(master: Path, tmp_path: Path) -> Path:
    """A copy to be spoilt."""
    copy = tmp_path / "audit"
    shutil.copytree(master, copy)
    return copy


def files(directory: Path) -> list[Path]:
    """List every file that is part of the proof."""
    return sorted(
        path
        for path in directory.rglob("*")
        if path.is_file() and path.name != "lock" and path.parent != directory
    )


class Spoilt:
    """Changes a file and puts it back."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path, self._data = path, data

    def __enter__(self) -> None:
        self._before = self._path.read_bytes()
        assert self._before != self._data
        self._path.write_bytes(self._data)

    def __exit__(self, *_: object) -> None:
        self._path.write_bytes(self._before)


def lines_of(path: Path) -> list[bytes]:
    """Split a file of frames; records have no line break in them."""
    return path.read_bytes().splitlines(keepends=True)


@MANY
@given(data=st.data())
def test_l04_any_flipped_bit_is_found(master: Path, data: st.DataObject) -> None:
    """In a segment, a checkpoint log or an anchor."""
    path = data.draw(st.sampled_from(files(master)))
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    with Spoilt(path, bytes(content)):
        report = verify(master)
        assert not report.is_intact
        assert all(str(finding) and finding.sentence for finding in report.findings)


def test_l04_every_byte_of_an_anchor_counts(master: Path) -> None:
    """All of them, not a sample."""
    path = anchor_path(master, "changes")
    content = path.read_bytes()
    for position in range(len(content)):
        with Spoilt(path, content[:position] + bytes([content[position] ^ 1]) + content[position + 1 :]):
            assert not verify(master).is_intact


@MANY
@given(data=st.data())
def test_l04_any_truncation_is_found(master: Path, data: st.DataObject) -> None:
    """At any byte of any file, down to nothing."""
    path = data.draw(st.sampled_from(files(master)))
    content = path.read_bytes()
    with Spoilt(path, content[: data.draw(st.integers(0, len(content) - 1))]):
        assert not verify(master).is_intact


@SOME
@given(data=st.data())
def test_l04_any_removed_line_is_found(master: Path, data: st.DataObject) -> None:
    """A header, a record or a checkpoint; any run of them."""
    path = data.draw(st.sampled_from(files(master)))
    lines = lines_of(path)
    start = data.draw(st.integers(0, len(lines) - 1))
    end = data.draw(st.integers(start + 1, len(lines)))
    with Spoilt(path, b"".join(lines[:start] + lines[end:])):
        assert not verify(master).is_intact


@SOME
@given(data=st.data())
def test_l04_any_swap_and_any_repetition_is_found(master: Path, data: st.DataObject) -> None:
    """Also of lines from another journal or segment."""
    path = data.draw(st.sampled_from([path for path in files(master) if len(lines_of(path)) > 1]))
    lines = lines_of(path)
    first, second = data.draw(st.lists(st.integers(0, len(lines) - 1), min_size=2, max_size=2, unique=True))
    swapped = list(lines)
    swapped[first], swapped[second] = lines[second], lines[first]
    with Spoilt(path, b"".join(swapped)):
        assert not verify(master).is_intact
    with Spoilt(path, b"".join([*lines[:second], lines[first], *lines[second:]])):
        assert not verify(master).is_intact
    foreign = data.draw(st.sampled_from(lines_of(data.draw(st.sampled_from(files(master))))))
    if foreign != lines[first]:
        with Spoilt(path, b"".join([*lines[:first], foreign, *lines[first + 1 :]])):
            assert not verify(master).is_intact


@SOME
@given(data=st.data())
def test_l04_anything_appended_to_a_closed_journal_is_found(master: Path, data: st.DataObject) -> None:
    """Noise, or a line from elsewhere."""
    path = data.draw(st.sampled_from(files(master)))
    lines = [line for other in files(master) for line in lines_of(other)]
    extra = data.draw(st.one_of(st.binary(min_size=1, max_size=300), st.sampled_from(lines)))
    with Spoilt(path, path.read_bytes() + extra):
        assert not verify(master).is_intact


@pytest.mark.parametrize("index", range(12))
def test_l04_any_missing_file_is_found(audit: Path, index: int) -> None:
    """Each file by itself."""
    paths = files(audit)
    if index < len(paths):
        paths[index].unlink()
        assert not verify(audit).is_intact
    assert len(paths) <= 12


def test_l04_a_removed_journal_is_found_while_anything_of_it_is_left(audit: Path) -> None:
    """Log and anchor still name it."""
    shutil.rmtree(audit / "journals" / "changes")
    kinds = {finding.kind for finding in verify(audit).findings}
    assert {FindingKind.MISSING, FindingKind.CUT_TAIL} <= kinds


def test_l04_an_edited_record_is_named_with_file_and_offset(audit: Path) -> None:
    """The finding says where to look."""
    path = list_segments(audit, "worker-0")[1]
    content = path.read_bytes()
    at = content.index(b"192.0.2.7")
    path.write_bytes(content.replace(b"192.0.2.7", b"192.0.2.8", 1))
    (finding,) = verify(audit).findings
    assert finding.kind is FindingKind.ALTERED
    assert finding.file == str(path)
    assert finding.offset == content.rindex(b"\n", 0, at) + 1
    assert "record 1" in finding.sentence


def rewrite(directory: Path, journal: str, *, edit: int, signer: Ed25519PrivateKey | None) -> None:
    """Be an attacker who knows the format: edit a record and chain everything after it anew.

    Checkpoints are signed with ``signer``, or kept with their old signatures when there is none.
    """
    head: Head = genesis(journal)
    log: list[bytes] = []
    for number, path in list_segments(directory, journal).items():
        content = path.read_bytes()
        position = parse_header(content).length
        out = [render_header(journal, number, head)]
        while content[position:].strip(b"\0"):
            frame = parse_frame(content, position)
            if isinstance(frame, RecordFrame):
                text = frame.record.replace(b"Alice", b"Mallo") if frame.seq == edit else frame.record
                head = head.with_record(frame.seq, chain_digest(head.digest, frame.seq, text))
                out.append(render_record(frame.seq, head.digest, text))
            else:
                assert isinstance(frame, CheckpointFrame)
                line = frame.line + b"\n"
                if signer is not None:
                    line = sign_checkpoint(journal, head, frame.time_ms, signer)
                out.append(line)
                log.append(line)
                head = head.with_checkpoint(line)
            position = frame.end
        path.write_bytes(b"".join([*out, content[position:]]))
    checkpoint_log(directory, journal).write_bytes(b"".join(log))


@pytest.mark.parametrize("signer", [None, Ed25519PrivateKey.generate()])
def test_l04_a_chain_rewritten_from_an_edit_on_is_found_with_the_public_key_alone(
    audit: Path, signer: Ed25519PrivateKey | None
) -> None:
    """The chain has no key; the checkpoints have."""
    rewrite(audit, "worker-0", edit=2, signer=signer)
    report = verify_audit(audit, PUBLIC_KEY)
    assert FindingKind.CHECKPOINT in {finding.kind for finding in report.findings}


def test_l04_a_record_edited_after_the_newest_checkpoint_is_found_by_the_anchor(tmp_path: Path) -> None:
    """Until the next checkpoint the anchor speaks for the tail."""
    fill(tmp_path, 6)
    writer = open_writer(tmp_path)
    head = writer.head
    writer.commit(
        [render_record(7, chain_digest(head.digest, 7, record(7)), record(7))],
        [],
        head.with_record(7, chain_digest(head.digest, 7, record(7))),
    )
    writer.close()
    assert verify(tmp_path).is_intact
    rewrite(tmp_path, "worker-0", edit=7, signer=SIGNER)
    assert not verify(tmp_path).is_intact


def test_l04_the_newest_record_edited_after_a_crash_is_found(tmp_path: Path) -> None:
    """The anchor is open, the number of records is right, and the digest is not."""
    live, crashed = tmp_path / "live", tmp_path / "crashed"
    fill(live, 4)
    writer = open_writer(live)
    head = writer.head
    digest = chain_digest(head.digest, 5, record(5))
    writer.commit([render_record(5, digest, record(5))], [], head.with_record(5, digest))
    shutil.copytree(live, crashed)
    writer.close()
    assert verify(crashed).is_intact
    rewrite(crashed, "worker-0", edit=5, signer=SIGNER)
    assert not verify(crashed).is_intact
    with pytest.raises(AuditDamaged):
        open_writer(crashed)


def test_d05_an_old_anchor_does_not_hide_a_cut_that_the_log_knows(tmp_path: Path) -> None:
    """Anchor and journal agree on an older head; the checkpoint log has seen more."""
    fill(tmp_path, 3)
    segment = list_segments(tmp_path, "worker-0")[1]
    old_segment = segment.read_bytes()
    writer = open_writer(tmp_path)
    old_anchor = anchor_path(tmp_path, "worker-0").read_bytes()
    writer.close()
    fill(tmp_path, 4, first=3)
    segment.write_bytes(old_segment)
    anchor_path(tmp_path, "worker-0").write_bytes(old_anchor)
    assert {finding.kind for finding in verify(tmp_path).findings} == {FindingKind.CUT_TAIL}
    with pytest.raises(AuditDamaged, match="checkpoint log"):
        open_writer(tmp_path)


def test_l04_a_checkpoint_of_another_history_does_not_fit(tmp_path: Path) -> None:
    """Both are signed with our key and see the same records; only what came before differs."""
    head = genesis("worker-0")
    first = sign_checkpoint("worker-0", head, NOW_MS, SIGNER)
    other = sign_checkpoint("worker-0", head, NOW_MS + 1, SIGNER)
    second = sign_checkpoint("worker-0", head.with_checkpoint(other), NOW_MS + 2, SIGNER)
    open_writer(tmp_path).close()
    for path in (list_segments(tmp_path, "worker-0")[1], checkpoint_log(tmp_path, "worker-0")):
        with path.open("ab") as file:
            file.write(first + second)
    (finding,) = verify_audit(tmp_path, PUBLIC_KEY).findings
    assert "checkpoint 2 names another checkpoint before it" in finding.sentence


def test_l04_a_header_that_was_written_anew_is_found(audit: Path) -> None:
    """With its own digest right and another head in it."""
    path = list_segments(audit, "worker-0")[2]
    lines = lines_of(path)
    header = parse_header(lines[0])
    for head in (
        msgspec.structs.replace(header.head, digest=b"x" * 32),
        msgspec.structs.replace(header.head, checkpoint_digest=b"x" * 32),
        msgspec.structs.replace(header.head, checkpoint=header.head.checkpoint + 1),
    ):
        path.write_bytes(b"".join([render_header("worker-0", 2, head), *lines[1:]]))
        assert FindingKind.SEGMENT in {finding.kind for finding in verify(audit).findings}


def test_l04_an_attacker_cannot_leave_checkpoints_out(tmp_path: Path) -> None:
    """A thousand records without one are a finding by themselves."""
    writer = open_writer(tmp_path)
    head = writer.head
    frames = []
    for number in range(1, 1_102):
        head = head.with_record(number, chain_digest(head.digest, number, record(number)))
        frames.append(render_record(number, head.digest, record(number)))
    writer.commit(frames, [], head)
    writer.close()
    assert [finding.kind for finding in verify(tmp_path).findings] == [FindingKind.CHECKPOINT]


def test_d05_an_old_copy_of_everything_is_found_by_the_sink(tmp_path: Path) -> None:
    """Segments, log and anchor agree with each other, and not with what was shipped outside."""
    directory, sink, old = tmp_path / "audit", tmp_path / "sink", tmp_path / "old"
    fill(directory, 5)
    shutil.copytree(directory, old)
    fill(directory, 5, first=5)
    ship_checkpoints(directory, "worker-0", sink)
    assert verify_audit(directory, PUBLIC_KEY, ANCHOR_KEY, sink=sink).is_intact
    assert verify_audit(old, PUBLIC_KEY, ANCHOR_KEY).is_intact
    report = verify_audit(old, PUBLIC_KEY, ANCHOR_KEY, sink=sink)
    assert {finding.kind for finding in report.findings} == {FindingKind.SINK}
    shutil.rmtree(directory)
    assert not verify_audit(directory, PUBLIC_KEY, ANCHOR_KEY, sink=sink).is_intact


@SOME
@given(data=st.data())
def test_l04_a_changed_compressed_segment_is_found_or_holds_the_same_records(
    master: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """A flipped bit in the packing may be without meaning; then the content is the same."""
    directory = packed_copy(master, tmp_path_factory)
    path = list_segments(directory, "worker-0")[1]
    before = _plain(path)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with Spoilt(path, bytes(content)):
        assert not verify(directory).is_intact or _plain(path) == before


_PACKED: dict[Path, Path] = {}


def packed_copy(master: Path, factory: pytest.TempPathFactory) -> Path:
    """Copy once, with the first segment compressed."""
    if master not in _PACKED:
        copy = factory.mktemp("packed") / "audit"
        shutil.copytree(master, copy)
        compress_segment(list_segments(copy, "worker-0")[1])
        assert verify(copy).is_intact
        _PACKED[master] = copy
    return _PACKED[master]


def _plain(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes())


def test_a_plain_and_a_compressed_segment_side_by_side_must_agree(audit: Path) -> None:
    """A crash during compression leaves both; an edited twin is found."""
    path = list_segments(audit, "worker-0")[1]
    plain = path.read_bytes()
    packed = compress_segment(path)
    path.write_bytes(plain)
    os.chmod(path, 0o600)
    assert verify(audit).is_intact
    packed.write_bytes(packed.read_bytes()[:-4])
    assert not verify(audit).is_intact


@pytest.fixture
def trail(audit: Path) -> Iterator[Trail]:
    """A trail that has taken everything in."""
    opened = Trail(audit)
    assert opened.catch_up(1000) == 20
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM events WHERE seq = 3",
        "DELETE FROM events WHERE seq = 14",
        "UPDATE events SET record = replace(record, 'Alice', 'Mallo') WHERE seq = 2",
        "UPDATE events SET username = 'Mallory' WHERE seq = 2",
        "UPDATE events SET time_s = time_s + 1 WHERE seq = 2",
        "UPDATE events SET seq = 99 WHERE seq = 14",
        "DELETE FROM resources WHERE position = 1",
        "UPDATE resources SET name = 'other' WHERE position = 1 AND name LIKE 'arn:%'",
    ],
)
def test_l04_a_trail_that_differs_from_the_journals_is_found(audit: Path, trail: Trail, sql: str) -> None:
    """Rows that lack, are added or are edited."""

    def check() -> Report:
        return verify_audit(audit, PUBLIC_KEY, ANCHOR_KEY, trail=audit / "trail.db")

    assert check().is_intact
    trail._connection.execute(sql)
    assert trail._connection.changes() > 0
    assert {finding.kind for finding in check().findings} == {FindingKind.TRAIL}
    trail.rebuild()
    assert check().is_intact


def test_an_empty_directory_is_a_finding(tmp_path: Path) -> None:
    """Nothing to verify is not "verified"."""
    assert not verify_audit(tmp_path, PUBLIC_KEY).is_intact


def test_a_live_directory_verifies_at_every_moment(tmp_path: Path) -> None:
    """Between the steps of a commit no finding appears."""
    reports: list[Report] = []

    def sync(_: int) -> None:
        reports.append(verify_audit(tmp_path, PUBLIC_KEY, ANCHOR_KEY))

    fill(tmp_path, 12, sync=sync, segment_bytes=3_000)
    assert len(reports) > 12
    assert [report.findings for report in reports[1:]] == [()] * (len(reports) - 1)
