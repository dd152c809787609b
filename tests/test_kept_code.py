"""The file that holds the code of a start: it saves time, and nothing else can be told from it."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strongroom import kept_code
from tests.support.server import PROGRAM

PROGRAM_TEXT = """
import inspect, json, sys, traceback
from strongroom.kept_code import KeptCode
kept = KeptCode(sys.argv[1])
kept.use()
import house, house.room, colorsys, _zoneinfo
try:
    house.room.fail()
except ValueError:
    trace = traceback.format_exc()
print(json.dumps({
    "answer": house.room.ANSWER,
    "loaders": [type(m.__spec__.loader).__name__ for m in (house, house.room, colorsys, _zoneinfo)],
    "facts": [[m.__file__, m.__cached__, m.__spec__.origin, m.__package__, m.__doc__, m.__name__,
        list(getattr(m, "__path__", ())), m.__spec__.has_location] for m in (house, house.room, colorsys)],
    "extension": _zoneinfo.__file__,
    "source": inspect.getsource(house.room.fail),
    "trace": trace,
    "colorsys": colorsys.__file__,
}))
try:
    kept.keep(tuple(sys.modules))
except OSError as problem:
    print(problem, file=sys.stderr)
"""
ROOM = '''"""A room."""

ANSWER = %s


def fail():
    raise ValueError("as it should")
'''
MEMORY_BYTES = 1 << 30
"""A length that is damaged must not make the program ask for all there is."""
ORDINARY = ["SourceFileLoader", "SourceFileLoader", "SourceFileLoader", "ExtensionFileLoader"]
KEPT = ["_Loader", "_Loader", "_Loader", "ExtensionFileLoader"]


class House:
    """A program with a package, and the file that holds the code of both."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "cache" / "all.code"
        self.file.parent.mkdir()
        (directory / "house").mkdir()
        (directory / "house" / "__init__.py").write_text('"""A house."""\n')
        self.room = directory / "house" / "room.py"
        self.room.write_text(ROOM % 41)
        (directory / "program.py").write_text(PROGRAM_TEXT)
        self.settle()

    def run(self, program: str = "program.py", **environment: str) -> dict[str, Any]:
        """Run the program; return what it says of itself."""
        inherited = {
            k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")
        }
        done = subprocess.run(
            [sys.executable, str(self.directory / program), str(self.file)],
            env={**inherited, **environment},
            capture_output=True,
            text=True,
            check=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES)),
        )
        said: dict[str, Any] = json.loads(done.stdout)
        said["complaint"] = done.stderr
        return said

    def settle(self) -> None:
        """Run it until its directories have all that compiling adds to them."""
        for _ in range(2):
            self.run()
        self.file.unlink(missing_ok=True)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Give a house whose code is not kept yet."""
    return House(tmp_path)


def test_the_second_start_reads_one_file_and_nothing_else_differs(house: House) -> None:
    """File names, paths, docstrings, source lines and tracebacks are the ordinary ones."""
    first, second, third = house.run(), house.run(), house.run()
    assert first.pop("loaders") == ORDINARY
    assert second.pop("loaders") == third.pop("loaders") == KEPT
    assert first == second == third
    assert [path.name for path in house.file.parent.iterdir()] == [house.file.name]


@pytest.mark.parametrize("text", [ROOM % 42, ROOM % 4200])
def test_a_changed_module_is_loaded_and_kept_anew(house: House, text: str) -> None:
    """With another size, or another time alone."""
    house.run()
    house.room.write_text(text)
    os.utime(house.room, ns=(time.time_ns(), time.time_ns() + 5_000_000_000))
    changed = house.run()
    assert changed["answer"] == int(text.split("ANSWER = ")[1].split()[0])
    assert changed["loaders"] == ["_Loader", "SourceFileLoader", "_Loader", "ExtensionFileLoader"]
    again = house.run()
    assert (again["answer"], again["loaders"]) == (changed["answer"], KEPT)


def test_a_module_of_the_same_time_and_another_size_is_changed(house: House) -> None:
    """As an archive that is unpacked over an older one may leave it."""
    house.run()
    facts = house.room.stat()
    house.room.write_text(ROOM % 4200)
    os.utime(house.room, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert house.run()["answer"] == 4200


def _shadow_by_package(house: House) -> None:
    (house.directory / "house" / "room").mkdir()
    (house.directory / "house" / "room" / "__init__.py").write_text(ROOM % 43)


def _shadow_library(house: House) -> None:
    (house.directory / "colorsys.py").write_text("")


@pytest.mark.parametrize("shadow", [_shadow_by_package, _shadow_library])
def test_a_module_that_takes_the_place_of_another_is_found(
    house: House, shadow: Callable[[House], None]
) -> None:
    """Where the ordinary way would find another file, the kept one is not taken."""
    house.run()
    shadow(house)
    first = house.run()
    house.file.unlink()
    ordinary = house.run(STRONGROOM_KEPT_CODE="off")
    assert (first["answer"], first["colorsys"]) == (ordinary["answer"], ordinary["colorsys"])


def test_a_module_that_is_gone_is_missed(house: House) -> None:
    """Its code is there still, and not used."""
    house.run()
    house.room.unlink()
    with pytest.raises(subprocess.CalledProcessError) as caught:
        house.run()
    assert "No module named 'house.room'" in caught.value.stderr


def test_another_search_path_has_a_file_of_its_own_making(house: House) -> None:
    """What one program keeps is nothing for another one, which searches elsewhere."""
    other = house.directory / "other"
    other.mkdir()
    (other / "house").symlink_to(house.directory / "house")
    (other / "program.py").write_text(PROGRAM_TEXT)
    house.settle()
    house.run()
    assert house.run("other/program.py")["loaders"] == ORDINARY
    assert house.run("other/program.py")["loaders"] == KEPT


@pytest.mark.parametrize("length", [0, 3, 8, 100, -1000, -1])
def test_a_file_that_ends_early_harms_nothing(house: House, length: int) -> None:
    """And the start after the next one is quick again."""
    expected = house.run()
    content = house.file.read_bytes()
    house.file.write_bytes(content[:length])
    damaged = house.run()
    assert {**damaged, "loaders": ORDINARY} == expected
    assert house.run()["loaders"] == KEPT


@pytest.mark.parametrize("place", [0, 3, 5, 20, 400])
def test_a_changed_byte_of_the_index_harms_nothing(house: House, place: int) -> None:
    """The index has a sum."""
    expected = house.run()
    content = bytearray(house.file.read_bytes())
    content[place] ^= 0xFF
    house.file.write_bytes(content)
    damaged = house.run()
    assert damaged == expected
    assert house.run()["loaders"] == KEPT


@pytest.mark.parametrize("filling", [b"\0", b"N", b"T"])
def test_code_that_is_lost_is_loaded_in_the_ordinary_way(house: House, filling: bytes) -> None:
    """Zeros are what a disk leaves; other bytes may be a value, but no code."""
    expected = house.run()
    content = house.file.read_bytes()
    index_bytes = 8 + int.from_bytes(content[:4], "big")
    lost = filling * (len(content) - index_bytes)
    house.file.write_bytes(content[:index_bytes] + lost)
    assert {**house.run(), "loaders": ORDINARY} == expected
    assert not house.file.read_bytes().endswith(lost[:100])


@pytest.mark.parametrize(
    "environment", [{"STRONGROOM_KEPT_CODE": "off"}, {"PYTHONDONTWRITEBYTECODE": "1"}, {"PYTHONPATH": "/tmp"}]
)
def test_it_is_not_written_where_it_is_not_wanted(house: House, environment: dict[str, str]) -> None:
    """Off means neither written nor read."""
    house.run(**environment)
    assert not house.file.exists()
    house.run()
    off = house.run(STRONGROOM_KEPT_CODE="off")
    assert off["loaders"] == ORDINARY


def test_a_place_that_cannot_be_written_is_said(house: House) -> None:
    """The start stands."""
    house.file.parent.rmdir()
    assert "No such file or directory" in house.run()["complaint"]
    house.file.mkdir(parents=True)
    assert "Is a directory" in house.run()["complaint"]
    assert list(house.file.parent.iterdir()) == [house.file]


def _has_open(pid: int, name: str) -> bool:
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            if os.readlink(link).endswith(f"/{name}"):
                return True
    return False


def test_a_server_keeps_its_code_and_finds_it_again(tmp_path: Path) -> None:
    """The first one writes the file, even when it is stopped at once; the next one reads it."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONPATH")}
    environment = {**inherited, "PYTHONPYCACHEPREFIX": str(tmp_path / "cache")}
    command = [str(PROGRAM), "dev", "--data-dir", str(tmp_path / "data"), "--listen", "127.0.0.1:0"]
    opened = []
    for _ in range(3):
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline()
                opened.append(_has_open(process.pid, "all_that_starts.code"))
            finally:
                process.terminate()
            process.stdout.read()
            assert process.wait() == 0
    kept = list((tmp_path / "cache").rglob("all_that_starts.code*"))
    assert len(kept) == 1
    assert kept[0].stat().st_mode & 0o777 == Path(kept_code.__file__).stat().st_mode & 0o666
    assert opened[0] is False
    assert opened[2] is True
