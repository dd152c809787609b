"""The bytes of a journal."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.audit.chain import (
    RecordFrame,
    chain_digest,
    genesis,
    parse_frame,
    parse_header,
    render_header,
    render_record,
    render_records,
)
from strongroom.audit.checkpoint import sign_checkpoint
from strongroom.audit.errors import FrameError, IncompleteFrame, MalformedFrame

from .places import NOW_MS, SIGNER


def test_the_digests_are_the_documented_ones() -> None:
    """Written out by hand, as docs/reference/audit-format.md says."""
    start = sha256(b"strongroom audit journal 1\nworker-0").digest()
    assert genesis("worker-0").digest == start
    expected = sha256(start + bytes(7) + b"\x01" + bytes(3) + b"\x02" + b"{}").digest()
    assert chain_digest(start, 1, b"{}") == expected
    assert render_record(1, expected, b"{}") == b"R 1 2 " + expected.hex().encode() + b" {}\n"


@given(st.binary(max_size=300), st.integers(1, 2**62))
def test_a_frame_reads_back_and_follows_only_its_predecessor(record: bytes, seq: int) -> None:
    """Any bytes may be a record, line breaks too."""
    before = sha256(b"before").digest()
    frame = render_record(seq, chain_digest(before, seq, record), record)
    read = parse_frame(b"xx" + frame + b"R 1", 2, 100)
    assert isinstance(read, RecordFrame)
    assert (read.seq, read.record, read.start, read.end) == (seq, record, 102, 102 + len(frame))
    assert read.follows(seq - 1, before)
    assert not read.follows(seq - 1, sha256(b"other").digest())
    assert not read.follows(seq, before)


@given(st.lists(st.binary(max_size=60), max_size=5), st.integers(0, 2**62))
def test_records_that_are_written_together_are_chained_like_those_written_alone(
    records: list[bytes], seq: int
) -> None:
    """The frames and the last digest are the same."""
    digest = sha256(b"before").digest()
    written = render_records(seq, digest, records)
    frames = []
    for number, record in enumerate(records, seq + 1):
        digest = chain_digest(digest, number, record)
        frames.append(render_record(number, digest, record))
    assert written == (frames, digest)


@given(st.binary(max_size=60), st.data())
def test_every_cut_frame_is_incomplete(record: bytes, data: st.DataObject) -> None:
    """A torn tail is told from damage."""
    frame = render_record(7, sha256(record).digest(), record)
    cut = data.draw(st.integers(0, len(frame) - 1))
    with pytest.raises(IncompleteFrame):
        parse_frame(frame[:cut], 0)


@given(st.binary(max_size=700))
def test_any_bytes_end_in_a_frame_or_a_domain_error(data: bytes) -> None:
    """The parsers never raise anything else."""
    for parse in (
        lambda: parse_frame(data, 0),
        lambda: parse_header(data),
        lambda: parse_frame(b"R " + data, 0),
    ):
        try:
            parse()
        except FrameError:
            continue


@pytest.mark.parametrize(
    "line",
    [
        b"R 01 2 " + b"0" * 64 + b" {}\n",
        b"R 1 02 " + b"0" * 64 + b" {}\n",
        b"R 1 2 " + b"A" * 64 + b" {}\n",
        b"R 1 2  " + b"0" * 64 + b" {}\n",
        b"R 1 3 " + b"0" * 64 + b" {}\n\n\n"[:4] + b"xx",
        b"R 1 999999999 " + b"0" * 64 + b" {}\n",
        b"X 1 2 " + b"0" * 64 + b" {}\n",
        b"\n",
    ],
)
def test_what_is_not_written_as_we_write_it_is_malformed(line: bytes) -> None:
    """There is one way to write a frame: leading zeros, upper case and wrong lengths are damage."""
    with pytest.raises(MalformedFrame):
        parse_frame(line, 0)


def test_every_flipped_bit_of_a_header_is_noticed() -> None:
    """The header carries its own digest."""
    head = genesis("changes")
    line = render_header("changes", 3, head)
    header = parse_header(line)
    assert (header.journal, header.segment, header.head) == ("changes", 3, head)
    for position in range(len(line)):
        for bit in range(8):
            flipped = bytearray(line)
            flipped[position] ^= 1 << bit
            with pytest.raises(FrameError):
                parse_header(bytes(flipped))


def test_a_checkpoint_reads_back_to_the_byte() -> None:
    """The line that is hashed is the line that was written."""
    head = genesis("worker-0")
    line = sign_checkpoint("worker-0", head, NOW_MS, SIGNER)
    frame = parse_frame(line, 0)
    assert not isinstance(frame, RecordFrame)
    assert frame.line + b"\n" == line
    assert frame.follows(head)
    assert head.with_checkpoint(line).checkpoint_digest == frame.line_digest
    assert not frame.follows(head.with_checkpoint(line))
