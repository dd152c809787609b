"""The code of functions and layers in the store: sealed in parts, opened and compared before it is used.

Rules:
 - What is kept was checked (``archive.py``). A part is sealed, and bound to its account, its archive and its place.
 - What is opened is compared with the digest that the function's row remembers; anything else is not used (F-06).
 - No bare archive is ever written, here or to a file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext, Sealed
from strongroom.crypto.record import open_record, seal_record
from strongroom.ids import new_uuid
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.table import Table
from strongroom.store.transaction import Transaction

PART_BYTES: Final = 1_048_576
CODE: Final = Table("function_code", columns=("archive_id", "part", "sealed"), key=("archive_id", "part"))

_IS_USED: Final = (
    "SELECT EXISTS (SELECT 1 FROM functions WHERE instr(attributes, CAST(? AS BLOB))) "
    "OR EXISTS (SELECT 1 FROM function_versions WHERE instr(configuration, CAST(? AS BLOB))) "
    "OR EXISTS (SELECT 1 FROM function_layers WHERE instr(attributes, CAST(? AS BLOB)))"
)
"""Ids of archives stand in the rows as they are; each is unique."""

_encode = msgspec.msgpack.Encoder().encode


class SealedCode(msgspec.Struct, frozen=True):
    """An archive that is ready for the store.

    Attributes:
        archive_id: Drawn for it.
        parts: In order.
    """

    archive_id: str
    parts: tuple[Sealed, ...]


def seal_code(keyring: Keyring, account: str, data: bytes) -> SealedCode:
    """Seal an archive in parts."""
    archive_id = new_uuid()
    view = memoryview(data)
    parts = tuple(
        seal_record(
            keyring,
            RecordType.FUNCTION,
            Plaintext(bytes(view[start : start + PART_BYTES])),
            account,
            _place(archive_id, number),
        )
        for number, start in enumerate(range(0, len(data), PART_BYTES))
    )
    return SealedCode(archive_id, parts)


def insert_code(transaction: Transaction, code: SealedCode) -> None:
    """Keep an archive."""
    for number, part in enumerate(code.parts):
        transaction.insert(CODE, (code.archive_id, number, part))


def remove_code(transaction: Transaction, archive_id: str) -> None:
    """Remove an archive."""
    sql = "SELECT part FROM function_code WHERE archive_id = ?"
    for number in transaction.column(sql, (archive_id,)):
        transaction.delete(CODE, archive_id, number)


def remove_unused_code(transaction: Transaction, archive_ids: Iterable[str]) -> None:
    """Remove those of the archives that no function, version or layer has any more."""
    for archive_id in set(archive_ids):
        if not transaction.scalar(_IS_USED, (archive_id,) * 3):
            remove_code(transaction, archive_id)


def has_code(rows: Rows, archive_id: str) -> bool:
    """Whether an archive is kept."""
    return rows.find(CODE, archive_id, 0) is not None


def open_code(rows: Rows, keyring: Keyring, account: str, archive_id: str, sha256: bytes, size: int) -> bytes:
    """Read an archive.

    Raises:
        StoreTampered: It is not the one that was kept.
    """
    opened = bytearray()
    for number in range(-(-size // PART_BYTES)):
        row: Any = rows.find(CODE, archive_id, number)
        if row is None:
            raise StoreTampered("a part of the code of a function is gone")
        place = _place(archive_id, number)
        opened += open_record(keyring, RecordType.FUNCTION, row[2], account, place).reveal()
    data = bytes(opened)
    if hashlib.sha256(data).digest() != sha256:
        raise StoreTampered("the code of a function is not what was kept")
    return data


def _place(archive_id: str, number: int) -> bytes:
    return _encode(("code", archive_id, number))
