"""Zip archives of code: everything that could be wrong with one is found here, before anything of it is kept. No I/O.

Rules (threat model F-06):
 - The end record stands at the end, says how many entries there are, and the directory stands right before it. Zip64
   has no use below 50 MB and is refused, and so are archives in several parts, encrypted and patched entries.
 - What the directory and the entry itself say is the same. Entries do not overlap, begin at the beginning, and end
   before the directory.
 - Names are relative UTF-8 paths without ``..``, backslash, drive or control characters; two that are the same after
   Unicode normalisation and case folding are refused, and so is a file that is a directory to another.
 - An entry is a regular file or a directory, by its mode; a link or a device never.
 - Every entry is inflated and counted: its real size and checksum are the declared ones. Declared sizes are summed,
   and compared with what deflate can do, before anything is inflated.

Source: APPNOTE.TXT 6.3.10, sections 4.3 and 4.4; CVE-2024-0450, CVE-2025-8291.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from strongroom.errors import StrongroomError

ZIPPED_MOST: Final = 52_428_800
UNZIPPED_MOST: Final = 262_144_000
ENTRIES_MOST: Final = 30_000
_NAME_BYTES_MOST: Final = 1_024
_SEGMENT_BYTES_MOST: Final = 255
_DEPTH_MOST: Final = 64
_TAKEN_AT_ONCE: Final = 65_536
_INFLATED_AT_ONCE: Final = 1_048_576
_DEFLATE_MOST: Final = 1_032
"""How many bytes one byte of deflate can become (RFC 1951: 258 bytes for two bits)."""

_END: Final = struct.Struct("<4sHHHHIIH")
_END_MARK: Final = b"PK\x05\x06"
_ZIP64_LOCATOR_MARK: Final = b"PK\x06\x07"
_ZIP64_LOCATOR_BYTES: Final = 20
_ENTRY: Final = struct.Struct("<4s6H3I5H2I")
_ENTRY_MARK: Final = b"PK\x01\x02"
_LOCAL: Final = struct.Struct("<4sHHHHHIIIHH")
_LOCAL_MARK: Final = b"PK\x03\x04"
_STORED: Final = 0
_DEFLATED: Final = 8
_SIZES_BEHIND: Final = 0x8
_REFUSED_FLAGS: Final = 0x1 | 0x20 | 0x40 | 0x2000
_VOLUME_LABEL: Final = 0x8
_UNICODE_PATH: Final = 0x7075
_DRIVE: Final = re.compile(r"[A-Za-z]:", re.ASCII)
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\\\\\u2028\u2029]")


class ArchiveRefused(StrongroomError):
    """The archive breaks a rule; the text names the rule and nothing of the archive."""


class ArchiveEmpty(ArchiveRefused):
    """There is nothing in it."""


class ZippedTooLarge(ArchiveRefused):
    """The archive itself is larger than may be."""


class UnzippedTooLarge(ArchiveRefused):
    """What is in it is larger than may be."""


class Entry(msgspec.Struct, frozen=True):
    """A file or directory in an archive.

    Attributes:
        name: Its path; that of a directory ends with a slash.
        start: Where its header begins.
        zipped: Bytes in the archive.
        size: Bytes of the file.
        checksum: CRC-32 of the file.
        method: Stored or deflated.
        flags: As in the directory.
    """

    name: str
    start: int
    zipped: int
    size: int
    checksum: int
    method: int
    flags: int


class Archive(msgspec.Struct, frozen=True):
    """An archive that keeps all rules.

    Attributes:
        digest: SHA-256 of its bytes.
        zipped: How many those are.
        unzipped: The sum of its files.
        entries: In the order of the directory.
    """

    digest: bytes
    zipped: int
    unzipped: int
    entries: tuple[Entry, ...]


def check_archive(data: bytes) -> Archive:
    """Check an archive.

    Raises:
        ArchiveEmpty, ZippedTooLarge, UnzippedTooLarge: For these.
        ArchiveRefused: For every other rule of this module that it breaks.
    """
    if not data:
        raise ArchiveEmpty("there are no bytes")
    if len(data) > ZIPPED_MOST:
        raise ZippedTooLarge("the archive is too large")
    directory, count, start = _find_directory(data)
    if count == 0:
        raise ArchiveEmpty("the archive has no entries")
    entries = tuple(_read_directory(directory, count))
    unzipped = sum(entry.size for entry in entries)
    if unzipped > UNZIPPED_MOST:
        raise UnzippedTooLarge("the declared sizes are too large")
    _check_names(entries)
    bodies = _find_bodies(data, entries, start)
    for entry, body in zip(entries, bodies, strict=True):
        _check_content(data, entry, body)
    return Archive(hashlib.sha256(data).digest(), len(data), unzipped, entries)


def _find_directory(data: bytes) -> tuple[memoryview, int, int]:
    """Find the directory: its bytes, the number of entries, and where it begins."""
    at = data.rfind(_END_MARK, max(0, len(data) - _END.size - 0xFFFF))
    if at < 0 or at + _END.size > len(data):
        raise ArchiveRefused("there is no end record")
    _, disk, first_disk, here, total, size, start, comment = _END.unpack_from(data, at)
    if at + _END.size + comment != len(data):
        raise ArchiveRefused("the end record is not at the end")
    if 0xFFFF in (disk, first_disk, here, total) or 0xFFFFFFFF in (size, start):
        raise ArchiveRefused("the archive is a zip64 archive")
    before = at - _ZIP64_LOCATOR_BYTES
    if before >= 0 and data[before : before + 4] == _ZIP64_LOCATOR_MARK:
        raise ArchiveRefused("the archive is a zip64 archive")
    if disk or first_disk or here != total:
        raise ArchiveRefused("the archive has several parts")
    if start + size != at:
        raise ArchiveRefused("the directory does not stand before the end record")
    if total > ENTRIES_MOST:
        raise ArchiveRefused("the archive has too many entries")
    return memoryview(data)[start:at], total, start


def _read_directory(directory: memoryview, count: int) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        if at + _ENTRY.size > len(directory):
            raise ArchiveRefused("the directory is cut")
        mark, *numbers = _ENTRY.unpack_from(directory, at)
        _, _, flags, method, _, _, checksum, zipped, size = numbers[:9]
        name_bytes, extra_bytes, comment_bytes, disk, _, attributes, start = numbers[9:]
        if mark != _ENTRY_MARK:
            raise ArchiveRefused("the directory holds something else")
        name_at = at + _ENTRY.size
        extra_at = name_at + name_bytes
        at = extra_at + extra_bytes + comment_bytes
        if at > len(directory):
            raise ArchiveRefused("the directory is cut")
        if flags & _REFUSED_FLAGS:
            raise ArchiveRefused("an entry is encrypted or patched")
        if method not in (_STORED, _DEFLATED):
            raise ArchiveRefused("an entry is compressed in another way")
        if 0xFFFFFFFF in (zipped, size, start) or disk == 0xFFFF:
            raise ArchiveRefused("the archive is a zip64 archive")
        if disk:
            raise ArchiveRefused("the archive has several parts")
        name = _read_name(
            bytes(directory[name_at:extra_at]), bytes(directory[extra_at : extra_at + extra_bytes])
        )
        _check_kind(name, attributes, size)
        if size > zipped * _DEFLATE_MOST or (method == _STORED and size != zipped):
            raise ArchiveRefused("an entry cannot become as large as it says")
        yield Entry(name, start, zipped, size, checksum, method, flags)
    if at != len(directory):
        raise ArchiveRefused("the directory holds more than it says")


def _read_name(raw: bytes, extra: bytes) -> str:
    """Read the path of an entry."""
    try:
        name = raw.decode("utf-8", "strict")
    except UnicodeDecodeError:
        raise ArchiveRefused("a name is not UTF-8") from None
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        # Another reader might take this name instead of the one that was checked.
        if kind == _UNICODE_PATH and extra[at + 9 : at + 4 + length] != raw:
            raise ArchiveRefused("an entry has two names")
        at += 4 + length
    path = name.removesuffix("/")
    segments = path.split("/")
    if not path or len(raw) > _NAME_BYTES_MOST or len(segments) > _DEPTH_MOST:
        raise ArchiveRefused("a name is empty or too long")
    if _UNPRINTABLE.search(name) is not None or _DRIVE.match(name) is not None:
        raise ArchiveRefused("a name holds a character that no path may hold")
    for segment in segments:
        if segment in ("", ".", "..") or len(segment.encode()) > _SEGMENT_BYTES_MOST:
            raise ArchiveRefused("a name is not a relative path")
    return name


def _check_kind(name: str, attributes: int, size: int) -> None:
    """Refuse what is neither a regular file nor a directory."""
    kind = stat.S_IFMT(attributes >> 16)
    is_directory = name.endswith("/")
    if kind not in (0, stat.S_IFDIR if is_directory else stat.S_IFREG) or attributes & _VOLUME_LABEL:
        raise ArchiveRefused("an entry is neither a file nor a directory")
    if is_directory and size:
        raise ArchiveRefused("a directory has a content")


def _check_names(entries: tuple[Entry, ...]) -> None:
    """Refuse two entries at one place, on whatever file system."""
    files: set[str] = set()
    directories: set[str] = set()
    for entry in entries:
        path = unicodedata.normalize("NFC", entry.name.removesuffix("/")).casefold()
        path = unicodedata.normalize("NFC", path)
        if entry.name.endswith("/"):
            if path in files:
                raise ArchiveRefused("two entries have one name")
        elif path in files or path in directories:
            raise ArchiveRefused("two entries have one name")
        else:
            files.add(path)
        parents = path if entry.name.endswith("/") else path.rpartition("/")[0]
        while parents:
            if parents in files:
                raise ArchiveRefused("a file is a directory to another entry")
            directories.add(parents)
            parents = parents.rpartition("/")[0]
    if len({entry.name for entry in entries}) != len(entries):
        raise ArchiveRefused("two entries have one name")
    _check_spelling(entries)


def _check_spelling(entries: tuple[Entry, ...]) -> None:
    """Refuse a directory that is spelled in two ways: on some file systems it is one, on others two."""
    spelled: dict[str, str] = {}
    for entry in entries:
        path = entry.name.removesuffix("/") if entry.name.endswith("/") else entry.name.rpartition("/")[0]
        while path:
            folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())
            if spelled.setdefault(folded, path) != path:
                raise ArchiveRefused("two entries have one name")
            path = path.rpartition("/")[0]


def _find_bodies(data: bytes, entries: tuple[Entry, ...], end: int) -> list[int]:
    """Say where the bytes of each entry begin, after comparing its own header with the directory.

    Args:
        data: The archive.
        entries: Of the directory.
        end: Where the directory begins.
    """
    bodies: dict[int, int] = {}
    reached = 0
    for entry in sorted(entries, key=lambda entry: entry.start):
        if entry.start < reached or (reached == 0 and entry.start != 0):
            raise ArchiveRefused("entries overlap, or something stands before the first")
        if entry.start + _LOCAL.size > end:
            raise ArchiveRefused("an entry is cut")
        mark, _, flags, method, _, _, checksum, zipped, size, name_bytes, extra_bytes = _LOCAL.unpack_from(
            data, entry.start
        )
        if mark != _LOCAL_MARK or flags != entry.flags or method != entry.method:
            raise ArchiveRefused("an entry is not what the directory says")
        body = entry.start + _LOCAL.size + name_bytes + extra_bytes
        name = data[entry.start + _LOCAL.size : entry.start + _LOCAL.size + name_bytes]
        said = (entry.checksum, entry.zipped, entry.size)
        # Sizes that were not known when the header was written stand behind the bytes; the header then has zeros.
        allowed = (said, (0, 0, 0)) if flags & _SIZES_BEHIND else (said,)
        if name != entry.name.encode() or (checksum, zipped, size) not in allowed:
            raise ArchiveRefused("an entry is not what the directory says")
        reached = body + entry.zipped
        if reached > end:
            raise ArchiveRefused("an entry is cut")
        bodies[entry.start] = body
    return [bodies[entry.start] for entry in entries]


def _check_content(data: bytes, entry: Entry, start: int) -> None:
    """Inflate an entry, counting; compare its size and its checksum."""
    zipped = memoryview(data)[start : start + entry.zipped]
    if entry.method == _STORED:
        if zlib.crc32(zipped) != entry.checksum:
            raise ArchiveRefused("an entry has another checksum")
        return
    inflating = zlib.decompressobj(-zlib.MAX_WBITS)
    size = checksum = taken = 0
    try:
        while not inflating.eof:
            # In small pieces: what is not used up is copied each time.
            left = inflating.unconsumed_tail or zipped[taken : taken + _TAKEN_AT_ONCE]
            if not inflating.unconsumed_tail:
                taken += len(left)
            piece = inflating.decompress(left, _INFLATED_AT_ONCE)
            size += len(piece)
            if size > entry.size or (not left and not piece):
                raise ArchiveRefused("an entry is larger than it says, or cut")
            checksum = zlib.crc32(piece, checksum)
    except zlib.error:
        raise ArchiveRefused("an entry cannot be inflated") from None
    if size != entry.size or checksum != entry.checksum or inflating.unused_data or taken < len(zipped):
        raise ArchiveRefused("an entry is not what the directory says")
