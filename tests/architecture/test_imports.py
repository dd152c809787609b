"""The house of the design: imports point down only, and nothing happens by importing (design section 1).

The layers, from the bottom: words, engines, places (audit, store, seal), gateway, services, and the parts that
put everything together. What a file imports for its types alone counts as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from keyword import iskeyword
from pathlib import Path
from typing import NamedTuple

import pytest

import strongroom

SOURCE = Path(strongroom.__file__).parent
WORDS = {
    "strongroom",
    "arn",
    "clock",
    "config",
    "errors",
    "http_message",
    "ids",
    "moved_clock",
    "paging",
    "patterns",
    "strict_json",
}
ENGINES = {"wire", "sigv4", "policy", "crypto", "schedule", "eventpattern", "filterpattern"}
PLACES = {"audit", "egress", "functions", "store", "seal"}
TOP = {
    *(
        "administration",
        "app",
        "cli",
        "control",
        "kept_code",
        "later_modules",
        "older_stores",
        "on_demand",
        "opening",
        "own_core",
        "rotation",
        "supervisor",
        "worker",
        "worker_threads",
    ),
    "workers",
}
RANKS = {
    **dict.fromkeys(WORDS, 0),
    **dict.fromkeys(ENGINES, 1),
    **dict.fromkeys(PLACES, 2),
    "gateway": 3,
    "services": 4,
    **dict.fromkeys(TOP, 5),
}
OUTSIDE = {
    *("apsw", "asyncio", "fcntl", "io", "logging", "mmap", "pathlib", "select", "shutil"),
    *("socket", "subprocess", "tempfile", "threading", "time"),
}
"""Modules with which an engine would reach the world outside, or the clock."""
FROM_OS = {"urandom"}
"""What engines use of ``os``: randomness, in the one place that draws it (crypto)."""
CALLS = {"open", "print", "input", "now", "utcnow", "today"}


class Import(NamedTuple):
    """One import of one file."""

    file: str
    line: int
    module: str


def python_files() -> list[Path]:
    """List every file of the package."""
    return sorted(SOURCE.rglob("*.py"))


def part_of(path: Path) -> str:
    """Name the part of the house that a file belongs to."""
    relative = path.relative_to(SOURCE)
    if len(relative.parts) > 1:
        return relative.parts[0]
    return "strongroom" if relative.stem == "__init__" else relative.stem


def imports_of(path: Path) -> Iterator[Import]:
    """Yield every import of a file, those inside functions and for types alone included."""
    name = str(path.relative_to(SOURCE))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name, node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno}: imports are absolute"
            assert node.module is not None
            for alias in node.names:
                yield Import(name, node.lineno, _whole_name(node.module, alias.name))


def _whole_name(module: str, name: str) -> str:
    """Add what is imported to the module's name when it is a module itself."""
    parts = module.split(".")
    if parts[0] == "strongroom":
        folder = SOURCE.joinpath(*parts[1:])
        if (folder / f"{name}.py").exists() or (folder / name).is_dir():
            return f"{module}.{name}"
    return module


def imported_part(module: str) -> str | None:
    """Name the part that an import is of, or None for what is not ours."""
    parts = module.split(".")
    if parts[0] != "strongroom":
        return None
    if len(parts) == 1 or parts[1].startswith("__"):
        return "strongroom"
    return parts[1]


def all_imports() -> list[tuple[str, Import, str]]:
    """List ``(part, import, imported part)`` of everything that is ours."""
    found = []
    for path in python_files():
        for one in imports_of(path):
            target = imported_part(one.module)
            if target is not None:
                found.append((part_of(path), one, target))
    return found


def test_every_part_of_the_house_has_its_layer() -> None:
    """A new folder or file must be given a place in this test before it can be imported."""
    unknown = {part_of(path) for path in python_files()} - set(RANKS)
    assert unknown == set()


def test_imports_point_down_only() -> None:
    """No file imports from a layer above its own, or from a part beside it that is not its own."""
    wrong = [
        f"{one.file}:{one.line} imports {one.module}"
        for part, one, target in all_imports()
        if part != target and RANKS[target] > RANKS[part]
    ]
    assert wrong == []


def test_engines_do_not_import_each_other() -> None:
    """Each engine can be read, tested and replaced by itself."""
    wrong = [
        f"{one.file}:{one.line} imports {one.module}"
        for part, one, target in all_imports()
        if part in ENGINES and target in ENGINES and part != target
    ]
    assert wrong == []


def test_places_do_not_know_each_other() -> None:
    """Audit, store and seal meet in the parts above them; functions go out by the one set of rules for that."""
    wrong = [
        f"{one.file}:{one.line} imports {one.module}"
        for part, one, target in all_imports()
        if part in PLACES
        and target in PLACES
        and part != target
        and (part, target) != ("functions", "egress")
    ]
    assert wrong == []


def test_services_meet_only_through_their_contracts() -> None:
    """A service imports of another one its ``contract`` alone; only the table knows all of them."""
    wrong = []
    for path in sorted((SOURCE / "services").rglob("*.py")):
        relative = path.relative_to(SOURCE / "services")
        if str(relative) == "table.py":
            continue
        own = relative.parts[0] if len(relative.parts) > 1 else ""
        for one in imports_of(path):
            parts = one.module.split(".")
            if parts[:2] != ["strongroom", "services"] or len(parts) < 3 or parts[2] == own:
                continue
            if parts[3:4] != ["contract"]:
                wrong.append(f"{one.file}:{one.line} imports {one.module}")
    assert wrong == []


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_engines_do_no_io_and_read_no_clock(engine: str) -> None:
    """Files, sockets, processes and time come into an engine as arguments, or not at all."""
    wrong: list[str] = []
    for path in sorted((SOURCE / engine).rglob("*.py")):
        wrong.extend(
            f"{one.file}:{one.line} imports {one.module}"
            for one in imports_of(path)
            if one.module.split(".")[0] in OUTSIDE
        )
        tree = ast.parse(path.read_text(encoding="utf-8"))
        own = {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef)
        }  # aead.open opens no file
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
                if node.attr not in FROM_OS:
                    wrong.append(f"{path.name}:{node.lineno} uses os.{node.attr}")
            elif isinstance(node, ast.ImportFrom) and node.module == "os":
                names = {alias.name for alias in node.names} - FROM_OS
                wrong.extend(f"{path.name}:{node.lineno} imports os.{name}" for name in sorted(names))
            elif isinstance(node, ast.Call) and _called(node) in CALLS - own:
                wrong.append(f"{path.name}:{node.lineno} calls {_called(node)}")
    assert wrong == []


def _called(node: ast.Call) -> str:
    """Name a built-in function, or a function of datetime, that is called; else an empty text."""
    function = node.func
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return function.attr if function.value.id in ("datetime", "date") else ""
    return ""


def test_nothing_happens_by_importing() -> None:
    """The body of a module declares; a statement that only calls something is a registration in disguise."""
    wrong = []
    for path in python_files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for statement in tree.body:
            is_docstring = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if isinstance(statement, ast.Expr) and not is_docstring:
                wrong.append(f"{path.relative_to(SOURCE)}:{statement.lineno}")
    assert wrong == []


def test_no_file_is_called_utils() -> None:
    """A function has a noun; it is put there."""
    names = {path.stem for path in python_files()} | {
        path.parent.name for path in python_files() if path.parent != SOURCE
    }
    assert names & {"utils", "util", "helpers", "helper", "common", "misc"} == set()


def test_each_operation_is_in_the_file_of_its_name() -> None:
    """The ten-second rule: ``GetSecretValue`` is declared in ``get_secret_value.py``, as boto3 names it."""
    from botocore import xform_name

    from strongroom.services.table import SERVICES

    missing = []
    for service in SERVICES:
        for operation in service.operations:
            stem = xform_name(operation.name)
            folder = service.name + ("_" if iskeyword(service.name) else "")
            path = SOURCE / "services" / folder / f"{stem}.py"
            if operation.handle.__module__ != f"strongroom.services.{folder}.{stem}" or not path.exists():
                missing.append(f"{service.name}:{operation.name}")
    assert missing == []
