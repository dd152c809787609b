"""A root key in a file of 32 raw bytes, for machines whose disk or secret mount protects it.

Rules:

1. Created with ``O_EXCL`` and mode 0600, written and synced before the key is used, never overwritten.
2. Read only when it is a regular file, not a symbolic link, owned by the effective user, closed to group and
   others, and exactly 32 bytes long. What was checked is what is read: one descriptor for both.

Not covered: whoever can read the file as this user or as root has the root key. Keep it off the disk and the
backups of the store: ``lies_in`` tells whether it is beside the store, which ``serve`` refuses.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from strongroom.crypto.material import KEY_BYTES, RootKey
from strongroom.crypto.randomness import random_bytes
from strongroom.seal.errors import SealFileExists, SealFileMissing, SealFileUnsafe, SealNotCreated
from strongroom.seal.provider import check_root_key, verification_of
from strongroom.seal.settings import FileSettings, sync_directory

_OPEN_FLAGS: Final = (
    os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
)  # NONBLOCK: a pipe in its place must not hang us


class FileSeal:
    """The root key is the content of a file.

    Args:
        path: The file; made absolute.
        verification: Of ``seal.json``, or None for a file that this deployment does not know yet.
    """

    kind: Final = "file"

    def __init__(self, path: Path, verification: str | None = None) -> None:
        self.path = path.absolute()
        self._verification = verification

    @classmethod
    def of(cls, settings: FileSettings) -> FileSeal:
        """Make the seal that ``settings`` describe."""
        return cls(Path(settings.path), settings.verification)

    @property
    def description(self) -> str:
        """Where the root key is."""
        return f"root key in the file {self.path}"

    def create(self) -> RootKey:
        """Draw a root key and write it to a new file.

        Raises:
            SealFileExists: Something is at the path already.
            SealFileMissing: The directory is not there or cannot be written.
        """
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _OPEN_FLAGS, 0o600)
        except FileExistsError as error:
            raise SealFileExists(f"{self.path} exists already; a key file is never overwritten") from error
        except OSError as error:
            raise SealFileMissing(f"{self.path} cannot be created: {error.strerror}") from error
        root = RootKey(bytearray(random_bytes(KEY_BYTES)))
        try:
            with open(descriptor, "wb") as file:
                file.write(root.reveal())
                file.flush()
                os.fsync(descriptor)
            # Without this the file may be gone after a power cut, and with it everything sealed since.
            sync_directory(self.path.parent)
        except OSError as error:
            self.path.unlink(missing_ok=True)
            raise SealFileMissing(f"{self.path} cannot be written: {error.strerror}") from error
        self._verification = verification_of(root)
        return root

    def open(self) -> RootKey:
        """Read the root key.

        Raises:
            SealFileMissing: No such file, or it cannot be read.
            SealFileUnsafe: It breaks a rule of this module.
            WrongRootKey: It holds another key than the one of this deployment.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY | _OPEN_FLAGS)
        except OSError as error:
            if self.path.is_symlink():
                raise SealFileUnsafe(f"{self.path} is a symbolic link; name the file itself") from error
            raise SealFileMissing(f"{self.path} cannot be read: {error.strerror}") from error
        buffer = bytearray(KEY_BYTES + 1)
        try:
            self._refuse_unsafe(os.fstat(descriptor))
            count = os.readv(descriptor, [buffer])
        finally:
            os.close(descriptor)
        if count != KEY_BYTES:
            raise SealFileUnsafe(f"{self.path} is no key file: it does not hold exactly {KEY_BYTES} bytes")
        del buffer[KEY_BYTES:]
        root = RootKey(buffer)
        if self._verification is None:
            self._verification = verification_of(root)
        check_root_key(root, self._verification, f"{self.path} holds the key of another deployment")
        return root

    def to_settings(self) -> FileSettings:
        """Give path and verification value.

        Raises:
            SealNotCreated: Before ``create`` or ``open``.
        """
        if self._verification is None:
            raise SealNotCreated("the key file was neither created nor opened yet")
        return FileSettings(str(self.path), self._verification)

    def lies_in(self, directory: Path) -> bool:
        """Whether the key file is inside ``directory`` once links are followed: who steals one has both."""
        return self.path.resolve().is_relative_to(directory.resolve())

    def _refuse_unsafe(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode):
            raise SealFileUnsafe(f"{self.path} is not a regular file")
        if status.st_uid != os.geteuid():
            raise SealFileUnsafe(f"{self.path} does not belong to the user that runs this process")
        if stat.S_IMODE(status.st_mode) & 0o077:
            raise SealFileUnsafe(f"{self.path} is open to group or others; run chmod 600 {self.path}")
