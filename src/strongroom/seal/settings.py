"""The public parameters of a seal, and the file ``seal.json`` that keeps them in the data directory.

Rules:

1. Nothing here is secret. Nothing here is believed either: whoever can write the store can write this file.
   Bounds keep a changed file from weakening the derivation or from exhausting memory; a changed kind, path or
   salt ends in ``WrongRootKey`` or in a keyring that does not open.
2. The file is replaced whole (write aside, fsync, rename, fsync of the directory), so that a crash leaves
   the old one or the new one.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Final

import msgspec

from strongroom.seal.errors import MalformedSealSettings

FILE_NAME: Final = "seal.json"

MIN_MEMORY_KIB: Final = 19_456
"""19 MiB with 2 passes is the least that OWASP's password storage cheat sheet recommends for Argon2id."""

MAX_MEMORY_KIB: Final = 2_097_152
"""2 GiB, the first recommendation of RFC 9106 section 4."""

_Verification = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class Argon2Cost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one derivation costs.

    Args:
        memory_kib: Memory, KiB.
        passes: Passes over the memory.
        lanes: Parallel lanes.

    Source: RFC 9106 section 3.1. The default takes about 0.2 s on two cores.
    """

    memory_kib: Annotated[int, msgspec.Meta(ge=MIN_MEMORY_KIB, le=MAX_MEMORY_KIB)] = 131_072
    passes: Annotated[int, msgspec.Meta(ge=2, le=64)] = 3
    lanes: Annotated[int, msgspec.Meta(ge=1, le=16)] = 4


class FileSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="file"):
    """A key file.

    Args:
        path: Absolute path of the file.
        verification: What ``provider.verification_of`` gives for the right key.
    """

    path: str
    verification: _Verification


class PassphraseSettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="passphrase"
):
    """A passphrase.

    Args:
        salt: 16 random bytes, 32 hexadecimal digits.
        cost: The price of one derivation.
        verification: What ``provider.verification_of`` gives for the right key.
    """

    salt: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
    cost: Argon2Cost
    verification: _Verification


SealSettings = FileSettings | PassphraseSettings
"""What ``seal.json`` holds; ``kind`` tells which."""

_decode = msgspec.json.Decoder(SealSettings).decode


def parse_settings(data: bytes) -> SealSettings:
    """Read the content of ``seal.json``.

    Raises:
        MalformedSealSettings: Not such a document, or a parameter out of its bounds.
    """
    try:
        settings: SealSettings = _decode(data)
    except msgspec.MsgspecError as error:
        raise MalformedSealSettings(f"{FILE_NAME} is not valid: {error}") from error
    return settings


def load_settings(data_dir: Path) -> SealSettings:
    """Read ``seal.json`` of a data directory.

    Raises:
        MalformedSealSettings: It is not there, cannot be read, or is not valid.
    """
    try:
        data = (data_dir / FILE_NAME).read_bytes()
    except OSError as error:
        raise MalformedSealSettings(f"{data_dir / FILE_NAME} cannot be read: {error.strerror}") from error
    return parse_settings(data)


def save_settings(data_dir: Path, settings: SealSettings) -> None:
    """Replace ``seal.json`` of a data directory, durably; mode 0600.

    Raises:
        OSError: The directory cannot be written; the old file is unchanged.
    """
    aside = data_dir / f".{FILE_NAME}.new"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(settings)) + b"\n")
        file.flush()
        os.fsync(descriptor)
    os.replace(aside, data_dir / FILE_NAME)
    sync_directory(data_dir)


def sync_directory(directory: Path) -> None:
    """Make a created or renamed entry of ``directory`` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
