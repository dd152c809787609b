"""The checkpoint log of one journal: its checkpoints once more, in a file of their own.

Rules:
 - A checkpoint is appended after it is durable in the journal, and the log is synced before the anchor names it.
 - What the log lacks after a crash is written anew from the journal; what it has beyond the journal's durable end
   speaks of records that were refused, and is cut.

Whether log and journal agree is judged by ``writer`` when it opens them, and by ``verify``.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from strongroom.audit.chain import CheckpointFrame, RecordFrame
from strongroom.audit.errors import MalformedFrame
from strongroom.audit.layout import checkpoint_log, sync_directory, write_all
from strongroom.audit.segment import SegmentReader

_APPEND: Final = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


class Logged(msgspec.Struct, frozen=True):
    """What a checkpoint log holds: its last whole line, where that ends, what is torn or damaged after it."""

    last: CheckpointFrame | None
    end: int
    torn_bytes: int
    damage: str


class CheckpointLog:
    """The log of one journal, for its one writer.

    Args:
        directory: The audit directory.
        journal: The journal's id.
    """

    def __init__(self, directory: Path, journal: str) -> None:
        self._path = checkpoint_log(directory, journal)

    def read(self, up_to: int | None = None) -> Logged:
        """Read it, at most to the checkpoint of this number."""
        path = self._path
        last: CheckpointFrame | None = None
        end = 0
        if not path.exists():
            return Logged(None, 0, 0, "")
        damage = ""
        with SegmentReader(path) as reader:
            for frame in reader.frames():
                if isinstance(frame, RecordFrame):
                    damage = f"{path.name} is damaged at byte {frame.start}"
                    break
                if up_to is not None and frame.number > up_to:
                    break
                last, end = frame, frame.end
            if isinstance(reader.trouble, MalformedFrame):
                damage = f"{path.name} is damaged at byte {end}"
        return Logged(last, end, path.stat().st_size - end, damage)

    def append(self, lines: bytes) -> None:
        """Add checkpoints, as they stand in the journal, and wait until they are durable.

        Raises:
            OSError: They are not.
        """
        is_new = not self._path.exists()
        descriptor = os.open(self._path, _APPEND, 0o600)
        try:
            write_all(descriptor, lines)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            sync_directory(self._path.parent)

    def repair(self, logged: Logged, missing: Sequence[CheckpointFrame], number: int) -> None:
        """Make it whole.

        Args:
            logged: What ``read`` said.
            missing: The checkpoints of the journal that it lacks.
            number: The number of the journal's newest checkpoint.
        """
        path = self._path
        if logged.damage:
            # Somebody has accepted the loss. What is left of it is kept for whoever looks into the damage.
            path.rename(path.with_name(f"{path.name}.damaged-before-{number}"))
        elif logged.torn_bytes:
            os.truncate(path, logged.end)
        if missing:
            self.append(b"".join(frame.line + b"\n" for frame in missing))

    def cut(self, number: int) -> None:
        """Remove the checkpoints behind this number: those of a commit that failed."""
        if self._path.exists():
            end = self.read(up_to=number).end
            if self._path.stat().st_size > end:
                os.truncate(self._path, end)
