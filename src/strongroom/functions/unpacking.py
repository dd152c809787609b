"""Unpacks the archives of functions and layers.

Rules (threat model F-06): whoever took the archive in has checked it, and its digest is compared here before
anything is written. Still:
 - Names are taken apart and judged again; links and devices are refused, not followed.
 - Bytes are counted as they come out, whatever the archive says.
 - Files are made anew (``O_EXCL``, ``O_NOFOLLOW``), read-only, in a directory that gets its name when it is whole.
"""

from __future__ import annotations

import os
import shutil
import stat
import threading
import zipfile
import zlib
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Final

from strongroom.errors import StrongroomError

MOST_BYTES: Final = 262_144_000
"""Lambda quotas: a function and its layers, unpacked."""
MOST_ENTRIES: Final = 65_535
KEPT_MOST: Final = 32
"""Unpacked trees that are kept though no sandbox uses them."""
_PART_BYTES: Final = 1_048_576


class CodeRefused(StrongroomError):
    """An archive cannot be unpacked, or is not the one that was stored."""


class Shelf:
    """The unpacked trees, by the digests of their archives.

    Args:
        directory: Where they lie.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._used: dict[str, int] = {}

    def borrow(self, digests: Sequence[bytes], fetch: Callable[[bytes], Path]) -> Path:
        """Give the tree of these archives, each laid over the one before; ``give_back`` ends the loan.

        Args:
            digests: SHA-256 of each.
            fetch: Gets an archive as a file, which is removed when it was used.

        Raises:
            CodeRefused: An archive is not what it should be.
        """
        name = _name(digests)
        with self._lock:
            self._used[name] = self._used.get(name, 0) + 1
            lock = self._locks.setdefault(name, threading.Lock())
        try:
            with lock:
                place = self._directory / name
                if not place.exists():
                    self._unpack(place, digests, fetch)
        except BaseException:
            self.give_back(digests)
            raise
        return place

    def give_back(self, digests: Sequence[bytes]) -> None:
        """A sandbox no longer uses this tree; the ones that nobody used for longest go when there are too many."""
        name = _name(digests)
        with self._lock:
            self._used[name] -= 1
            if self._used[name] == 0:
                del self._used[name]
                self._used = dict(self._used)
            idle = [one for one in self._locks if one not in self._used and (self._directory / one).exists()]
            surplus = idle[: max(0, len(idle) - KEPT_MOST)]
            for one in surplus:
                del self._locks[one]
                os.rename(self._directory / one, self._directory / f"{one}.old")
        for one in surplus:
            shutil.rmtree(self._directory / f"{one}.old", ignore_errors=True)

    def _unpack(self, place: Path, digests: Sequence[bytes], fetch: Callable[[bytes], Path]) -> None:
        new = place.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o755)
        left = MOST_BYTES
        try:
            for digest in digests:
                archive = fetch(digest)
                try:
                    _check(archive, digest)
                    left -= _unpack_one(archive, new, left)
                finally:
                    archive.unlink(missing_ok=True)
            os.rename(new, place)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise


def _name(digests: Sequence[bytes]) -> str:
    return sha256(b"".join(digests)).hexdigest()


def _check(archive: Path, digest: bytes) -> None:
    counted = sha256()
    with archive.open("rb") as file:
        while part := file.read(_PART_BYTES):
            counted.update(part)
    if counted.digest() != digest:
        raise CodeRefused("The code of the function is not what was stored.")


def _unpack_one(archive: Path, place: Path, most: int) -> int:
    written = 0
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = opened.infolist()
            if len(entries) > MOST_ENTRIES:
                raise CodeRefused("The archive has too many entries.")
            for entry in entries:
                written += _unpack_entry(opened, entry, place, most - written)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as problem:
        raise CodeRefused("The archive cannot be unpacked.") from problem
    return written


def _unpack_entry(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, place: Path, most: int) -> int:
    parts = entry.filename.rstrip("/").split("/")
    kind = stat.S_IFMT(entry.external_attr >> 16)
    is_plain = kind in (0, stat.S_IFREG) or (kind == stat.S_IFDIR and entry.is_dir())
    if not is_plain or any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise CodeRefused("The archive has an entry that is neither a file nor a directory below it.")
    directory = place
    for part in parts if entry.is_dir() else parts[:-1]:
        directory = directory / part
        if not directory.is_dir() or directory.is_symlink():
            directory.mkdir(mode=0o755)
    if entry.is_dir():
        return 0
    target = directory / parts[-1]
    target.unlink(missing_ok=True)  # of a layer below; within one archive names were checked to differ
    mode = 0o555 if (entry.external_attr >> 16) & 0o111 else 0o444
    written = 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(descriptor, "wb") as file, opened.open(entry) as reading:
        os.fchmod(descriptor, mode)
        while data := reading.read(_PART_BYTES):
            written += len(data)
            if written > most:
                raise CodeRefused(f"The archives are larger than {MOST_BYTES} bytes when they are unpacked.")
            file.write(data)
    return written
