"""Appending to the files of one journal: write, make durable, rotate, recover.

Rules:
 - One writer for each journal, by ``flock``; a second one is refused.
 - ``commit`` returns only when its frames are durable. When it raises, none of them counts: the handle is
   closed and never used or synced again (D-02), because after a failed fsync the kernel may have dropped
   the pages and report success the next time.
 - The next commit after a failure cuts the old segment back to its last durable frame and begins a new
   segment there. So the journal goes on by itself as soon as there is room again, and what was refused
   leaves no trace that could be mistaken for an acknowledged record.
 - Behind the durable end of the newest segment may stand room (``room``). It is cut off, durably, before the
   anchor says that the journal was closed, after a failure, and by whatever opens the journal.
 - Opening keeps every whole frame, cuts a torn tail, and refuses when the anchor or the checkpoint log show
   that acknowledged records are gone: somebody has to say that this is known (``accept_loss``).
 - The order of a commit: frames, fsync, checkpoint log, anchor. The anchor never names what is not durable.

Blocking; a thread or a background process calls it. Nothing here reads a clock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from strongroom.audit.anchor import AnchorFile, read_anchor
from strongroom.audit.chain import CheckpointFrame, Head, RecordFrame, genesis, parse_frame, render_header
from strongroom.audit.checkpoint_log import CheckpointLog
from strongroom.audit.errors import AuditDamaged, AuditInUse, AuditUnwritable, FrameError
from strongroom.audit.layout import (
    anchor_path,
    journal_directory,
    list_segments,
    make_directories,
    segment_path,
    sync_directory,
    write_all,
)
from strongroom.audit.room import count_torn, plan_room, write_with_room
from strongroom.audit.segment import SegmentReader

SEGMENT_BYTES: Final = 64 * 1024 * 1024
_WRITE: Final = os.O_WRONLY | os.O_CLOEXEC | os.O_NOFOLLOW
_APPEND: Final = _WRITE | os.O_APPEND


class Recovery(msgspec.Struct, frozen=True):
    """What opening a journal found and did; worth a line in the log when anything is not zero.

    Attributes:
        torn_bytes: Bytes after the last whole frame that were cut off; without the room behind them.
        unanchored_records: Whole records after the anchor: written, perhaps never acknowledged, and kept.
        repaired_checkpoints: Checkpoints that the checkpoint log lacked and got.
        accepted_loss: Why the journal would have been refused; empty when it would not.
    """

    torn_bytes: int = 0
    unanchored_records: int = 0
    repaired_checkpoints: int = 0
    accepted_loss: str = ""


class JournalWriter:
    """The files of one journal, open for appending.

    Args:
        directory: The audit directory.
        journal: The journal's id, for example ``worker-0``.
        anchor_key: At least 16 secret bytes that key the anchor.
        sync: Makes a descriptor's data durable; the port to the disk.
        segment_bytes: A segment that has reached this size is followed by a new one.
        accept_loss: Go on although acknowledged records are missing.

    Raises:
        AuditInUse: Another process writes this journal.
        AuditDamaged: Acknowledged records are missing or altered, or the anchor is not ours.
        AuditUnwritable: The files cannot be opened or made.
    """

    def __init__(
        self,
        directory: Path,
        journal: str,
        *,
        anchor_key: bytes,
        sync: Callable[[int], None] = os.fdatasync,
        segment_bytes: int = SEGMENT_BYTES,
        accept_loss: bool = False,
    ) -> None:
        if len(anchor_key) < 16:
            raise ValueError("the anchor's key has at least 16 bytes")
        self.journal = journal
        self.head = genesis(journal)
        self.recovery = Recovery()
        self.checkpoint_seq = 0
        self.checkpoint_ms = 0
        self._directory = directory
        self._log = CheckpointLog(directory, journal)
        self._sync = sync
        self._segment_bytes = segment_bytes
        self._descriptor = -1
        self._number = 0
        self._offset = 0
        self._first_offset = 0
        self._size = 0  # of the newest segment: what lies between ``_offset`` and here is room
        self._wants_room = True
        self._is_uncut = False  # whether the newest segment may hold more than what is durable
        with contextlib.ExitStack() as undo:
            try:
                make_directories(directory, journal)
                self._lock = self._take_lock()
                undo.callback(os.close, self._lock)
                self._open_files(anchor_key, accept_loss, undo)
            except OSError as problem:
                raise AuditUnwritable(f"journal {journal} cannot be opened: {problem.strerror}") from problem
            undo.pop_all()

    def commit(self, frames: Sequence[bytes], checkpoints: Sequence[bytes], head: Head) -> None:
        """Append frames that continue the chain from ``self.head`` and wait until they are durable.

        Args:
            frames: Records and checkpoints in order, as ``chain`` and ``checkpoint`` render them.
            checkpoints: The checkpoints among them, once more.
            head: Where the chain stands after them.

        Raises:
            AuditUnwritable: They count as not written; the next commit continues from the old ``self.head``.
        """
        data = b"".join(frames)
        try:
            if self._descriptor < 0:
                self._recover()
            elif self._offset >= self._segment_bytes:
                self._rotate()
            self._write(data)
            self._sync(self._descriptor)
            if checkpoints:
                self._log.append(b"".join(checkpoints))
            self._anchor.write(head)
        except OSError as problem:
            self.abandon()
            raise AuditUnwritable(f"journal {self.journal}: {problem.strerror or problem}") from problem
        self.head = head
        self._offset += len(data)
        if checkpoints:
            newest = parse_frame(checkpoints[-1], 0)
            assert isinstance(newest, CheckpointFrame)
            self.checkpoint_seq, self.checkpoint_ms = newest.seq, newest.time_ms

    def abandon(self) -> None:
        """Close the handle without another sync; the next commit begins a new segment at ``self.head``."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            # A disk that is nearly full may refuse room and have place for records: no more until a segment is full.
            self._wants_room = False
            # Closing may report the failure once more; the descriptor is gone either way (close(2)), and the
            # failure is being handled by whoever called.
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def close(self) -> None:
        """Cut the room off, make the anchor durable and give up the files and the lock.

        Raises:
            AuditUnwritable: One of the two could not be done; everything is closed all the same.
        """
        try:
            if self._descriptor >= 0:
                self._cut_room()
                self._is_uncut = False
            # After a failure without a commit since, refused bytes may lie behind the head: that is no orderly end.
            self._anchor.write_durably(self.head, is_closed=not self._is_uncut)
        except OSError as problem:
            raise AuditUnwritable(f"journal {self.journal} cannot be closed: {problem.strerror}") from problem
        finally:
            self.abandon()
            self._anchor.close()
            os.close(self._lock)

    # Opening

    def _take_lock(self) -> int:
        path = journal_directory(self._directory, self.journal) / "lock"
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise AuditInUse(f"journal {self.journal} is written by another process") from None
        return lock

    def _open_files(self, anchor_key: bytes, accept_loss: bool, undo: contextlib.ExitStack) -> None:
        path = anchor_path(self._directory, self.journal)
        losses: list[str] = []
        try:
            anchor = read_anchor(path, self.journal, anchor_key)
        except AuditDamaged as problem:
            losses.append(str(problem))
            anchor = None
        anchored = anchor.head if anchor is not None else None
        scan = _scan(self._directory, self.journal, anchored)
        losses += scan.losses
        if anchored is None and not losses and (scan.head.seq or scan.head.checkpoint):
            losses.append(f"the anchor of journal {self.journal} is missing")
        if anchor is not None and anchor.is_closed and (scan.head != anchor.head or scan.size > scan.end):
            losses.append(
                f"journal {self.journal} was closed at record {anchor.head.seq} and was changed since"
            )
        logged = self._log.read()
        if logged.last is not None and logged.last.number > scan.head.checkpoint:
            losses.append(
                f"journal {self.journal} ends at record {scan.head.seq}, checkpoint {scan.head.checkpoint}; "
                f"its checkpoint log names record {logged.last.seq} and checkpoint {logged.last.number}"
            )
        if logged.damage:
            losses.append(logged.damage)
        if losses and not accept_loss:
            raise AuditDamaged("; ".join(losses))
        # Nothing was changed so far. From here on the files are made to agree.
        for broken in scan.broken_segments:
            broken.unlink()
        self.head = scan.head
        self._number = scan.number
        self._offset = self._first_offset = self._size = scan.end
        newest = logged.last
        missing = [frame for frame in scan.checkpoints if newest is None or frame.number > newest.number]
        if missing or logged.torn_bytes:
            self._log.repair(logged, missing, self.head.checkpoint)
        if missing:
            newest = missing[-1]
        if newest is not None:
            self.checkpoint_seq, self.checkpoint_ms = newest.seq, newest.time_ms
        self.recovery = Recovery(
            scan.torn_bytes,
            scan.head.seq - anchored.seq if anchored is not None and anchored.seq < scan.head.seq else 0,
            len(missing),
            "; ".join(losses),
        )
        self._anchor = AnchorFile(path, self.journal, anchor_key)
        undo.callback(self._anchor.close)
        self._anchor.write_durably(self.head, is_closed=False)
        if scan.is_appendable:
            self._descriptor = os.open(segment_path(self._directory, self.journal, scan.number), _WRITE)
            undo.callback(self.abandon)
            self._first_offset = scan.first_offset
            self._is_uncut = True
            if scan.size > scan.end:
                os.ftruncate(self._descriptor, scan.end)
            # What a crashed process wrote but did not sync is built upon from now on.
            os.fsync(self._descriptor)
        else:
            self._begin_segment()
            undo.callback(self.abandon)

    # Segments

    def _write(self, data: bytes) -> None:
        """Write a group at the durable end, and room behind it when the file must grow."""
        end = self._offset + len(data)
        room = plan_room(len(data), end, self._segment_bytes) if end > self._size and self._wants_room else 0
        self._size = max(self._size, write_with_room(self._descriptor, data, self._offset, room))

    def _rotate(self) -> None:
        # Every commit synced it, and there is no room to cut: it ends where the segment is full at the latest.
        os.close(self._descriptor)
        self._descriptor = -1
        self._wants_room = True
        self._begin_segment()

    def _cut_room(self) -> None:
        if self._size > self._offset:
            os.ftruncate(self._descriptor, self._offset)
            self._sync(self._descriptor)
            self._size = self._offset

    def _recover(self) -> None:
        """Cut what may have been written after the last durable frame, and begin a new segment."""
        # The log first: a checkpoint that only the log has would look like a cut tail after a crash.
        self._log.cut(self.head.checkpoint)
        if self._is_uncut:
            path = segment_path(self._directory, self.journal, self._number)
            if self._offset > self._first_offset:
                descriptor = os.open(path, _APPEND)
                try:
                    os.ftruncate(descriptor, self._offset)
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            else:
                # Nothing in it counts. It is replaced, or a full disk would fill up with headers.
                path.unlink()
                self._number -= 1
            # INVARIANT: all of segment ``_number`` is durable now; a second attempt must not touch it again.
            self._is_uncut = False
        self._begin_segment()

    def _begin_segment(self) -> None:
        number = self._number + 1
        path = segment_path(self._directory, self.journal, number)
        header = render_header(self.journal, number, self.head)
        # INVARIANT: we hold the lock and never counted ``number``: a file of this name is our own failure.
        descriptor = os.open(path, _WRITE | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            write_all(descriptor, header)
            self._sync(descriptor)
            sync_directory(path.parent)
        except OSError:
            os.close(descriptor)
            path.unlink()
            raise
        self._descriptor = descriptor
        self._number = number
        self._offset = self._first_offset = self._size = len(header)
        self._is_uncut = True


class _Scan(msgspec.Struct, frozen=True):
    """What the newest segments hold."""

    head: Head
    number: int
    first_offset: int
    end: int
    size: int
    torn_bytes: int
    is_appendable: bool
    checkpoints: tuple[CheckpointFrame, ...]
    broken_segments: tuple[Path, ...]
    losses: tuple[str, ...]


def _scan(directory: Path, journal: str, anchored: Head | None) -> _Scan:
    """Read the newest segment that has a header, frame by frame."""
    broken: list[Path] = []
    for number, path in reversed(list_segments(directory, journal).items()):
        with SegmentReader(path) as reader:
            try:
                header = reader.read_header()
            except FrameError:
                # Torn when it was begun; nothing in it was acknowledged unless the anchor says otherwise.
                broken.append(path)
                continue
            return _scan_frames(reader, header.head, number, path, anchored, broken)
    losses = []
    if anchored is not None and (anchored.seq or anchored.checkpoint):
        losses.append(f"journal {journal} is gone; its anchor names record {anchored.seq}")
    return _Scan(genesis(journal), 0, 0, 0, 0, 0, False, (), tuple(broken), tuple(losses))


def _scan_frames(
    reader: SegmentReader, head: Head, number: int, path: Path, anchored: Head | None, broken: list[Path]
) -> _Scan:
    first_offset = end = reader.end
    checkpoints: list[CheckpointFrame] = []
    losses: list[str] = []
    # The anchor's head is compared when it is passed; what it says of earlier segments, the verifier checks.
    for frame in reader.frames():
        if isinstance(frame, RecordFrame):
            if not frame.follows(head.seq, head.digest):
                break
            head = head.with_record(frame.seq, frame.digest)
            if anchored is not None and frame.seq == anchored.seq and frame.digest != anchored.digest:
                losses.append(f"{path.name}: record {frame.seq} is not the one that the anchor names")
        else:
            if not frame.follows(head):
                break
            head = Head(head.seq, head.digest, frame.number, frame.line_digest)
            checkpoints.append(frame)
        end = frame.end
    if anchored is not None and (anchored.seq > head.seq or anchored.checkpoint > head.checkpoint):
        losses.append(
            f"{path.name} ends at record {head.seq} and checkpoint {head.checkpoint}; "
            f"the anchor names record {anchored.seq} and checkpoint {anchored.checkpoint}"
        )
    is_plain = path.suffix != ".gz"
    size = path.stat().st_size if is_plain else end
    return _Scan(
        head,
        number,
        first_offset,
        end,
        size,
        count_torn(path, end) if size > end else 0,
        is_plain,
        tuple(checkpoints),
        tuple(broken),
        tuple(losses),
    )
