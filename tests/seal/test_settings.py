"""``seal.json``: public, bounded, replaced whole; and how a seal is written on the command line."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from strongroom.seal import NOT_SERVED, PROVIDERS, parse_seal, provider_of
from strongroom.seal.errors import MalformedSealSettings, SealNotServed, UnknownSeal
from strongroom.seal.file import FileSeal
from strongroom.seal.passphrase import PassphraseSeal
from strongroom.seal.passphrase_source import PassphraseSource
from strongroom.seal.settings import (
    FILE_NAME,
    MAX_MEMORY_KIB,
    MIN_MEMORY_KIB,
    Argon2Cost,
    FileSettings,
    PassphraseSettings,
    SealSettings,
    load_settings,
    parse_settings,
    save_settings,
)

SOURCE = PassphraseSource(descriptor=-1)
FILE = FileSettings("/etc/strongroom/root.key", "ab" * 32)
PASSPHRASE = PassphraseSettings("cd" * 16, Argon2Cost(), "ab" * 32)


@pytest.mark.parametrize("settings", [FILE, PASSPHRASE])
def test_saved_settings_are_loaded(tmp_path: Path, settings: SealSettings) -> None:
    """What is saved comes back, replaces what was there, and leaves nothing beside it."""
    save_settings(tmp_path, FILE)
    save_settings(tmp_path, settings)
    assert load_settings(tmp_path) == settings
    assert [entry.name for entry in tmp_path.iterdir()] == [FILE_NAME]
    assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "spoiled",
    [
        b"",
        b"[]",
        b"{}",
        b'{"kind": "pkcs11"}',
        b'{"kind": "file", "path": "/a"}',
        b'{"kind": "file", "path": "/a", "verification": "short"}',
        msgspec.json.encode(FILE).replace(b'"path"', b'"key":"x","path"'),
        msgspec.json.encode(PASSPHRASE).replace(b"131072", str(MIN_MEMORY_KIB - 1).encode()),
        msgspec.json.encode(PASSPHRASE).replace(b"131072", str(MAX_MEMORY_KIB + 1).encode()),
        msgspec.json.encode(PASSPHRASE).replace(b'"passes":3', b'"passes":1'),
        msgspec.json.encode(PASSPHRASE).replace(b'"lanes":4', b'"lanes":0'),
        msgspec.json.encode(PASSPHRASE).replace(b"cd" * 16, b"cd" * 15),
        b"\xff",
    ],
)
def test_settings_out_of_bounds_are_refused(tmp_path: Path, spoiled: bytes) -> None:
    """Who can write the store cannot weaken the derivation, nor make it take all memory."""
    with pytest.raises(MalformedSealSettings):
        parse_settings(spoiled)
    (tmp_path / FILE_NAME).write_bytes(spoiled)
    with pytest.raises(MalformedSealSettings):
        load_settings(tmp_path)


def test_missing_settings_are_told(tmp_path: Path) -> None:
    """No ``seal.json``: a sentence, no traceback."""
    with pytest.raises(MalformedSealSettings, match=FILE_NAME):
        load_settings(tmp_path)


def test_seals_are_read_as_the_operator_writes_them(tmp_path: Path) -> None:
    """``file:PATH``, also with colons in the path, and ``passphrase``."""
    seal = parse_seal(f"file:{tmp_path}/with:colon", SOURCE)
    assert isinstance(seal, FileSeal)
    assert seal.path == tmp_path / "with:colon"
    assert isinstance(parse_seal("passphrase", SOURCE), PassphraseSeal)
    assert {parse_seal(f"{kind}:x" if kind == "file" else kind, SOURCE).kind for kind in PROVIDERS} == set(
        PROVIDERS
    )


def test_a_relative_path_is_made_absolute() -> None:
    """The server may be started from elsewhere next time."""
    seal = parse_seal("file:root.key", SOURCE)
    assert isinstance(seal, FileSeal)
    assert seal.path == Path.cwd() / "root.key"


@pytest.mark.parametrize("kind", sorted(NOT_SERVED))
def test_seals_that_are_not_served_say_so(kind: str) -> None:
    """Kinds that one may expect are refused with what to use instead."""
    with pytest.raises(SealNotServed, match="file:PATH or passphrase"):
        parse_seal(f"{kind}:anything", SOURCE)


@pytest.mark.parametrize("text", ["", "file", "file:", "fire:/x", "File:/x", "hunter2-canary", ":"])
def test_unknown_seals_are_refused_without_repeating_them(text: str) -> None:
    """The text may be a passphrase in the wrong place: it is not echoed."""
    with pytest.raises(UnknownSeal) as refusal:
        parse_seal(text, SOURCE)
    assert "canary" not in str(refusal.value)


def test_k06_a_passphrase_as_an_argument_is_refused() -> None:
    """``passphrase:SECRET`` would stand in the process list; it is refused and not repeated."""
    with pytest.raises(UnknownSeal, match="never given as an argument") as refusal:
        parse_seal("passphrase:hunter2-canary", SOURCE)
    assert "canary" not in str(refusal.value)


def test_settings_give_back_their_provider() -> None:
    """A deployment opens with the provider that its settings name."""
    assert provider_of(FILE, SOURCE).to_settings() == FILE
    assert provider_of(PASSPHRASE, SOURCE).to_settings() == PASSPHRASE
