"""Segments that are compressed or removed while they are verified or taken in.

A named pipe under the name of a file is what stops the reader at a place: it can be opened for writing no sooner than
the reader has opened it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from strongroom.audit.chain import chain_digest, render_record
from strongroom.audit.errors import AuditUnwritable
from strongroom.audit.layout import list_segments, write_all
from strongroom.audit.report import FindingKind, Report
from strongroom.audit.segment import compress_segment, open_segment
from strongroom.audit.verify import verify_audit
from strongroom.audit.writer import JournalWriter
from tests.faults.polling import until

from .places import ANCHOR_KEY, PUBLIC_KEY, Disk, fill, open_writer, record


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    """A closed journal of several segments."""
    directory = tmp_path / "audit"
    fill(directory, 14, segment_bytes=2_500)
    assert len(list_segments(directory, "worker-0")) > 3
    return directory


def open_when_read(pipe: Path) -> int:
    """Open a pipe for writing, as soon as somebody has opened it for reading."""
    found: list[int] = []

    def is_read() -> bool:
        try:
            found.append(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))
        except OSError as problem:
            if problem.errno != errno.ENXIO:
                raise
        return bool(found)

    until(is_read)
    os.set_blocking(found[0], True)
    return found[0]


def verify_while(directory: Path, pipe: Path, content: bytes, act: Callable[[], object]) -> Report:
    """Verify, and let something happen when a file is opened; it is a pipe then, and gives its content afterwards."""
    pipe.unlink(missing_ok=True)
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as threads:
        verifying = threads.submit(verify_audit, directory, PUBLIC_KEY, ANCHOR_KEY)
        descriptor = open_when_read(pipe)
        try:
            act()
            write_all(descriptor, content)
        finally:
            os.close(descriptor)
        return verifying.result(60)


def test_a_segment_that_is_compressed_after_it_was_listed_is_read(audit: Path) -> None:
    """The first one is opened after all were listed; the second one changes its form then."""
    first, second = list(list_segments(audit, "worker-0").values())[:2]
    report = verify_while(audit, first, first.read_bytes(), lambda: compress_segment(second))
    assert not second.exists()
    assert report.findings == ()
    assert report.journals[0].head.seq == 14


def test_a_segment_that_loses_its_plain_form_while_both_are_compared_is_read(audit: Path) -> None:
    """Both are there for a moment during a compression, and for long when a crash struck then."""
    second = list_segments(audit, "worker-0")[2]
    plain = second.read_bytes()
    twin = compress_segment(second)
    packed = twin.read_bytes()
    second.write_bytes(plain)
    report = verify_while(audit, twin, packed, lambda: compress_segment(second))
    assert not second.exists()
    assert report.findings == ()
    assert report.journals[0].head.seq == 14


@pytest.mark.parametrize("place", [2, -1])
def test_l04_a_segment_that_is_removed_after_it_was_listed_is_found(audit: Path, place: int) -> None:
    """In the middle and at the end; it ends in a finding, not in an exception."""
    segments = list(list_segments(audit, "worker-0").values())
    gone = segments[place]
    report = verify_while(audit, segments[0], segments[0].read_bytes(), gone.unlink)
    assert FindingKind.MISSING in {finding.kind for finding in report.findings if finding.file == str(gone)}


def test_a_segment_that_its_writer_takes_back_is_a_note(tmp_path: Path) -> None:
    """A disk that fails while a segment is begun: nothing in it was acknowledged, so nothing is missing."""
    disk = Disk()
    writer = open_writer(tmp_path, sync=disk, segment_bytes=400)
    for number in range(3):
        append(writer, number)
    before = list(list_segments(tmp_path, "worker-0").values())
    disk.hang()
    with ThreadPoolExecutor(1) as threads:
        beginning = threads.submit(append, writer, 3)
        assert disk.hanging.wait(60)
        *_, begun = list_segments(tmp_path, "worker-0").values()
        assert begun not in before

        def fail() -> None:
            disk.is_broken = True
            disk.come_back()
            with pytest.raises(AuditUnwritable):
                beginning.result(60)
            assert not begun.exists()

        report = verify_while(tmp_path, before[0], before[0].read_bytes(), fail)
    writer.close()
    assert report.findings == ()
    assert any(str(begun) in remark for remark in report.notes)


def append(writer: JournalWriter, number: int) -> None:
    """Commit one record."""
    head = writer.head
    digest = chain_digest(head.digest, head.seq + 1, record(number))
    frame = render_record(head.seq + 1, digest, record(number))
    writer.commit([frame], [], head.with_record(head.seq + 1, digest))


def test_a_listed_segment_is_opened_in_the_form_that_it_has(audit: Path) -> None:
    """Offsets are those of the plain form; what is there in neither form is not found."""
    listed = list_segments(audit, "worker-0")[2]
    with open_segment(listed) as reader:
        offset = reader.read_header().length
        expected = list(reader.frames())
    compressed = compress_segment(listed)
    with open_segment(listed, offset) as reader:
        assert reader.path == compressed
        assert list(reader.frames()) == expected
    compressed.unlink()
    for path in (listed, compressed):
        with pytest.raises(FileNotFoundError):
            open_segment(path)
