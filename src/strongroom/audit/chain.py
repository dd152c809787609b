"""The bytes of a journal: segment header, record frames, hash chain.

A journal is a row of segments, numbered from 1; each is a text file of lines that ``less`` and ``grep`` can
read. ``SP`` is one space, ``LF`` ends each line, numbers are decimal without leading zeros, digests are 64
lower-case hexadecimal digits::

    header      STRONGROOM-AUDIT SP 1 SP journal SP segment SP seq SP digest
                    SP checkpoint SP checkpoint-digest SP self-digest LF
    record      R SP seq SP length SP digest SP record LF            (record: length bytes, one JSON object)
    checkpoint  C SP number SP journal SP seq SP digest SP time SP previous SP signature LF

    digest(0)   = SHA-256("strongroom audit journal 1\\n" || journal)
    digest(seq) = SHA-256(digest(seq - 1) || seq as u64 || length as u32 || record)         big endian

The header names the head at which the segment begins: the last record of the one before and its digest, and
the last checkpoint and its digest. ``self-digest`` is the SHA-256 of the line before it, so that a header
torn by a crash is not taken for one.

Rules:
 - Every byte counts: a frame that is not written exactly as it would be written here is malformed.
 - Checkpoints lie between records without being links of the chain, so that the records of a journal hash
   the same wherever they are kept (the outbox in the store chains them before the journal has them).
 - Pure functions over bytes. Nothing here reads a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from struct import Struct
from typing import Final

import msgspec

from strongroom.audit.errors import IncompleteFrame, MalformedFrame
from strongroom.audit.record import MAX_RECORD_BYTES
from strongroom.patterns import pattern_of

ZERO_DIGEST: Final = bytes(32)
JOURNAL_ID: Final = pattern_of(rb"[a-z][a-z0-9-]{0,62}")
MAX_LINE_BYTES: Final = 512
"""No header, no checkpoint and no start of a record frame is longer."""

_NUMBER = rb"(0|[1-9][0-9]{0,18})"
_DIGEST = rb"([0-9a-f]{64})"
_JOURNAL = rb"([a-z][a-z0-9-]{0,62})"
_HEADER = pattern_of(
    rb"STRONGROOM-AUDIT 1 "
    + rb" ".join((_JOURNAL, _NUMBER, _NUMBER, _DIGEST, _NUMBER, _DIGEST, _DIGEST))
    + rb"\n"
)
_RECORD_START = pattern_of(rb"R " + rb" ".join((_NUMBER, _NUMBER, _DIGEST)) + rb" ")
_CHECKPOINT = pattern_of(
    rb"C " + rb" ".join((_NUMBER, _JOURNAL, _NUMBER, _DIGEST, _NUMBER, _DIGEST, rb"([0-9a-f]{128})")) + rb"\n"
)
_LINK: Final = Struct(">QI").pack


class Head(msgspec.Struct, frozen=True):
    """Where a journal stands: its newest record and its newest checkpoint.

    Attributes:
        seq: Number of the newest record; 0 before the first.
        digest: Its chain digest, 32 bytes.
        checkpoint: Number of the newest checkpoint; 0 before the first.
        checkpoint_digest: SHA-256 of its line, 32 bytes; zeros before the first.
    """

    seq: int
    digest: bytes
    checkpoint: int
    checkpoint_digest: bytes

    def with_record(self, seq: int, digest: bytes) -> Head:
        """Return the head after record ``seq``, which has that chain digest."""
        return Head(seq, digest, self.checkpoint, self.checkpoint_digest)

    def with_checkpoint(self, line: bytes) -> Head:
        """Return the head after one more checkpoint; ``line`` is with its line break."""
        digest = sha256(line[:-1]).digest()
        return Head(self.seq, self.digest, self.checkpoint + 1, digest)


class SegmentHeader(msgspec.Struct, frozen=True):
    """The first line of a segment."""

    journal: str
    segment: int
    head: Head
    length: int


class RecordFrame(msgspec.Struct, frozen=True):
    """A record as it lies in a segment, well formed; whether it continues the chain is yet to be checked."""

    seq: int
    digest: bytes
    record: bytes
    start: int
    end: int

    def follows(self, seq: int, digest: bytes) -> bool:
        """Whether this is the record after the one with that number and digest."""
        return self.seq == seq + 1 and self.digest == chain_digest(digest, self.seq, self.record)


class CheckpointFrame(msgspec.Struct, frozen=True):
    """A checkpoint as it lies in a segment or a log; ``line`` is without the line break.

    Attributes:
        digest: The chain digest of record ``seq``.
        previous: SHA-256 of the line of the checkpoint before; zeros for the first.
        line_digest: SHA-256 of this line.
    """

    number: int
    journal: str
    seq: int
    digest: bytes
    time_ms: int
    previous: bytes
    signature: bytes
    line: bytes
    start: int
    end: int

    @property
    def line_digest(self) -> bytes:
        """What the next checkpoint names as the one before it."""
        return sha256(self.line).digest()

    def follows(self, head: Head) -> bool:
        """Whether this speaks of ``head`` and comes after its checkpoint."""
        return (
            self.number == head.checkpoint + 1
            and self.previous == head.checkpoint_digest
            and self.seq == head.seq
            and self.digest == head.digest
        )


Frame = RecordFrame | CheckpointFrame


def genesis(journal: str) -> Head:
    """Return the head of a journal that holds nothing yet; its digest binds the chain to the journal's id."""
    return Head(0, sha256(b"strongroom audit journal 1\n" + journal.encode()).digest(), 0, ZERO_DIGEST)


def chain_digest(previous: bytes, seq: int, record: bytes) -> bytes:
    """Return the digest of record ``seq`` after the record with the digest ``previous``."""
    return sha256(previous + _LINK(seq, len(record)) + record).digest()


def render_record(seq: int, digest: bytes, record: bytes) -> bytes:
    """Write the frame of one record."""
    return b"".join((f"R {seq} {len(record)} {digest.hex()} ".encode("ascii"), record, b"\n"))


def render_records(seq: int, digest: bytes, records: Sequence[bytes]) -> tuple[list[bytes], bytes]:
    """Write the frames of records that follow record ``seq``, whose digest is given; return the last digest too."""
    frames = []
    for record in records:
        seq += 1
        digest = chain_digest(digest, seq, record)
        frames.append(render_record(seq, digest, record))
    return frames, digest


def render_header(journal: str, segment: int, head: Head) -> bytes:
    """Write the first line of a segment that begins after ``head``."""
    line = b"STRONGROOM-AUDIT 1 %b %d %d %b %d %b " % (
        journal.encode(),
        segment,
        head.seq,
        head.digest.hex().encode(),
        head.checkpoint,
        head.checkpoint_digest.hex().encode(),
    )
    return line + sha256(line).hexdigest().encode() + b"\n"


def parse_header(data: bytes) -> SegmentHeader:
    """Read the header at the start of ``data``.

    Raises:
        IncompleteFrame: ``data`` ends inside the line.
        MalformedFrame: The line is no header, or its own digest is wrong.
    """
    match = _HEADER.match(data)
    if match is None:
        if b"\n" not in data[:MAX_LINE_BYTES] and len(data) < MAX_LINE_BYTES:
            raise IncompleteFrame("the header is incomplete")
        raise MalformedFrame("the first line is not the header of a segment")
    if sha256(data[: match.start(7)]).hexdigest().encode() != match[7]:
        raise MalformedFrame("the header does not carry its own digest")
    head = Head(
        int(match[3]), bytes.fromhex(match[4].decode()), int(match[5]), bytes.fromhex(match[6].decode())
    )
    return SegmentHeader(match[1].decode(), int(match[2]), head, match.end())


def parse_frame(data: bytes, position: int, base: int = 0) -> Frame:
    """Read the frame that begins at ``position`` of ``data``.

    Args:
        data: A piece of a segment or of a checkpoint log.
        position: Where the frame begins in it.
        base: Where ``data`` begins in the file; ``start`` and ``end`` count from the file's start.

    Raises:
        IncompleteFrame: ``data`` ends inside what may be a frame.
        MalformedFrame: The bytes are no frame.
    """
    match = _RECORD_START.match(data, position)
    if match is not None:
        length = int(match[2])
        if length > MAX_RECORD_BYTES:
            raise MalformedFrame(
                f"a record claims {length} bytes; no record has more than {MAX_RECORD_BYTES}"
            )
        body = match.end()
        end = body + length + 1
        if end > len(data):
            raise IncompleteFrame("a record is incomplete")
        if data[end - 1] != 0x0A:
            raise MalformedFrame("a record does not end where its length says")
        return RecordFrame(
            int(match[1]), bytes.fromhex(match[3].decode()), data[body : end - 1], base + position, base + end
        )
    match = _CHECKPOINT.match(data, position)
    if match is not None:
        return CheckpointFrame(
            int(match[1]),
            match[2].decode(),
            int(match[3]),
            bytes.fromhex(match[4].decode()),
            int(match[5]),
            bytes.fromhex(match[6].decode()),
            bytes.fromhex(match[7].decode()),
            match[0][:-1],
            base + position,
            base + match.end(),
        )
    rest = data[position : position + MAX_LINE_BYTES]
    if len(rest) < MAX_LINE_BYTES and b"\n" not in rest and rest[:1] in (b"", b"R", b"C"):
        raise IncompleteFrame("a frame is incomplete")
    raise MalformedFrame("this is neither a record nor a checkpoint")
