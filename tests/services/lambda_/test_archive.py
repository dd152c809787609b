"""Archives of code: good ones pass, every kind of bad one is refused before anything of it is kept (F-06)."""

from __future__ import annotations

import contextlib
import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.services.lambda_.archive import (
    ENTRIES_MOST,
    UNZIPPED_MOST,
    ZIPPED_MOST,
    ArchiveEmpty,
    ArchiveRefused,
    UnzippedTooLarge,
    ZippedTooLarge,
    check_archive,
)

_SYMLINK = 0o120777
_DEVICE = 0o020644


def zipped(
    *entries: tuple[str, bytes], mode: int | None = None, compression: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """Write an archive with the standard library."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", compression) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            if mode is not None:
                info.create_system = 3
                info.external_attr = mode << 16
            archive.writestr(info, content)
    return written.getvalue()


def renamed(archive: bytes, old: bytes, new: bytes) -> bytes:
    """Put another name of the same length into both headers of an entry."""
    assert len(old) == len(new)
    return archive.replace(old, new)


GOOD = zipped(("index.py", b"x = 1\n" * 500), ("lib/a.py", b"y"))


def test_what_zip_writers_write_is_accepted() -> None:
    """Deflated and stored entries, directories, modes, sizes behind the data, names in UTF-8, comments."""
    for archive in (
        GOOD,
        zipped(("a.py", b"x"), compression=zipfile.ZIP_STORED),
        zipped(("a.py", b"x"), mode=0o100755),
        zipped(("d/", b""), ("d/e.py", b"x")),
        zipped(("ünïcode.py", b"x")),
        zipped(("empty.py", b"")),
    ):
        assert check_archive(archive).entries
    unseekable = _Unseekable()
    with zipfile.ZipFile(unseekable, "w", zipfile.ZIP_DEFLATED) as streamed:
        streamed.writestr("a.py", b"x" * 1000)
        streamed.writestr("b.py", b"y" * 1000)
    assert [entry.name for entry in check_archive(unseekable.written).entries] == ["a.py", "b.py"]
    commented = io.BytesIO()
    with zipfile.ZipFile(commented, "w") as archive_with_comment:
        archive_with_comment.writestr("a.py", b"x")
        archive_with_comment.comment = b"made by a test"
    assert check_archive(commented.getvalue()).unzipped == 1


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd",
        "../up.py",
        "a/../../up.py",
        "a/./b.py",
        "a//b.py",
        "a\\b.py",
        "C:x.py",
        "..",
        "a\x01b.py",
        "a\u2028b.py",
        "a" * 300,
        "/".join("a" * 70),
    ],
)
def test_f06_names_that_are_no_plain_relative_paths_are_refused(name: str) -> None:
    """Nothing leaves its directory, on whatever system it is unpacked."""
    with pytest.raises(ArchiveRefused, match="name"):
        check_archive(zipped((name, b"x")))


def test_f06_a_name_with_nul_or_foreign_bytes_is_refused() -> None:
    """Readers in C would see another name."""
    archive = zipped(("ab.py", b"x"))
    with pytest.raises(ArchiveRefused):
        check_archive(renamed(archive, b"ab.py", b"a\x00.py"))
    with pytest.raises(ArchiveRefused):
        check_archive(renamed(archive, b"ab.py", b"a\xff.py"))


@pytest.mark.parametrize(
    "names",
    [
        ("a.py", "a.py"),
        ("a.py", "A.PY"),
        ("stra\u00dfe.py", "STRASSE.py"),
        ("e\u0301.py", "\u00e9.py"),
        ("d/a.py", "D/b.py"),
        ("d", "d/a.py"),
        ("d/a.py", "d"),
        ("d/", "d"),
    ],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_f06_two_entries_at_one_place_are_refused(names: tuple[str, str]) -> None:
    """Also where only some file systems take them for one."""
    with pytest.raises(ArchiveRefused):
        check_archive(zipped(*((name, b"" if name.endswith("/") else b"x") for name in names)))


@pytest.mark.parametrize("mode", [_SYMLINK, _DEVICE, 0o060644, 0o010644, 0o140644, 0o040755])
def test_f06_links_devices_and_files_that_say_they_are_directories_are_refused(mode: int) -> None:
    """An entry is a regular file or a directory, by its mode."""
    with pytest.raises(ArchiveRefused, match="neither"):
        check_archive(zipped(("link", b"/etc/passwd"), mode=mode))


def test_f06_bombs_are_refused_before_anything_is_inflated() -> None:
    """Declared sizes are summed, and compared with what deflate can do."""
    with pytest.raises(UnzippedTooLarge):
        check_archive(zipped(*((f"{number}", b"\0" * 30_000_000) for number in range(9))))
    lying = bytearray(zipped(("a", b"\0" * 1_000_000)))
    _set_sizes(lying, size=UNZIPPED_MOST - 1)
    with pytest.raises(ArchiveRefused, match="cannot become"):
        check_archive(bytes(lying))


@pytest.mark.parametrize("size", [999_999, 1_000_001])
def test_f06_an_entry_that_lies_about_its_size_is_refused(size: int) -> None:
    """The real bytes are counted."""
    lying = bytearray(zipped(("a", bytes(range(250)) * 4_000)))
    _set_sizes(lying, size=size)
    with pytest.raises(ArchiveRefused):
        check_archive(bytes(lying))


def test_f06_an_entry_with_another_checksum_is_refused() -> None:
    """A stored byte that was changed does not go unnoticed."""
    archive = zipped(("a", b"content"), compression=zipfile.ZIP_STORED)
    with pytest.raises(ArchiveRefused, match="checksum"):
        check_archive(archive.replace(b"content", b"CONTENT", 1))


def test_f06_overlapping_entries_are_refused() -> None:
    """Two entries that share one header and body would be many files for few bytes."""
    archive = bytearray(zipped(("a", b"x" * 100), ("b", b"y" * 100), compression=zipfile.ZIP_STORED))
    second = archive.find(b"PK\x01\x02", archive.find(b"PK\x01\x02") + 4)
    struct.pack_into("<I", archive, second + 42, 0)
    with pytest.raises(ArchiveRefused):
        check_archive(bytes(archive))


def test_f06_an_entry_inside_of_another_one_is_refused() -> None:
    """Headers and names agree: that the second lies in the bytes of the first is all that is wrong."""
    inner = zipped(("b", b"y" * 100), compression=zipfile.ZIP_STORED)
    cut = inner.find(b"PK\x01\x02")
    outer = zipped(("a", inner[:cut]), compression=zipfile.ZIP_STORED)
    start = outer.rfind(b"PK\x01\x02")
    entry = bytearray(inner[cut : inner.find(b"PK\x05\x06")])
    struct.pack_into("<I", entry, 42, outer.find(inner[:cut]))
    directory = outer[start : outer.rfind(b"PK\x05\x06")] + bytes(entry)
    end = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, len(directory), start, 0)
    with pytest.raises(ArchiveRefused, match="overlap"):
        check_archive(outer[:start] + directory + end)


def test_f06_a_deflated_entry_with_another_checksum_is_refused() -> None:
    """Both headers say the same, and the bytes something else."""
    archive = bytearray(zipped(("a", b"x" * 1_000)))
    for at in (14, archive.find(b"PK\x01\x02") + 16):
        struct.pack_into("<I", archive, at, 1)
    with pytest.raises(ArchiveRefused, match="not what"):
        check_archive(bytes(archive))


@pytest.mark.parametrize("flags", [0x1, 0x20, 0x40, 0x2000])
def test_f06_an_entry_that_says_it_is_encrypted_or_patched_is_refused(flags: int) -> None:
    """Also where both headers say so."""
    archive = bytearray(zipped(("a", b"x" * 1_000)))
    for at in (6, archive.find(b"PK\x01\x02") + 8):
        struct.pack_into("<H", archive, at, flags)
    with pytest.raises(ArchiveRefused, match="encrypted"):
        check_archive(bytes(archive))


def test_f06_a_directory_that_says_other_things_than_the_entry_is_refused() -> None:
    """One reader goes by the directory, another by the entries."""
    archive = bytearray(zipped(("good.py", b"x")))
    at = archive.find(b"good.py")
    archive[at : at + 7] = b"evil.py"
    with pytest.raises(ArchiveRefused, match="directory says"):
        check_archive(bytes(archive))


def _with_end(change: Callable[[list[int]], None]) -> bytes:
    end = struct.Struct("<4sHHHHIIH")
    archive = bytearray(GOOD)
    at = len(archive) - end.size
    mark, *numbers = end.unpack_from(archive, at)
    change(numbers)
    end.pack_into(archive, at, mark, *numbers)
    return bytes(archive)


def _put(index: int, value: int) -> Callable[[list[int]], None]:
    def change(numbers: list[int]) -> None:
        numbers[index] = value

    return change


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, 1),
        (1, 1),
        (2, 1),
        (3, 1),
        (2, 0xFFFF),
        (3, 0xFFFF),
        (4, 0xFFFFFFFF),
        (5, 0xFFFFFFFF),
        (4, 5),
        (5, 5),
        (6, 3),
    ],
)
def test_f06_an_end_record_that_does_not_agree_is_refused(index: int, value: int) -> None:
    """Several parts, other numbers of entries, sizes and places; sentinels of zip64."""
    with pytest.raises(ArchiveRefused):
        check_archive(_with_end(_put(index, value)))


def test_f06_zip64_archives_are_refused() -> None:
    """They have no use below 50 MB, and two readers may take different records for true."""
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, 0, 1)
    directory_size, start = struct.unpack_from("<II", GOOD, len(GOOD) - 22 + 12)
    moved = (
        GOOD[:-22]
        + locator
        + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 2, 2, directory_size + len(locator), start, 0)
    )
    with pytest.raises(ArchiveRefused, match="zip64"):
        check_archive(moved)


def test_f06_bytes_before_the_first_entry_and_behind_the_end_are_refused() -> None:
    """An archive that is something else at the same time is not taken."""
    for archive in (b"#!/bin/sh\n" + GOOD, GOOD + b"x"):
        with pytest.raises(ArchiveRefused):
            check_archive(archive)


def test_f06_encrypted_entries_and_other_methods_are_refused() -> None:
    """What cannot be looked into is not kept."""
    for offset, value in ((8, 1), (8, 0x41), (10, 14), (10, 12)):
        archive = bytearray(GOOD)
        struct.pack_into("<H", archive, archive.find(b"PK\x01\x02") + offset, value)
        with pytest.raises(ArchiveRefused):
            check_archive(bytes(archive))


def test_f06_an_entry_with_a_second_name_is_refused() -> None:
    """The Unicode path field of Info-ZIP would be another name to readers that know it."""
    info = zipfile.ZipInfo("good.py")
    other = b"evil.py"
    info.extra = struct.pack("<HHBI", 0x7075, 5 + len(other), 1, zlib.crc32(b"good.py")) + other
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(info, b"x")
    with pytest.raises(ArchiveRefused, match="two names"):
        check_archive(written.getvalue())


def test_f06_what_is_too_much_is_refused() -> None:
    """Nothing, too many entries, too many bytes."""
    with pytest.raises(ArchiveEmpty):
        check_archive(b"")
    with pytest.raises(ArchiveEmpty):
        check_archive(zipped())
    with pytest.raises(ZippedTooLarge):
        check_archive(bytes(ZIPPED_MOST + 1))
    many = zipped(*((str(number), b"") for number in range(ENTRIES_MOST + 1)), compression=zipfile.ZIP_STORED)
    with pytest.raises(ArchiveRefused, match="too many"):
        check_archive(many)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_f06_whatever_is_changed_in_an_archive_ends_in_a_refusal_or_in_a_good_one(
    data: st.DataObject,
) -> None:
    """Cut, changed and doubled bytes raise nothing but ``ArchiveRefused``."""
    archive = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, max(0, len(archive) - 1)))
        kind = data.draw(st.sampled_from(["set", "cut", "double"]))
        if kind == "set" and archive:
            archive[at] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del archive[at : at + data.draw(st.integers(1, 40))]
        else:
            archive[at:at] = archive[at : at + 30]
    with contextlib.suppress(ArchiveRefused):
        check_archive(bytes(archive))


def _set_sizes(archive: bytearray, *, size: int) -> None:
    struct.pack_into("<I", archive, 22, size)
    struct.pack_into("<I", archive, archive.find(b"PK\x01\x02") + 24, size)


class _Unseekable(io.RawIOBase):
    """A file that can only be written on: sizes then stand behind the data."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        """Whether it can be written on."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # as the standard library calls it
        """Add bytes."""
        self.written += bytes(data)
        return len(data)
