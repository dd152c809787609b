"""Whose turn it is to write: an exclusive ``flock`` that the kernel hands from one worker to the next.

SQLite's own busy handler does not queue: processes that contend through it gain nothing from group commit
and stall for hundreds of milliseconds. A killed holder gives its turn up by dying.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

TURN_NAME = "turn"


class WriteTurn:
    """The right to write, as a context manager; one object for each thread that writes."""

    def __init__(self, directory: Path) -> None:
        self._descriptor = os.open(directory / TURN_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> WriteTurn:
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)
