"""The offline verifier: what was changed, removed, moved or cut, said in sentences (L-04).

It needs the files and the 32 bytes of the public key. With the anchors' key it also judges the tail after
the newest checkpoint; with the sink's copy it also notices that an old state of everything was put back.

What is compared:
 - every byte of every segment with the hash chain, from the journal's genesis to its head;
 - every checkpoint with the chain, its signature, the checkpoint before it, and its copy in the log;
 - the anchor with the head; the sink's copy with the log; the trail's rows with the records.

Rules:
 - Whatever the files hold ends in a finding, never in an exception; only an error of the disk is raised.
 - After damage the search goes on at the next line, so that one edit does not hide another.
 - A live directory may be verified: the anchor is read first and the log second, and each is written after
   what it speaks of. What lies behind an open anchor was not acknowledged yet, and is a note. A segment that is
   compressed meanwhile is read in whichever form it has; only one that is there in neither was removed.

What this does not do: change anything.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from strongroom.audit.anchor import Anchor, read_anchor
from strongroom.audit.chain import CheckpointFrame, Frame, Head, RecordFrame, chain_digest, genesis
from strongroom.audit.checkpoint import CHECKPOINT_RECORDS, is_signed_by
from strongroom.audit.errors import AuditDamaged, FrameError
from strongroom.audit.layout import anchor_path, checkpoint_log, list_journals, list_segments
from strongroom.audit.report import FindingKind, JournalSummary, Notes, Report
from strongroom.audit.segment import SegmentReader, compressed_form, open_segment
from strongroom.audit.verify_trail import TrailComparison


def verify_audit(
    directory: Path,
    public_key: bytes,
    anchors_key: bytes | None = None,
    trail: Path | None = None,
    sink: Path | None = None,
) -> Report:
    """Verify the whole audit record.

    Args:
        directory: The audit directory, live or not, or a copy of one.
        public_key: The 32 bytes of the Ed25519 public key.
        anchors_key: The key of the anchors, or None to leave them out.
        trail: The file of the trail, or None to leave it out.
        sink: The directory outside to which checkpoints were shipped, or None.

    Raises:
        OSError: A file cannot be read.
    """
    key = Ed25519PublicKey.from_public_bytes(public_key)
    notes = Notes([], 0, [])
    names = set(list_journals(directory))
    if sink is not None:
        names.update(list_journals(sink))
    summaries: list[JournalSummary] = []
    comparison = TrailComparison(trail) if trail is not None else None
    try:
        for journal in sorted(names):
            check = _JournalCheck(directory, journal, key, notes, comparison)
            summaries.append(check.run(anchors_key, sink))
        if not names:
            notes.add(FindingKind.MISSING, directory, 0, "there is no journal here")
    finally:
        if comparison is not None:
            comparison.close()
    return Report(tuple(notes.findings), notes.omitted, tuple(notes.notes), tuple(summaries))


class _JournalCheck:
    """Walks one journal from genesis to head."""

    def __init__(
        self,
        directory: Path,
        journal: str,
        key: Ed25519PublicKey,
        notes: Notes,
        trail: TrailComparison | None,
    ) -> None:
        self._directory = directory
        self._journal = journal
        self._key = key
        self._notes = notes
        self._trail = trail
        self._head = genesis(journal)
        self._checkpoint_seq = 0
        self._checkpoint_ms = 0
        self._checkpoints: dict[int, CheckpointFrame] = {}
        self._anchor: Anchor | None = None
        self._is_shut = False
        self._is_anchor_met = True
        self._path = anchor_path(directory, journal)
        self._end = 0

    def run(self, anchors_key: bytes | None, sink: Path | None) -> JournalSummary:
        self._read_anchor(anchors_key)
        log_path = checkpoint_log(self._directory, self._journal)
        logged = self._read_log(log_path)
        sink_path = checkpoint_log(sink, self._journal) if sink is not None else None
        shipped = self._read_log(sink_path) if sink_path is not None else {}
        segments = list_segments(self._directory, self._journal)
        if self._trail is not None:
            self._trail.begin(self._journal)
        for expected, (number, path) in enumerate(segments.items(), start=1):
            # After a gap was said once, numbers are compared with the gap in mind.
            if number != expected and number - 1 not in segments:
                first = max((other for other in segments if other < number), default=0) + 1
                sentence = f"segments {first} to {number - 1} are missing before this one"
                self._add(FindingKind.SEGMENT, path, 0, sentence)
            self._read_segment(number, path, is_last=number == max(segments))
        if not segments:
            self._add(FindingKind.MISSING, self._path, 0, f"journal {self._journal} has no segment")
        self._compare_anchor(anchors_key)
        self._compare_log(log_path, logged, anchors_key)
        if sink_path is not None:
            self._compare_sink(sink_path, shipped)
        if self._trail is not None:
            for offset, sentence in self._trail.finish():
                self._add(FindingKind.TRAIL, self._trail.path, offset, sentence)
        return JournalSummary(self._journal, len(segments), self._head, self._checkpoint_ms)

    # Segments

    def _read_segment(self, number: int, listed: Path, *, is_last: bool) -> None:
        try:
            opened = open_segment(listed, may_have_room=is_last)
        except FileNotFoundError:
            if is_last and self._is_behind_anchor():
                self._notes.notes.append(
                    f"{listed}: taken back since; nothing in it was acknowledged by then"
                )
            else:
                sentence = "the segment was removed after the verification had begun"
                self._add(FindingKind.MISSING, listed, 0, sentence)
            return
        self._path = path = opened.path
        with opened as reader:
            if not reader.agrees_with_twin():
                sentence = "the compressed segment differs from the plain one"
                self._add(FindingKind.SEGMENT, compressed_form(path), 0, sentence)
            try:
                header = reader.read_header()
            except FrameError as problem:
                self._end = 0
                if not (is_last and self._is_behind_anchor()):
                    self._add(FindingKind.SEGMENT, path, 0, f"the segment has no header: {problem}")
                    if reader.skip_line():
                        self._read_frames(reader, path, is_last=is_last)
                else:
                    self._notes.notes.append(f"{path}: a segment that was being begun; it holds no record")
                return
            if (header.journal, header.segment) != (self._journal, number):
                sentence = f"this is segment {header.segment} of journal {header.journal}"
                self._add(FindingKind.SEGMENT, path, 0, sentence)
            if header.head != self._head:
                sentence = (
                    f"the segment begins after record {header.head.seq}, checkpoint {header.head.checkpoint}; "
                    f"the one before ends with record {self._head.seq}, checkpoint {self._head.checkpoint}, "
                    "or with others of these numbers"
                )
                self._add(FindingKind.SEGMENT, path, 0, sentence)
                if header.head.seq >= self._head.seq:
                    self._head = header.head
                    self._checkpoint_seq = header.head.seq
            self._read_frames(reader, path, is_last=is_last)

    def _read_frames(self, reader: SegmentReader, path: Path, *, is_last: bool) -> None:
        while True:
            for frame in reader.frames():
                if is_last and self._is_torn(frame):
                    self._end = frame.start
                    self._notes.notes.append(
                        f"{path}, byte {frame.start}: torn by a power cut; not acknowledged"
                    )
                    return
                self._take(frame, path)
            self._end = reader.end
            if reader.room and self._is_shut:
                sentence = f"{reader.room} zeros follow, although the journal was closed"
                self._add(FindingKind.MISPLACED, path, reader.end, sentence)
            if reader.trouble is None:
                return
            if is_last and self._is_behind_anchor():
                self._notes.notes.append(
                    f"{path}, byte {reader.end}: {reader.trouble}; these bytes were not acknowledged"
                )
                return
            self._add(FindingKind.ALTERED, path, reader.end, str(reader.trouble))
            if not reader.skip_line():
                return

    def _take(self, frame: Frame, path: Path) -> None:
        if isinstance(frame, RecordFrame):
            self._take_record(frame, path)
        else:
            self._take_checkpoint(frame, path)

    def _take_record(self, frame: RecordFrame, path: Path) -> None:
        head = self._head
        if frame.seq <= head.seq:
            sentence = f"record {frame.seq} stands again, or after record {head.seq}"
            self._add(FindingKind.MISPLACED, path, frame.start, sentence)
            return
        if frame.seq > head.seq + 1:
            first, last = head.seq + 1, frame.seq - 1
            sentence = f"records {first} to {last} are missing before this one"
            self._add(FindingKind.MISSING, path, frame.start, sentence)
        elif frame.digest != chain_digest(head.digest, frame.seq, frame.record):
            sentence = f"record {frame.seq}, its digest, or the record before it was altered"
            self._add(FindingKind.ALTERED, path, frame.start, sentence)
        # Go on from what the frame claims: the next frame shows whether the claim is the old one.
        self._head = head.with_record(frame.seq, frame.digest)
        if frame.seq - self._checkpoint_seq > CHECKPOINT_RECORDS:
            sentence = (
                f"no checkpoint stands among the {CHECKPOINT_RECORDS} records before record {frame.seq}"
            )
            self._add(FindingKind.CHECKPOINT, path, frame.start, sentence)
            self._checkpoint_seq = frame.seq - 1  # said once, then counted anew
        anchor = self._anchor
        if anchor is not None and frame.seq == anchor.head.seq and frame.digest != anchor.head.digest:
            self._is_anchor_met = False
        if self._trail is not None:
            for sentence in self._trail.compare(frame.seq, frame.record):
                self._add(FindingKind.TRAIL, self._trail.path, 0, sentence)

    def _take_checkpoint(self, frame: CheckpointFrame, path: Path) -> None:
        head = self._head
        label = f"checkpoint {frame.number}"
        if frame.number <= head.checkpoint:
            sentence = f"{label} stands again, or in the wrong place"
            self._add(FindingKind.CHECKPOINT, path, frame.start, sentence)
            return
        for sentence in _judge_checkpoint(frame, self._journal, self._key):
            self._add(FindingKind.CHECKPOINT, path, frame.start, sentence)
        if frame.number != head.checkpoint + 1:
            sentence = f"the checkpoints between {head.checkpoint} and {frame.number} are missing"
            self._add(FindingKind.CHECKPOINT, path, frame.start, sentence)
        elif frame.previous != head.checkpoint_digest:
            sentence = f"{label} names another checkpoint before it than the one that stands there"
            self._add(FindingKind.CHECKPOINT, path, frame.start, sentence)
        if (frame.seq, frame.digest) != (head.seq, head.digest):
            sentence = f"{label} saw another record {frame.seq} than stands here as record {head.seq}"
            self._add(FindingKind.CHECKPOINT, path, frame.start, sentence)
        digest = frame.line_digest
        anchor = self._anchor
        if anchor is not None and frame.number == anchor.head.checkpoint:
            self._is_anchor_met &= digest == anchor.head.checkpoint_digest
        self._head = Head(head.seq, head.digest, frame.number, digest)
        self._checkpoint_seq = head.seq
        self._checkpoint_ms = frame.time_ms
        self._checkpoints[frame.number] = frame

    # The files beside

    def _read_anchor(self, key: bytes | None) -> None:
        try:
            anchor = read_anchor(self._path, self._journal, key)
        except AuditDamaged as problem:
            self._add(FindingKind.ANCHOR, self._path, 0, str(problem))
            return
        if anchor is None:
            self._add(FindingKind.ANCHOR, self._path, 0, f"the anchor of journal {self._journal} is missing")
        else:
            self._is_shut = anchor.is_closed
            self._anchor = anchor if key is not None else None

    def _is_behind_anchor(self) -> bool:
        """Whether all that the anchor names was met, so that what follows was never acknowledged."""
        anchor = self._anchor
        return (
            anchor is not None
            and not anchor.is_closed
            and self._head.seq >= anchor.head.seq
            and self._head.checkpoint >= anchor.head.checkpoint
        )

    def _is_torn(self, frame: Frame) -> bool:
        """Whether sectors of a record behind the anchor are still room: no record that was written holds a zero."""
        return isinstance(frame, RecordFrame) and b"\0" in frame.record and self._is_behind_anchor()

    def _compare_anchor(self, key: bytes | None) -> None:
        anchor = self._anchor
        if anchor is None:
            if key is None:
                self._notes.notes.append(
                    f"journal {self._journal}: without the anchors' key nothing is said about "
                    f"what followed record {self._checkpoint_seq}"
                )
            return
        head = self._head
        named = f"record {anchor.head.seq} and checkpoint {anchor.head.checkpoint}"
        if head.seq < anchor.head.seq or head.checkpoint < anchor.head.checkpoint:
            sentence = (
                f"the journal ends with record {head.seq} and checkpoint {head.checkpoint}; "
                f"its anchor says that {named} were durable"
            )
            self._add(FindingKind.CUT_TAIL, self._path, self._end, sentence)
        elif not self._is_anchor_met:
            sentence = f"{named} are not the ones that the anchor names"
            self._add(FindingKind.ALTERED, self._path, self._end, sentence)
        elif head != anchor.head:
            if anchor.is_closed:
                sentence = f"records or checkpoints follow, although the journal was closed after {named}"
                self._add(FindingKind.MISPLACED, self._path, self._end, sentence)
            else:
                note = f"journal {self._journal}: what follows {named} was not acknowledged by then"
                self._notes.notes.append(note)

    def _read_log(self, path: Path) -> dict[int, CheckpointFrame]:
        """Read the log's lines by number and judge what can be judged without the journal."""
        found: dict[int, CheckpointFrame] = {}
        if not path.exists():
            return found
        last = 0
        with SegmentReader(path) as reader:
            while True:
                for frame in reader.frames():
                    if isinstance(frame, RecordFrame):
                        self._add(FindingKind.CHECKPOINT, path, frame.start, "this is no checkpoint")
                    elif frame.number != last + 1:
                        sentence = f"checkpoint {frame.number} follows checkpoint {last}"
                        self._add(FindingKind.CHECKPOINT, path, frame.start, sentence)
                    if isinstance(frame, CheckpointFrame):
                        last = frame.number
                        found.setdefault(last, frame)
                if reader.trouble is None:
                    return found
                self._add(FindingKind.CHECKPOINT, path, reader.end, str(reader.trouble))
                if not reader.skip_line():
                    return found

    def _compare_log(self, path: Path, logged: dict[int, CheckpointFrame], key: bytes | None) -> None:
        acknowledged = self._anchor.head.checkpoint if self._anchor is not None else 0
        may_lag = self._anchor is not None and not self._anchor.is_closed
        missing = [number for number in self._checkpoints if number not in logged]
        if missing and key is None:
            # Without the anchor a log that lags and one that was cut look alike: look once more.
            logged = self._read_log(path) if path.exists() else logged
        for number in missing:
            if number not in logged and not (may_lag and number > acknowledged):
                sentence = f"checkpoint {number} of the journal is not in the log"
                self._add(FindingKind.CHECKPOINT, path, 0, sentence)
        for number, frame in logged.items():
            in_journal = self._checkpoints.get(number)
            if in_journal is None:
                sentence = f"checkpoint {number}, which saw record {frame.seq}, is not in the journal"
                kind = FindingKind.CUT_TAIL if number > self._head.checkpoint else FindingKind.CHECKPOINT
                self._add(kind, path, frame.start, sentence)
                for judgement in _judge_checkpoint(frame, self._journal, self._key):
                    self._add(FindingKind.CHECKPOINT, path, frame.start, judgement)
            elif in_journal.line != frame.line:
                sentence = f"checkpoint {number} is another one than in the journal"
                self._add(FindingKind.CHECKPOINT, path, frame.start, sentence)

    def _compare_sink(self, path: Path, shipped: dict[int, CheckpointFrame]) -> None:
        """What was shipped outside must still be here, as it was."""
        for number, frame in shipped.items():
            here = self._checkpoints.get(number)
            if here is None or here.line != frame.line:
                state = "is not here" if here is None else "is another one here"
                sentence = f"checkpoint {number}, which was shipped outside after record {frame.seq}, {state}"
                self._add(FindingKind.SINK, path, frame.start, sentence)

    def _add(self, kind: FindingKind, file: Path, offset: int, sentence: str) -> None:
        self._notes.add(kind, file, offset, sentence)


def _judge_checkpoint(frame: CheckpointFrame, journal: str, key: Ed25519PublicKey) -> list[str]:
    sentences: list[str] = []
    if frame.journal != journal:
        sentences.append(f"checkpoint {frame.number} belongs to journal {frame.journal}")
    if not is_signed_by(frame, key):
        sentences.append(f"checkpoint {frame.number} is not signed with this deployment's key")
    return sentences
