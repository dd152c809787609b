"""A disk whose power can be cut: a VFS for SQLite that knows what was synced and what was not.

Rules:
 - Files behave as always until the cut: what was written is read back, as from the page cache of a kernel.
 - Beside each file lies what a disk would hold: what was there at the last sync, and the writes since.
 - The power goes at a chosen operation. From then on every operation fails, as for a process that is gone.
 - ``platter`` makes what is found afterwards: the synced bytes, and of each later write what chance lets
   survive, sector by sector and in any order. A file that was never synced may be gone.

What this does not do: damage bytes that were not being written, which no file system of today does.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512


class PowerLost(apsw.IOError):
    """The power is gone."""


@dataclass
class Platter:
    """One file as the disk has it."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes] | int] = field(default_factory=list)
    """Writes as (offset, bytes) and truncations as a size, in order."""

    def sync(self) -> None:
        """Bring everything to the disk."""
        for change in self.pending:
            _apply(self.synced, change)
        self.pending.clear()

    def after_cut(self, chance: random.Random) -> bytes:
        """Give the content after a cut: any part of what was pending may have reached the disk."""
        content = bytearray(self.synced)
        share = chance.choice((0.0, 0.5, 0.9, 1.0))
        for change in self.pending:
            if isinstance(change, int):
                if chance.random() < share:
                    _apply(content, change)
                continue
            offset, data = change
            start = 0
            while start < len(data):
                end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
                if chance.random() < share:
                    _apply(content, (offset + start, data[start:end]))
                start = end
        return bytes(content)


class Disk(apsw.VFS):
    """A VFS over files in a real directory, with a switch for the power.

    Args:
        name: Under which it is registered.
        forgets: A disk that says "synced" and does nothing: for the test of the test.
    """

    def __init__(self, name: str, *, forgets: bool = False) -> None:
        self.name = name
        self.files: dict[str, Platter] = {}
        self.operations = 0
        self.cut_at: int | None = None
        self.forgets = forgets
        super().__init__(name, "unix")

    @property
    def is_dark(self) -> bool:
        """Whether the power is gone."""
        return self.cut_at is not None and self.operations >= self.cut_at

    def step(self) -> None:
        """Count an operation that a cut may come before.

        Raises:
            PowerLost: It did.
        """
        if self.is_dark:
            raise PowerLost("the power is gone")
        self.operations += 1

    def xOpen(self, name: Any, flags: list[int]) -> Any:  # noqa: N802 - the name that apsw calls
        """Open a file that is watched."""
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        return WatchedFile(self, path, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:  # noqa: N802 - as above
        """Remove a file, durably."""
        self.step()
        super().xDelete(filename, syncdir)
        self.files.pop(filename, None)

    def leave(self, target: Path, chance: random.Random) -> None:
        """Write into a directory what is found when the power comes back; locks and shared memory are gone."""
        target.mkdir(mode=0o700)
        for filename, platter in self.files.items():
            content = platter.after_cut(chance)
            if content or platter.synced:
                (target / Path(filename).name).write_bytes(content)


class WatchedFile(apsw.VFSFile):
    """A file whose writes are remembered until they are synced."""

    def __init__(self, disk: Disk, path: str, name: Any, flags: list[int]) -> None:
        self._disk = disk
        self._platter = disk.files.setdefault(path, Platter())
        super().__init__("unix", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - as above
        """Write, for the page cache so far."""
        self._disk.step()
        super().xWrite(data, offset)
        self._platter.pending.append((offset, bytes(data)))

    def xTruncate(self, newsize: int) -> None:  # noqa: N802 - as above
        """Truncate, for the page cache so far."""
        self._disk.step()
        super().xTruncate(newsize)
        self._platter.pending.append(newsize)

    def xSync(self, flags: int) -> None:  # noqa: N802, ARG002 - as above, with what it calls
        """Bring everything to the disk; the real one is not waited for."""
        self._disk.step()
        if not self._disk.forgets:
            self._platter.sync()


@contextlib.contextmanager
def powered(name: str, *, forgets: bool = False) -> Iterator[Disk]:
    """Register a disk for a while; errors after the cut that SQLite has no way to hand on are let pass."""
    report = sys.unraisablehook

    def hear(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, PowerLost):
            report(unraisable)

    disk = Disk(name, forgets=forgets)
    sys.unraisablehook = hear
    try:
        yield disk
    finally:
        sys.unraisablehook = report
        disk.unregister()


def _apply(content: bytearray, change: tuple[int, bytes] | int) -> None:
    if isinstance(change, int):
        del content[change:]
        return
    offset, data = change
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    content[offset : offset + len(data)] = data
