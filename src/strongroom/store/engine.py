"""Opening SQLite safely.

Rules (threat model D-01):
 - WAL, ``synchronous=FULL``: a commit that returned survives a power cut.
 - No connection runs checkpoints by itself; one process of the deployment does (``checkpointing.py``).
 - Only SQLite 3.51.3 or later: older ones can lose commits in WAL mode when several connections write.
 - Directory 0700, files 0600. Temporary tables stay in memory; deleted content is overwritten.

Source: https://www.sqlite.org/wal.html, https://www.sqlite.org/pragma.html
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import apsw

from strongroom.store.errors import StoreRefused

MINIMUM_SQLITE = (3, 51, 3)
DATABASE_NAME = "strongroom.db"
LOCK_NAME = "lock"


def check_sqlite_version(version: str | None = None) -> None:
    """Refuse a SQLite that can lose commits in WAL mode.

    Raises:
        StoreRefused: It is older than 3.51.3.
    """
    text = version or apsw.sqlite_lib_version()
    if tuple(int(part) for part in text.split(".")[:3]) < MINIMUM_SQLITE:
        raise StoreRefused(
            f"SQLite {text} can lose committed changes when several connections write in WAL mode. "
            "Install apsw 3.51.3 or later, which brings its own SQLite."
        )


def prepare_directory(directory: Path) -> None:
    """Make the data directory, readable by its owner alone.

    Raises:
        StoreRefused: It belongs to another user, or others may enter it.
    """
    os.umask(0o077)
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    facts = directory.stat()
    if facts.st_uid != os.getuid():
        raise StoreRefused(f"{directory} belongs to another user; give it to the user that runs Strongroom.")
    if facts.st_mode & 0o077:
        raise StoreRefused(f"Others may read {directory}; run: chmod 700 {directory}")


class StoreLock:
    """The claim of one deployment on a data directory, held as long as its file is open.

    The descriptor is inherited by the workers that the supervisor forks, so that the claim ends with the
    last of them.
    """

    def __init__(self, directory: Path) -> None:
        self._descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise StoreRefused(
                f"The store in {directory} is in use by another process; "
                "stop that one first, or use another --data-dir."
            ) from None

    def release(self) -> None:
        """Give the claim up."""
        os.close(self._descriptor)


def open_connection(
    path: Path | str, *, read_only: bool = False, durable: bool = True, vfs: str | None = None
) -> apsw.Connection:
    """Open one connection; each thread has its own.

    Args:
        path: The database file; it is created unless ``read_only``.
        read_only: Refuse every write on this connection.
        durable: ``synchronous=FULL``. False is for what can be rebuilt, and for the test that shows why.
        vfs: The name of a registered VFS; the power-cut test brings its own.
    """
    flags = apsw.SQLITE_OPEN_READWRITE | (0 if read_only else apsw.SQLITE_OPEN_CREATE)
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs, statementcachesize=200)
    connection.set_busy_timeout(5_000)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
    for pragma in (
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "secure_delete=ON",
        "temp_store=MEMORY",
        "mmap_size=0",
        "wal_autocheckpoint=0",
        "journal_size_limit=67108864",
        "cache_size=-2048",
    ):
        connection.execute(f"PRAGMA {pragma}")
    if read_only:
        connection.execute("PRAGMA query_only=ON")
    return connection
