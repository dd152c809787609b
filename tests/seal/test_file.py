"""The key file: made once, read only when nobody else can reach it."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from strongroom.seal.errors import (
    SealFileExists,
    SealFileMissing,
    SealFileUnsafe,
    SealNotCreated,
    WrongRootKey,
)
from strongroom.seal.file import FileSeal
from strongroom.seal.settings import FileSettings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A place for a key file."""
    return tmp_path / "root.key"


def test_the_created_key_is_the_one_that_opens(path: Path) -> None:
    """``create`` writes 32 bytes; ``open``, also from the settings, reads the same."""
    seal = FileSeal(path)
    created = bytes(seal.create().reveal())
    assert path.read_bytes() == created
    assert bytes(seal.open().reveal()) == created
    settings = seal.to_settings()
    assert settings.path == str(path)
    assert bytes(FileSeal.of(settings).open().reveal()) == created


def test_k06_a_new_key_file_is_closed_to_others(path: Path) -> None:
    """Mode 0600 from the first moment, whatever the umask."""
    before = os.umask(0)
    try:
        FileSeal(path).create()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_file_is_never_overwritten(path: Path) -> None:
    """A second ``create`` is refused, also over a dangling link, and changes nothing."""
    FileSeal(path).create()
    content = path.read_bytes()
    with pytest.raises(SealFileExists):
        FileSeal(path).create()
    assert path.read_bytes() == content
    link = path.with_name("link")
    link.symlink_to(path.with_name("target"))
    with pytest.raises(SealFileExists):
        FileSeal(link).create()
    assert not path.with_name("target").exists()


def test_two_keys_differ(path: Path) -> None:
    """Root keys are drawn."""
    assert FileSeal(path).create().reveal() != FileSeal(path.with_name("other")).create().reveal()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o610, 0o601, 0o777])
def test_k06_a_key_file_open_to_others_is_refused(path: Path, mode: int) -> None:
    """Any bit for group or others, and the message says what to run."""
    FileSeal(path).create()
    path.chmod(mode)
    with pytest.raises(SealFileUnsafe, match="chmod 600"):
        FileSeal(path).open()


def _link(path: Path) -> None:
    path.rename(path.with_name("real"))
    path.symlink_to(path.with_name("real"))


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir(mode=0o700)


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _long(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n")


@pytest.mark.parametrize("spoil", [_link, _directory, _pipe, _empty, _short, _long])
def test_k06_what_is_no_plain_key_file_is_refused(path: Path, spoil: Callable[[Path], None]) -> None:
    """A link, a directory, a pipe, and a file of another length."""
    seal = FileSeal(path)
    seal.create()
    spoil(path)
    with pytest.raises(SealFileUnsafe) as refusal:
        seal.open()
    assert str(path) in str(refusal.value)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to somebody else")
def test_k06_a_key_file_of_another_user_is_refused(path: Path) -> None:
    """Whoever owns the file can change it."""
    FileSeal(path).create()
    os.chown(path, 65534, -1)
    with pytest.raises(SealFileUnsafe, match="belong"):
        FileSeal(path).open()


def test_the_owner_is_compared_with_the_effective_user(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the tests do not run as root: a process of another user refuses the file."""
    FileSeal(path).create()
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    with pytest.raises(SealFileUnsafe, match="belong"):
        FileSeal(path).open()


def test_a_missing_file_or_directory_is_told(path: Path) -> None:
    """Neither ends in a bare OSError."""
    with pytest.raises(SealFileMissing):
        FileSeal(path).open()
    with pytest.raises(SealFileMissing):
        FileSeal(path / "deeper").open()
    with pytest.raises(SealFileMissing):
        FileSeal(path.with_name("nowhere") / "root.key").create()


def test_the_key_of_another_deployment_is_refused(path: Path) -> None:
    """The verification value tells, before anything is opened with it."""
    mine, other = FileSeal(path), FileSeal(path.with_name("other"))
    mine.create()
    other.create()
    mixed = FileSettings(str(path), other.to_settings().verification)
    with pytest.raises(WrongRootKey):
        FileSeal.of(mixed).open()


def test_a_file_that_was_there_before_is_taken_over(path: Path) -> None:
    """Without settings the key is taken as it is, and can be described afterwards."""
    FileSeal(path).create()
    seal = FileSeal(path)
    with pytest.raises(SealNotCreated):
        seal.to_settings()
    seal.open()
    assert FileSeal.of(seal.to_settings()).open().reveal() == seal.open().reveal()


def test_a_key_file_beside_the_store_is_recognised(tmp_path: Path) -> None:
    """Also through links and dots; another directory with the same beginning is not inside."""
    data = tmp_path / "data"
    data.mkdir()
    (tmp_path / "alias").symlink_to(data)
    assert FileSeal(data / "root.key").lies_in(data)
    assert FileSeal(tmp_path / "alias" / "root.key").lies_in(data)
    assert FileSeal(data / ".." / "data" / "deep" / "root.key").lies_in(data)
    assert not FileSeal(tmp_path / "data-keys" / "root.key").lies_in(data)


def test_nothing_shown_holds_the_key(path: Path) -> None:
    """Description, settings and object text name the path only."""
    seal = FileSeal(path)
    key = bytes(seal.create().reveal())
    shown = f"{seal.description} {seal.to_settings()} {seal!r}"
    assert str(path) in shown
    assert key.hex() not in shown
    assert repr(key)[2:-1] not in shown
