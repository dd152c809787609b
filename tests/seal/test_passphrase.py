"""The passphrase seal: the derivation, the sources, and a wrong passphrase."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2.low_level import Type, hash_secret_raw

from strongroom.crypto.errors import KeyWiped
from strongroom.seal import passphrase_source
from strongroom.seal.errors import PassphraseMissing, PassphraseUnsafe, SealNotCreated, WrongRootKey
from strongroom.seal.passphrase import PassphraseSeal
from strongroom.seal.passphrase_source import MAX_BYTES, PassphraseSource
from strongroom.seal.provider import check_root_key
from strongroom.seal.settings import MIN_MEMORY_KIB, Argon2Cost

CHEAP = Argon2Cost(memory_kib=MIN_MEMORY_KIB, passes=2, lanes=1)
PASSPHRASE = "correct horse battery"

Pipe = Callable[[bytes], int]


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """Make read ends of pipes that hold the given bytes."""
    opened: list[int] = []

    def make(content: bytes) -> int:
        reading, writing = os.pipe()
        os.write(writing, content)
        os.close(writing)
        opened.append(reading)
        return reading

    yield make
    for descriptor in opened:
        os.close(descriptor)


@pytest.fixture
def terminal() -> Iterator[int]:
    """A descriptor that is a terminal."""
    controller, terminal = os.openpty()
    yield terminal
    os.close(terminal)
    os.close(controller)


def _typed(*answers: str) -> Callable[[str], str]:
    left = list(answers)
    return lambda _question: left.pop(0)


def _source(pipe: Pipe, passphrase: str = PASSPHRASE) -> PassphraseSource:
    return PassphraseSource(descriptor=pipe(passphrase.encode() + b"\n"), credentials_directory=None)


def test_the_library_agrees_with_the_reference_implementation() -> None:
    """The Argon2id vector of the reference implementation's test.c with t=2, m=256 KiB, p=1 comes out."""
    derived = hash_secret_raw(b"password", b"somesalt", 2, 256, 1, 32, Type.ID)
    assert derived.hex() == "9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe"


def test_the_same_passphrase_opens(pipe: Pipe) -> None:
    """From the settings and the passphrase alone the same root key is derived."""
    seal = PassphraseSeal(_source(pipe), CHEAP)
    created = seal.create()
    opened = PassphraseSeal.of(seal.to_settings(), _source(pipe)).open()
    assert opened.reveal() == created.reveal()
    settings = seal.to_settings()
    assert bytes(created.reveal()) == hash_secret_raw(
        PASSPHRASE.encode(), bytes.fromhex(settings.salt), 2, MIN_MEMORY_KIB, 1, 32, Type.ID
    )


def test_a_wrong_passphrase_is_told(pipe: Pipe) -> None:
    """WrongRootKey with a sentence, whatever differs: a letter, its case, a space at the end."""
    seal = PassphraseSeal(_source(pipe), CHEAP)
    seal.create()
    for wrong in (PASSPHRASE + "x", PASSPHRASE.upper(), PASSPHRASE + " "):
        with pytest.raises(WrongRootKey) as refusal:
            PassphraseSeal.of(seal.to_settings(), _source(pipe, wrong)).open()
        assert wrong not in str(refusal.value)


def test_a_refused_root_key_is_wiped(pipe: Pipe) -> None:
    """The wrong key does not stay around."""
    root = PassphraseSeal(_source(pipe), CHEAP).create()
    with pytest.raises(WrongRootKey):
        check_root_key(root, "0" * 64, "wrong")
    with pytest.raises(KeyWiped):
        root.reveal()


def test_the_same_passphrase_twice_gives_two_root_keys(pipe: Pipe) -> None:
    """Each deployment has its own salt."""
    one, two = (PassphraseSeal(_source(pipe), CHEAP) for _ in range(2))
    assert one.create().reveal() != two.create().reveal()
    assert one.to_settings().salt != two.to_settings().salt


def test_a_seal_without_parameters_does_not_open(pipe: Pipe) -> None:
    """Without salt there is nothing to derive with."""
    with pytest.raises(SealNotCreated):
        PassphraseSeal(_source(pipe), CHEAP).open()


def test_the_settings_show_no_secret(pipe: Pipe) -> None:
    """Neither passphrase nor root key stands in what is stored and shown."""
    seal = PassphraseSeal(_source(pipe), CHEAP)
    root = seal.create()
    shown = f"{seal.to_settings()} {seal.description} {seal!r}"
    assert PASSPHRASE not in shown
    assert root.reveal().hex() not in shown


def test_k06_the_descriptor_comes_first(pipe: Pipe, tmp_path: Path) -> None:
    """Then the systemd credential, then piped standard input; each only where no earlier one is there."""
    (tmp_path / "strongroom-passphrase").write_text("from the credential\n")
    everything = PassphraseSource(
        descriptor=pipe(b"from the descriptor"),
        credentials_directory=str(tmp_path),
        standard_input=pipe(b"from standard input"),
    )
    assert everything.read().reveal() == b"from the descriptor"
    without_descriptor = PassphraseSource(
        credentials_directory=str(tmp_path), standard_input=pipe(b"from standard input")
    )
    assert without_descriptor.read().reveal() == b"from the credential"
    only_input = PassphraseSource(
        credentials_directory=str(tmp_path / "none"), standard_input=pipe(b"from standard input")
    )
    assert only_input.read().reveal() == b"from standard input"


def test_k06_a_terminal_is_asked_without_echo(terminal: int) -> None:
    """With nothing piped the prompt is used: getpass by default."""
    source = PassphraseSource(
        credentials_directory=None, standard_input=terminal, prompt=_typed("typed words")
    )
    assert source.read().reveal() == b"typed words"
    assert PassphraseSource().prompt.__module__ == "getpass"


def test_k06_no_argument_and_no_environment_value_is_read(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one variable that is looked up names a directory; the source takes no passphrase as a text."""
    for name in ("STRONGROOM_PASSPHRASE", "PASSPHRASE", "STRONGROOM_ROOT_KEY"):
        monkeypatch.setenv(name, "from the environment")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(PassphraseMissing):
        PassphraseSource(standard_input=pipe(b"")).read()
    source = inspect.getsource(passphrase_source)
    assert source.count("os.environ") == 1
    assert "sys.argv" not in source


def test_k06_the_source_shows_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Printing a source does not print the variables of the process."""
    monkeypatch.setenv("SOMEBODYS_TOKEN", "canary-7Jx2")
    assert "canary-7Jx2" not in repr(PassphraseSource())


@pytest.mark.parametrize(
    ("piped", "passphrase"),
    [
        (b"words and words\n", b"words and words"),
        (b"words and words\r\n", b"words and words"),
        (b"words and words", b"words and words"),
        (b" words and words \n", b" words and words "),
        (b"two\nlines of words\n", b"two\nlines of words"),
        (b"words and words\n\n", b"words and words\n"),
        (b"words and words\r", b"words and words\r"),
        (b"\xff\x00 bytes not text", b"\xff\x00 bytes not text"),
    ],
)
def test_one_line_ending_is_cut_and_all_else_counts(pipe: Pipe, piped: bytes, passphrase: bytes) -> None:
    """What an editor appends is no part of the passphrase; spaces and further lines are."""
    source = PassphraseSource(descriptor=pipe(piped))
    assert source.read().reveal() == passphrase


@pytest.mark.parametrize("piped", [b"", b"\n", b"\r\n"])
def test_an_empty_passphrase_is_missing(pipe: Pipe, piped: bytes) -> None:
    """Standard input of a service is empty: the message says where a passphrase can come from."""
    with pytest.raises(PassphraseMissing, match="credential"):
        PassphraseSource(credentials_directory=None, standard_input=pipe(piped)).read()


def test_a_closed_descriptor_is_missing() -> None:
    """A descriptor that nobody passed ends in a domain error."""
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    with pytest.raises(PassphraseMissing):
        PassphraseSource(descriptor=reading).read()


def test_an_end_at_the_prompt_is_missing(terminal: int) -> None:
    """Control-D instead of a passphrase is no traceback."""

    def refuse(_question: str) -> str:
        raise EOFError

    with pytest.raises(PassphraseMissing):
        PassphraseSource(credentials_directory=None, standard_input=terminal, prompt=refuse).read()


def test_an_unreadable_credential_is_missing(tmp_path: Path) -> None:
    """What is no file ends in a domain error, not in a fall back to another source."""
    (tmp_path / "strongroom-passphrase").mkdir()
    with pytest.raises(PassphraseMissing):
        PassphraseSource(credentials_directory=str(tmp_path)).read()


def test_too_long_a_passphrase_is_refused(tmp_path: Path) -> None:
    """A descriptor of a large file does not fill the memory; the longest one passes."""
    credential = tmp_path / "strongroom-passphrase"
    source = PassphraseSource(credentials_directory=str(tmp_path))
    credential.write_bytes(b"x" * MAX_BYTES + b"\r\n")
    assert len(source.read()) == MAX_BYTES
    credential.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(PassphraseUnsafe):
        source.read()
    credential.write_bytes(b"x" * 1_000_000)
    descriptor = os.open(credential, os.O_RDONLY)
    with pytest.raises(PassphraseUnsafe):
        PassphraseSource(descriptor=descriptor).read()
    assert os.lseek(descriptor, 0, os.SEEK_CUR) < MAX_BYTES + 10
    os.close(descriptor)


def test_a_new_passphrase_has_at_least_12_bytes(pipe: Pipe) -> None:
    """Eleven are refused when it is set; an old shorter one could still be read."""
    with pytest.raises(PassphraseUnsafe, match="at least 12"):
        PassphraseSource(descriptor=pipe(b"x" * 11)).read_new()
    assert len(PassphraseSource(descriptor=pipe(b"x" * 12)).read_new()) == 12
    assert len(PassphraseSource(descriptor=pipe(b"x" * 11)).read()) == 11


def test_a_new_passphrase_is_typed_twice(terminal: int) -> None:
    """Two different ones change nothing."""
    twice = PassphraseSource(
        credentials_directory=None,
        standard_input=terminal,
        prompt=_typed("words and words", "words and words"),
    )
    assert twice.read_new().reveal() == b"words and words"
    differing = PassphraseSource(
        credentials_directory=None,
        standard_input=terminal,
        prompt=_typed("words and words", "words and wards"),
    )
    with pytest.raises(PassphraseUnsafe, match="differ"):
        differing.read_new()
