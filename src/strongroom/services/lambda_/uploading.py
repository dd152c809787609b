"""Code that comes with a request: checked and sealed before the change that keeps it (F-06, Z-02)."""

from __future__ import annotations

import msgspec

from strongroom.gateway.context import Context
from strongroom.services.lambda_ import errors
from strongroom.services.lambda_.archive import (
    UNZIPPED_MOST,
    Archive,
    ArchiveEmpty,
    ArchiveRefused,
    UnzippedTooLarge,
    ZippedTooLarge,
    check_archive,
)
from strongroom.services.lambda_.code import SealedCode, seal_code
from strongroom.services.lambda_.model import CODE_OF_ACCOUNT_BYTES


class Uploaded(msgspec.Struct, frozen=True):
    """Code that may be kept."""

    archive: Archive
    sealed: SealedCode


def check_upload(context: Context, account: str, data: bytes) -> Uploaded:
    """Check an archive and seal it for an account.

    Raises:
        Fault: It breaks a rule.
    """
    try:
        archive = check_archive(data)
    except ArchiveEmpty:
        raise errors.empty_archive() from None
    except ZippedTooLarge:
        raise errors.zipped_too_large() from None
    except UnzippedTooLarge:
        raise errors.unzipped_too_large() from None
    except ArchiveRefused as problem:
        raise errors.bad_archive(str(problem)) from None
    return Uploaded(archive, seal_code(context.deployment.keyring, account, data))


def check_room(context: Context, size: int) -> None:
    """Refuse code for which there is no room: all accounts together keep no more than one of AWS may.

    Raises:
        Fault: Too much is kept already.
    """
    kept = code_bytes(context)
    if kept + size > CODE_OF_ACCOUNT_BYTES:
        raise errors.code_storage_exceeded()


def code_bytes(context: Context) -> int:
    """Say how many bytes of code are kept in all."""
    counted = context.rows.scalar("SELECT coalesce(sum(length(sealed)), 0) FROM function_code")
    assert isinstance(counted, int)
    return counted


def check_unzipped(size: int) -> None:
    """Refuse code that is too large together with its layers.

    Raises:
        Fault: It is.
    """
    if size > UNZIPPED_MOST:
        raise errors.unzipped_too_large()
