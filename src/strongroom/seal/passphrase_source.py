"""Where a passphrase is read from.

The first of these that is there:

1. an inherited file descriptor, when the operator named one;
2. ``$CREDENTIALS_DIRECTORY/strongroom-passphrase``, as systemd's ``LoadCredential`` provides it;
3. standard input, when it is not a terminal;
4. a prompt on the terminal that does not echo.

Rules:

1. Never an argument (every user of the machine sees those) and never the content of an environment variable
   (children and crash reports inherit it): K-06. The variable above holds a directory, not the secret.
2. One line ending is cut off; everything else counts, spaces too.
3. Read at most ``MAX_BYTES``: a wrong descriptor does not fill the memory.

Source: systemd.exec(5), LoadCredential.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from strongroom.crypto.material import Plaintext
from strongroom.seal.errors import PassphraseMissing, PassphraseUnsafe

CREDENTIAL_NAME: Final = "strongroom-passphrase"
MIN_NEW_BYTES: Final = 12
MAX_BYTES: Final = 4096


class PassphraseSource(msgspec.Struct, frozen=True, kw_only=True):
    """The place a passphrase is read from.

    Args:
        descriptor: An inherited file descriptor, or None. It is read to its end and left open.
        credentials_directory: What systemd put into ``$CREDENTIALS_DIRECTORY``, or None.
        standard_input: The descriptor of standard input.
        prompt: Asks a human with the given text and without echo.
    """

    descriptor: int | None = None
    credentials_directory: str | None = msgspec.field(
        default_factory=lambda: os.environ.get("CREDENTIALS_DIRECTORY")
    )
    standard_input: int = 0
    prompt: Callable[[str], str] = getpass.getpass

    def read(self) -> Plaintext:
        """Read the passphrase of an existing deployment.

        Raises:
            PassphraseMissing: There is none, or it is empty.
            PassphraseUnsafe: Longer than ``MAX_BYTES``.
        """
        piped = self._read_piped()
        return _check(self._ask("Passphrase: ") if piped is None else piped)

    def read_new(self) -> Plaintext:
        """Read a passphrase to be set; at a prompt it is asked for twice.

        Raises:
            PassphraseMissing: There is none, or it is empty.
            PassphraseUnsafe: Shorter than ``MIN_NEW_BYTES``, longer than ``MAX_BYTES``, or typed differently.
        """
        piped = self._read_piped()
        if piped is None:
            piped = self._ask("New passphrase: ")
            if piped != self._ask("The same again: "):
                raise PassphraseUnsafe("the two passphrases differ; nothing was changed")
        passphrase = _check(piped)
        if len(passphrase) < MIN_NEW_BYTES:
            raise PassphraseUnsafe(f"a passphrase has at least {MIN_NEW_BYTES} bytes; several words are best")
        return passphrase

    def _read_piped(self) -> bytes | None:
        if self.descriptor is not None:
            return _read_line(self.descriptor, "the inherited descriptor")
        if self.credentials_directory:
            credential = Path(self.credentials_directory) / CREDENTIAL_NAME
            if credential.exists():
                return _read_file(credential)
        if not os.isatty(self.standard_input):
            return _read_line(self.standard_input, "standard input")
        return None

    def _ask(self, text: str) -> bytes:
        try:
            # Surrogates stand for what the terminal sent outside of its encoding; this gives the bytes back.
            return self.prompt(text).encode("utf-8", "surrogateescape")
        except EOFError as error:
            raise PassphraseMissing("no passphrase was typed") from error


def _read_file(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise PassphraseMissing(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _read_line(descriptor, str(path))
    finally:
        os.close(descriptor)


def _read_line(descriptor: int, origin: str) -> bytes:
    read = b""
    try:
        while len(read) <= MAX_BYTES + 2 and (more := os.read(descriptor, MAX_BYTES + 3 - len(read))):
            read += more
    except OSError as error:
        raise PassphraseMissing(f"no passphrase can be read from {origin}: {error.strerror}") from error
    return read[:-2] if read.endswith(b"\r\n") else read.removesuffix(b"\n")


def _check(passphrase: bytes) -> Plaintext:
    if not passphrase:
        raise PassphraseMissing(
            "there is no passphrase: type it at the prompt, pipe it in, or pass a descriptor or a credential"
        )
    if len(passphrase) > MAX_BYTES:
        raise PassphraseUnsafe(f"a passphrase has at most {MAX_BYTES} bytes")
    return Plaintext(passphrase)
