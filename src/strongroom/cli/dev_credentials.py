"""What ``dev`` leaves in its data directory for ``env``: endpoint and key of the first administrator.

The file is readable by its owner alone. It exists for dev stores only, and marks a directory as one: a
production deployment shows its administrator's key once and keeps it nowhere.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from strongroom.errors import StrongroomError

FILE_NAME: Final = "dev.json"
KEY_FILE_NAME: Final = "dev-root-key"


class NoDevStore(StrongroomError):
    """A directory is not one that ``strongroom dev`` made."""


class DevCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a client reaches the dev server.

    Attributes:
        endpoint: For example ``http://127.0.0.1:7327``; of the last start.
        account_id: Twelve digits.
        access_key_id: Of the administrator.
        secret_access_key: Of the administrator; hidden in the repr.
        region: The first Region.
    """

    endpoint: str
    account_id: str
    access_key_id: str
    secret_access_key: str
    region: str

    def __repr__(self) -> str:
        return f"DevCredentials(endpoint={self.endpoint!r}, access_key_id={self.access_key_id!r})"


def is_dev_store(data_dir: Path) -> bool:
    """Whether ``strongroom dev`` made this directory."""
    return (data_dir / FILE_NAME).exists()


def load_credentials(data_dir: Path) -> DevCredentials:
    """Read the file.

    Raises:
        NoDevStore: It is not there, or is not such a file.
    """
    try:
        return msgspec.json.decode((data_dir / FILE_NAME).read_bytes(), type=DevCredentials)
    except FileNotFoundError as problem:
        raise NoDevStore(
            f"{data_dir} is not the directory of a dev server. Start one: strongroom dev --data-dir {data_dir}"
        ) from problem
    except msgspec.MsgspecError as problem:
        raise NoDevStore(f"{data_dir / FILE_NAME} is damaged; remove {data_dir} and begin anew.") from problem


def save_credentials(data_dir: Path, credentials: DevCredentials) -> None:
    """Replace the file, mode 0600."""
    aside = data_dir / f".{FILE_NAME}.new"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(msgspec.json.encode(credentials) + b"\n")
        file.flush()
        os.fsync(descriptor)
    os.replace(aside, data_dir / FILE_NAME)
