"""Where the audit record lies, and the few ways in which its files are made durable.

::

    audit/
      journals/<journal>/00000001.log        segments; the newest is written, older ones may be .log.gz
      journals/<journal>/lock                held by the one process that writes this journal
      checkpoints/<journal>.log              the checkpoints of the journal, once more
      anchors/<journal>                      the keyed note of its newest durable head
      trail.db, trail.lock                   the queryable trail
      rejects.log, rejects.log.1, ...        counts of unauthenticated requests
      reserve                                1 MiB that the operator may delete when the disk is full

Directories are 0700, files 0600.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from strongroom.audit.chain import JOURNAL_ID
from strongroom.audit.errors import AuditUnwritable
from strongroom.patterns import pattern_of

SEGMENT_NAME: Final = pattern_of(r"([0-9]{8})\.log(\.gz)?", re.ASCII)
RESERVE_BYTES: Final = 1024 * 1024


def journal_directory(directory: Path, journal: str) -> Path:
    """Name the directory of a journal's segments.

    Raises:
        ValueError: ``journal`` is not an id such as ``worker-0`` or ``changes``.
    """
    if JOURNAL_ID.fullmatch(journal.encode()) is None:
        raise ValueError("a journal's id is a lower-case letter and then letters, digits and hyphens")
    return directory / "journals" / journal


def checkpoint_log(directory: Path, journal: str) -> Path:
    """Name the file that repeats a journal's checkpoints; in a sink directory it is called the same."""
    return directory / "checkpoints" / f"{journal}.log"


def anchor_path(directory: Path, journal: str) -> Path:
    """Name the file that notes a journal's newest durable head."""
    return directory / "anchors" / journal


def segment_path(directory: Path, journal: str, number: int) -> Path:
    """Name a plain segment."""
    return journal_directory(directory, journal) / f"{number:08d}.log"


def list_segments(directory: Path, journal: str) -> dict[int, Path]:
    """Find a journal's segments by number, in order; the plain file where a compressed one lies beside it."""
    found: dict[int, Path] = {}
    folder = journal_directory(directory, journal)
    if folder.is_dir():
        for entry in sorted(folder.iterdir()):
            match = SEGMENT_NAME.fullmatch(entry.name)
            if match is not None:
                found.setdefault(int(match[1]), entry)  # "x.log" sorts before "x.log.gz"
    return dict(sorted(found.items()))


def list_journals(directory: Path) -> list[str]:
    """Name every journal of which anything is left: segments, checkpoints or an anchor."""
    names: set[str] = set()
    for folder, suffix in (("journals", ""), ("checkpoints", ".log"), ("anchors", "")):
        if (directory / folder).is_dir():
            for entry in (directory / folder).iterdir():
                name = entry.name.removesuffix(suffix)
                if entry.name.endswith(suffix) and JOURNAL_ID.fullmatch(name.encode()) is not None:
                    names.add(name)
    return sorted(names)


def make_directories(directory: Path, journal: str) -> None:
    """Make the directories that a journal's writer needs, durably."""
    for folder in (directory / "journals", directory / "checkpoints", directory / "anchors"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    journal_directory(directory, journal).mkdir(mode=0o700, exist_ok=True)
    for folder in (directory / "journals", directory / "checkpoints", directory / "anchors", directory):
        sync_directory(folder)


def sync_directory(folder: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of ``data``, however many calls that takes."""
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, memoryview(data)[written:])


def make_reserve(directory: Path) -> bool:
    """Keep 1 MiB of real disk blocks that an operator may delete when the disk is full (L-05).

    Returns:
        True when the reserve is there, False when there is no room for it.

    Raises:
        AuditUnwritable: The file cannot be made for another reason than lack of room.
    """
    path = directory / "reserve"
    if path.exists() and path.stat().st_size >= RESERVE_BYTES:
        return True
    partial = directory / f"reserve.{os.getpid()}"
    try:
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise AuditUnwritable(f"{partial} cannot be made: {problem.strerror}") from problem
    try:
        # Real bytes that do not compress, not a hole: only blocks that are taken can be given back.
        write_all(descriptor, os.urandom(RESERVE_BYTES))
        os.fsync(descriptor)
    except OSError:
        partial.unlink()
        return False
    finally:
        os.close(descriptor)
    partial.rename(path)
    return True
