"""One file with the code of all modules that a start loads, read in their stead (decision 21).

To find and read a module takes Python a dozen system calls and 0.1 ms, and a start loads four hundred of them.

Rules:
 - The file is a cache. It lies in ``__pycache__``, and is written and trusted as what lies there: whoever may write
   there runs code as we do.
 - No code is stale. The interpreter and the path on which modules are searched are those that the file was written
   for, no directory on the way holds other names than then, and each source has the time and size it had. A module
   that does not fit, or all of them when the file is damaged, is loaded in the ordinary way; a later start finds a
   new file.
 - What a module says of itself, its ``__file__`` and the lines of its tracebacks, is the same either way.
 - ``STRONGROOM_KEPT_CODE=off`` turns it off, and ``PYTHONDONTWRITEBYTECODE`` its writing. Where ``PYTHONPATH`` is set
   nothing is written either: modules are searched elsewhere for a while only.

Format: ``index length (4) | CRC-32 of the index (4) | index | code``; index and code as ``marshal`` writes them.

It is loaded in the ordinary way itself, before all else, and imports what the interpreter has loaded already.
"""

from __future__ import annotations

import marshal
import os
import sys
from binascii import crc32
from importlib.machinery import ExtensionFileLoader, ModuleSpec, PathFinder, SourceFileLoader

TYPE_CHECKING = False  # the module typing is itself one that a start loads
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType
    from typing import Any

OFF = "STRONGROOM_KEPT_CODE"
_FIXED_BYTES = 8


class KeptCode:
    """The file, and the finder of modules that reads it.

    Args:
        path: Of the file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._key: tuple[str, str | None, int, list[str]] = (
            *(sys.version, sys.implementation.cache_tag, sys.flags.optimize, list(sys.path)),
        )
        self._is_whole = False
        self._descriptor = -1
        self._modules: dict[str, tuple[Any, ...]] = {}
        self._code_begins = 0

    def use(self) -> None:
        """Read the file, if there is one that fits, and look modules up in it from now on."""
        if os.environ.get(OFF) == "off":
            self._is_whole = True  # and never written
            return
        try:
            self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return  # there is none yet
        try:
            self._is_whole = self._read_index()
        except (OSError, ValueError, EOFError, TypeError):
            self._is_whole = False  # it is damaged
        if self._is_whole:
            sys.meta_path.insert(0, self)
        else:
            os.close(self._descriptor)

    def _read_index(self) -> bool:
        """Take the index in; False when the file does not fit what is there now."""
        fixed = os.pread(self._descriptor, _FIXED_BYTES, 0)
        length = min(int.from_bytes(fixed[:4], "big"), os.fstat(self._descriptor).st_size)
        index = os.pread(self._descriptor, length, _FIXED_BYTES)
        if crc32(index) != int.from_bytes(fixed[4:], "big"):
            return False
        key, times, self._modules = marshal.loads(index)  # noqa: S302 - trusted as any file of __pycache__
        self._code_begins = _FIXED_BYTES + length
        return key == self._key and all(_time_of(path) == time for path, time in times.items())

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Say where a module is, or None when it is not kept here or was changed; called by ``import``."""
        kept = self._modules.get(name)
        if kept is None:
            return None
        origin, cached, places, facts, start, length = kept
        if _facts_of(origin) != facts:
            self._is_whole = False
            return None
        loader: Any = ExtensionFileLoader(name, origin)
        if length:
            loader = _Loader(name, origin, self, self._code_begins + start, length)
        spec = ModuleSpec(name, loader, origin=origin)
        spec.submodule_search_locations = places
        spec.cached = cached
        spec.has_location = True
        return spec

    def read(self, length: int, start: int) -> CodeType | None:
        """Read the code of one module, or None when it is damaged."""
        try:
            code = marshal.loads(os.pread(self._descriptor, length, start))  # noqa: S302 - as above
        except (OSError, ValueError, EOFError, TypeError):
            code = None
        if isinstance(code, _CODE):
            return code
        self._is_whole = False
        return None

    def keep(self, names: Iterable[str]) -> None:
        """Write the file, unless all of it could be used, with the code of these modules.

        Raises:
            OSError: It cannot be written; starts take longer then.
        """
        if self._is_whole or sys.dont_write_bytecode or "PYTHONPATH" in os.environ:
            return
        self._is_whole = True
        loaded = {name: module for name in names if (module := sys.modules.get(name)) is not None}
        searched = {place for module in loaded.values() for place in getattr(module, "__path__", ())}
        # Before anything is looked up: whatever changes meanwhile makes the file one that does not fit.
        times = {path: _time_of(path) for path in searched.union(self._key[-1])}
        modules: dict[str, Any] = {}
        code = bytearray()
        for name in loaded:
            parent = loaded.get(name.rpartition(".")[0])
            spec = PathFinder.find_spec(name, getattr(parent, "__path__", None))
            if spec is None or spec.origin is None or not isinstance(spec.loader, _KINDS):
                continue
            facts, written = _facts_of(spec.origin), b""
            if isinstance(spec.loader, SourceFileLoader):
                written = marshal.dumps(spec.loader.get_code(name))
            if facts is None or _facts_of(spec.origin) != facts:
                continue  # it is being changed at this moment
            places = spec.submodule_search_locations
            modules[name] = (spec.origin, spec.cached, places, facts, len(code), len(written))
            code += written
        index = marshal.dumps((self._key, times, modules))
        self._replace(len(index).to_bytes(4, "big"), crc32(index).to_bytes(4, "big"), index, code)

    def _replace(self, *pieces: bytes | bytearray) -> None:
        unfinished = f"{self._path}.{os.getpid()}"
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            # Who may read the sources may read this; a server's own files are for it alone.
            os.fchmod(descriptor, os.stat(__file__).st_mode & 0o666)
            with open(descriptor, "wb") as file:
                file.writelines(pieces)
                file.flush()
                os.fsync(descriptor)  # its name never stands for less than all of it
            os.replace(unfinished, self._path)
        except BaseException:
            os.unlink(unfinished)
            raise


class _Loader(SourceFileLoader):
    """Loads one module out of the file."""

    def __init__(self, name: str, path: str, kept: KeptCode, start: int, length: int) -> None:
        super().__init__(name, path)
        self._kept = kept
        self._place = length, start

    def get_code(self, fullname: str) -> CodeType | None:
        """Read the code; the ordinary way when it is damaged."""
        return self._kept.read(*self._place) or super().get_code(fullname)


def _facts_of(path: str) -> tuple[int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size


def _time_of(directory: str) -> int | None:
    """Give the time at which a directory got or lost a name; None when there is none."""
    facts = _facts_of(directory or ".")
    return None if facts is None else facts[0]


_CODE = type(_facts_of.__code__)
_KINDS = (SourceFileLoader, ExtensionFileLoader)
KEPT_CODE = KeptCode(os.path.join(os.path.dirname(__spec__.cached or __file__), "all_that_starts.code"))
