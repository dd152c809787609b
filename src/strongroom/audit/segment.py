"""Reading segments, plain or compressed, and compressing those that are done.

Rules:
 - A segment is read as a stream: memory does not grow with its size.
 - Offsets are those of the plain segment, also when it is compressed.
 - A segment is replaced by its compressed form only after that form was read back and found equal. The compressed
   form has its name before the plain one loses it: who looks for the plain one first finds one of the two.

What this does not do: judge the chain. It yields frames that are well formed; callers compare them.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final

from strongroom.audit.chain import MAX_LINE_BYTES, Frame, SegmentHeader, parse_frame, parse_header
from strongroom.audit.errors import AuditDamaged, FrameError, IncompleteFrame, MalformedFrame
from strongroom.audit.layout import sync_directory, write_all

if TYPE_CHECKING:
    from gzip import GzipFile

CHUNK_BYTES: Final = 1024 * 1024


class SegmentReader:
    """Yields the frames of one segment, from an offset on, until the first that is not whole.

    Attributes:
        path: The segment.
        end: Offset after the last frame that was yielded.
        room: How many zeros stand from ``end`` to the end of the file; 0 when something else does.
        trouble: Why reading stopped: None at the exact end or at room, else what is wrong with the bytes at
            ``end``.

    Args:
        path: The segment.
        offset: Where a frame begins.
        may_have_room: It is the newest of its journal. In any other, zeros behind the frames are trouble.
    """

    def __init__(self, path: Path, offset: int = 0, *, may_have_room: bool = False) -> None:
        # Closed by __exit__. Unbuffered: ``_meets_room`` must see the file, not what was read of it before.
        opened = _open_compressed(path) if is_compressed(path) else path.open("rb", buffering=0)
        self._file: GzipFile | FileIO = opened
        self._may_have_room = may_have_room and not is_compressed(path)
        self.path = path
        self.end = offset
        self.room = 0
        self.trouble: FrameError | None = None
        self._data = b""
        self._position = 0
        if offset:
            self._guard_seek(offset)

    def __enter__(self) -> SegmentReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Read no more."""
        self._file.close()

    def agrees_with_twin(self) -> bool:
        """Whether a compressed form that lies beside this plain segment holds the same bytes; call it first."""
        twin = compressed_form(self.path)
        if is_compressed(self.path) or not twin.exists():
            return True
        # By the open file: its name may be gone any moment, when it is being compressed.
        is_same = has_same_content(self._file, twin)
        self._file.seek(self.end)
        return is_same

    def read_header(self) -> SegmentHeader:
        """Read the first line; call it before the frames and at offset 0.

        Raises:
            FrameError: There is no whole header.
        """
        self._fill(MAX_LINE_BYTES)
        header = parse_header(self._data)
        self._position = header.length
        self.end = header.length
        return header

    def frames(self) -> Iterator[Frame]:
        """Yield frame after frame; call it again to go on after ``skip_line`` or when the file has grown."""
        self.trouble = None
        self.room = 0
        while True:
            try:
                frame = parse_frame(self._data, self._position, self.end - self._position)
            except IncompleteFrame as problem:
                try:
                    grown = self._fill(len(self._data) - self._position + 1)
                except MalformedFrame as damage:
                    self.trouble = damage
                    return
                if grown:
                    continue
                if self._position < len(self._data):
                    self.trouble = problem
                return
            except MalformedFrame as problem:
                if self._may_have_room and self._data[self._position] == 0 and self._meets_room():
                    if self.room:
                        return
                    continue
                self.trouble = problem
                return
            self._position += frame.end - frame.start
            self.end = frame.end
            yield frame

    def _meets_room(self) -> bool:
        """Look at the file anew from ``end`` on: False when what stands there is damage, or torn."""
        self._file.seek(self.end)
        room = 0
        while piece := self._file.read(CHUNK_BYTES):
            if piece.count(0) < len(piece):
                room = 0
                break
            room += len(piece)
        self.room = room
        # A writer goes from front to back: when it came by, ``end`` is no zero any more by now. When it closed the
        # journal, the file ends there.
        self._file.seek(self.end)
        self._data, self._position = b"", 0
        return room > 0 or not self._fill(1) or self._data[0] != 0

    def skip_line(self) -> bool:
        """Go to the next line that begins like a frame, for the search after damage; False at the end."""
        while True:
            found = min(
                (
                    at
                    for at in (
                        self._data.find(b"\nR ", self._position),
                        self._data.find(b"\nC ", self._position),
                    )
                    if at >= 0
                ),
                default=-1,
            )
            if found >= 0:
                self.end += found + 1 - self._position
                self._position = found + 1
                return True
            # The last two bytes may begin the pattern that the next piece completes.
            keep = max(self._position, len(self._data) - 2)
            self.end += keep - self._position
            self._position = keep
            try:
                if not self._fill(len(self._data) - self._position + 1):
                    return False
            except MalformedFrame:
                return False

    def _fill(self, wanted: int) -> bool:
        """Have at least ``wanted`` unread bytes, or whatever is left; False when the file gave nothing."""
        self._data = self._data[self._position :]
        self._position = 0
        grown = False
        while len(self._data) < wanted:
            try:
                piece = self._file.read(CHUNK_BYTES)
            except (OSError, EOFError, zlib.error) as problem:
                if isinstance(problem, OSError) and problem.errno is not None:
                    raise
                raise MalformedFrame("the compressed segment is damaged") from problem
            if not piece:
                break
            grown = True
            self._data += piece
        return grown

    def _guard_seek(self, offset: int) -> None:
        try:
            self._file.seek(offset)
        except (EOFError, zlib.error) as problem:
            raise AuditDamaged("the compressed segment is damaged") from problem


def is_compressed(path: Path) -> bool:
    """Whether a path is that of a compressed segment."""
    return path.suffix == ".gz"


def compressed_form(plain: Path) -> Path:
    """Name the compressed form of a plain segment."""
    return plain.with_name(plain.name + ".gz")


def open_segment(listed: Path, offset: int = 0, *, may_have_room: bool = False) -> SegmentReader:
    """Open a segment that was listed, in the form that it has by now.

    Args:
        listed: What it was called when the directory was listed.
        offset: As of ``SegmentReader``.
        may_have_room: As of ``SegmentReader``.

    Raises:
        FileNotFoundError: It is there in neither form: somebody removed it.
    """
    try:
        return SegmentReader(listed, offset, may_have_room=may_have_room)
    except FileNotFoundError:
        if is_compressed(listed):
            raise
        return SegmentReader(compressed_form(listed), offset)


def compress_segment(path: Path) -> Path:
    """Replace a finished segment by its gzip'd form; the newest segment of a journal is never given here.

    A crash at any point leaves the plain segment, the compressed one, or both with the same content.

    Returns:
        The path of the compressed segment.

    Raises:
        AuditDamaged: The compressed form does not read back equal; the plain one stays.
    """
    target = compressed_form(path)
    partial = path.with_name(path.name + ".gz.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with path.open("rb") as plain:
            packer = zlib.compressobj(6, zlib.DEFLATED, 31)
            while piece := plain.read(CHUNK_BYTES):
                write_all(descriptor, packer.compress(piece))
            write_all(descriptor, packer.flush())
            os.fsync(descriptor)
            plain.seek(0)
            is_same = has_same_content(plain, partial)
    finally:
        os.close(descriptor)
    if not is_same:
        partial.unlink()
        raise AuditDamaged(f"{path.name} does not read back equal after compression")
    partial.rename(target)
    sync_directory(path.parent)
    path.unlink()
    sync_directory(path.parent)
    return target


def has_same_content(plain: IO[bytes] | FileIO | GzipFile, compressed: Path) -> bool:
    """Whether a compressed segment holds exactly the bytes that a plain one has from where it stands."""
    import gzip

    with gzip.open(compressed, "rb") as right:
        try:
            while True:
                piece = plain.read(CHUNK_BYTES)
                if right.read(len(piece) or 1) != piece:
                    return False
                if not piece:
                    return True
        except (EOFError, zlib.error, gzip.BadGzipFile):
            return False


def _open_compressed(path: Path) -> GzipFile:
    import gzip  # for old segments only; a start reads the newest

    return gzip.open(path, "rb")
