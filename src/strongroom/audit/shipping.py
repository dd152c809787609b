"""Checkpoints copied outside, to a directory that the owner of the store's files does not own (L-04, D-05).

Rules:
 - The copy is a prefix of the local checkpoint log, or nothing is written: lines are only ever added.
 - A sink that hangs or is full delays nobody. It is written by a thread of its own and its problem is shown.
 - What could not be copied is copied later; nothing is queued but the wish to copy.

The need: a chain alone cannot show that its tail was cut, and an old copy of everything is consistent.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Final

from strongroom.audit.errors import AuditError, AuditUnwritable
from strongroom.audit.layout import checkpoint_log, sync_directory, write_all

_CHUNK_BYTES: Final = 64 * 1024


class SinkDiffers(AuditError):
    """The copy outside is not a beginning of the local checkpoint log: one of the two was altered."""


def ship_checkpoints(directory: Path, journal: str, sink: Path) -> int:
    """Add to the sink's copy of a checkpoint log what it lacks.

    Args:
        directory: The audit directory.
        journal: The journal's id.
        sink: The directory outside; the copy is ``checkpoints/<journal>.log`` in it.

    Returns:
        How many bytes were added.

    Raises:
        SinkDiffers: The copy is longer than the log, or another one.
        AuditUnwritable: The sink cannot be read or written.
    """
    source, target = checkpoint_log(directory, journal), checkpoint_log(sink, journal)
    try:
        if not source.exists() and not target.exists():
            return 0
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        local = source.read_bytes() if source.exists() else b""
        # A line that is being written is left for the next time.
        local = local[: local.rfind(b"\n") + 1]
        descriptor = os.open(target, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            copied = _read_all(descriptor)
            whole = copied[: copied.rfind(b"\n") + 1]
            if not local.startswith(whole):
                raise SinkDiffers(f"{target} is not a beginning of {source}")
            missing = local[len(whole) :]
            if missing:
                os.ftruncate(descriptor, len(whole))  # only a torn line, if any
                os.lseek(descriptor, len(whole), os.SEEK_SET)
                write_all(descriptor, missing)
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        sync_directory(target.parent)
    except OSError as problem:
        raise AuditUnwritable(f"the audit sink {sink}: {problem.strerror or problem}") from problem
    return len(missing)


def _read_all(descriptor: int) -> bytes:
    pieces: list[bytes] = []
    while piece := os.read(descriptor, _CHUNK_BYTES):
        pieces.append(piece)
    return b"".join(pieces)


class CheckpointShipper:
    """Copies one journal's checkpoints whenever it is told that there are new ones.

    Attributes:
        problem: Why the last copy failed, or None.
        shipped: How many copies succeeded.
    """

    def __init__(self, directory: Path, journal: str, sink: Path) -> None:
        self.problem: AuditError | None = None
        self.shipped = 0
        self._directory = directory
        self._journal = journal
        self._sink = sink
        self._wanted = threading.Event()
        self._is_closing = False
        self._thread = threading.Thread(target=self._run, name=f"audit sink {journal}", daemon=True)
        self._thread.start()

    def notify(self) -> None:
        """Say that there are new checkpoints; never blocks."""
        self._wanted.set()

    def close(self, timeout_s: float) -> bool:
        """Copy what is new and end; False when the sink did not answer in time."""
        self._is_closing = True
        self._wanted.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            is_last = self._is_closing
            try:
                ship_checkpoints(self._directory, self._journal, self._sink)
            except AuditError as problem:
                self.problem = problem
            else:
                self.problem = None
                self.shipped += 1
            if is_last:
                return
