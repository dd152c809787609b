"""A disk that is really full: refused, nothing leaked, said so, and recovered from without help (L-01, L-05).

Twice: under a limit on the size of files, which every user can set, and on a small file system where that may be
mounted.

Tried by hand: without the empty groups of the writer, or without the probe of the journal's ``tick``, readiness
never comes back; with ``Writer._run`` delivering True always, acknowledged writes are lost.
"""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.client import KeptConnection
from tests.faults.intact import check_audit, check_store
from tests.faults.load import Ledger, Load, check_records, check_values
from tests.faults.polling import until
from tests.support.server import Server

VALUE = "the value that must not leave"
DISK_MIB = 24


class LimitedFiles:
    """No file of the server may be written any more."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def fill(self) -> None:
        """Let every write fail."""
        self._limit(0)

    def clear(self) -> None:
        """Let writes succeed again."""
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        assert self._server.process is not None
        for pid in (self._server.process.pid, *self._server.children()):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


class SmallDisk:
    """A file system of a few MiB under the data directory."""

    def __init__(self, server: Server) -> None:
        self._filler = server.data_dir.parent / "filler"

    def fill(self) -> None:
        """Take every byte that is left."""
        with self._filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(os.urandom(65_536))
            except OSError:
                pass
            try:
                while True:
                    file.write(b"1")
            except OSError:
                pass

    def clear(self) -> None:
        """Give it back."""
        self._filler.unlink()


def may_mount() -> bool:
    """Whether this process may mount a file system."""
    if os.geteuid() != 0:
        return False
    return subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m,mode=700", "tmpfs", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True)


def walk_through_full_disk(server: Server, disk: LimitedFiles | SmallDisk) -> None:
    """Fill the disk under concurrent clients, look at what they get, and make room again."""
    ledger = Ledger()
    server.start()
    client = KeptConnection(server.endpoint, server.first)
    secret = {"Name": "s", "ClientRequestToken": "1" * 32, "SecretString": VALUE}
    assert client.ask("CreateSecret", secret).status == 200
    assert client.ask("GetSecretValue", {"SecretId": "s"}).status == 200
    assert client.get("/readyz").status == 200
    with Load(server, ledger, 0):
        ledger.wait_for_answers(50)
        disk.fill()
        until(lambda: len(ledger.refused) > 20)
        # Reads go on while their records find place in room that was written ahead.
        until(lambda: all(client.ask("GetSecretValue", {"SecretId": "s"}).status == 500 for _ in range(5)))
        for number in range(5):
            answer = client.ask("GetSecretValue", {"SecretId": "s"})
            assert answer.status == 500
            assert VALUE.encode() not in answer.body
            put = {"SecretId": "s", "ClientRequestToken": f"{number:032d}", "SecretString": VALUE}
            assert client.ask("PutSecretValue", put).status == 500
    assert client.get("/readyz").status == 503
    assert client.get("/healthz").status == 200
    assert client.get("/metrics").status == 200
    assert all(answer.status == 500 for answer in ledger.refused)
    disk.clear()
    until(lambda: client.get("/readyz").status == 200)
    assert client.ask("GetSecretValue", {"SecretId": "s"}).says["SecretString"] == VALUE
    ledger.refused.clear()
    with Load(server, ledger, 1):
        ledger.wait_for_answers(50)
    assert ledger.refused == []
    client.close()
    check_records(server.records(), ledger, check_values(server, ledger.writes))
    assert server.stop() == 0
    check_store(server.data_dir)
    check_audit(server.data_dir)


def test_l01_no_file_may_be_written(tmp_path: Path) -> None:
    """Under a limit of the kernel on the size of files."""
    server = Server(tmp_path / "data")
    try:
        walk_through_full_disk(server, LimitedFiles(server))
    finally:
        server.close()


if may_mount():

    def test_l01_the_disk_is_full(small_disk: Path) -> None:
        """On a file system that has no byte left."""
        server = Server(small_disk / "data")
        try:
            walk_through_full_disk(server, SmallDisk(server))
        finally:
            server.close()

    def test_l05_the_reserve_brings_a_full_disk_back(small_disk: Path) -> None:
        """With nothing else to delete the operator deletes the reserve, and the server goes on by itself."""
        server = Server(small_disk / "data")
        try:
            server.start()
            client = KeptConnection(server.endpoint, server.first)
            reserve = server.data_dir / "audit" / "reserve"
            until(reserve.exists)
            disk = SmallDisk(server)
            disk.fill()
            until(lambda: client.ask("GetSecretValue", {"SecretId": "s"}).status == 500)
            reserve.unlink()
            until(lambda: client.get("/readyz").status == 200)
            assert client.ask("GetSecretValue", {"SecretId": "s"}).status == 400
            disk.clear()
            client.close()
        finally:
            server.close()
