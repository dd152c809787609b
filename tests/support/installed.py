"""What ``pip install --target`` does for what is installed already, with all that it needs: tests fetch nothing.

``pip_that_fetches_nothing`` makes a ``pip`` of it, for pages of the documentation that package a function.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement


def install(requirements: Iterable[str], target: Path) -> None:
    """Copy what is required, for example ``psycopg[binary]``, to where a function finds it."""
    for found in _needed(requirements):
        for file in found.files or ():
            # Programs lie outside, in ../../../bin; pip would leave compiled files out as well.
            if file.parts[0] != ".." and file.suffix != ".pyc":
                place = target / file
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(str(found.locate_file(file)), place)


def pip_that_fetches_nothing(directory: Path) -> str:
    """Make a ``pip``; return the PATH that finds it."""
    program = directory / "bin/pip"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} {__file__} "$@"\n')
    program.chmod(0o755)
    return f"{program.parent}:{sys.prefix}/bin:{os.environ['PATH']}"


def _needed(requirements: Iterable[str]) -> Iterator[Distribution]:
    for text in requirements:
        requirement = Requirement(text)
        found = distribution(requirement.name)
        yield found
        extras = requirement.extras or {""}
        yield from _needed(
            str(needed)
            for needed in map(Requirement, found.requires or ())
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
        )


def main() -> None:
    """Be ``pip install --target DIRECTORY REQUIREMENT ...``, and nothing else."""
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["install"])
    parser.add_argument("--quiet", action="store_true")
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("requirements", nargs="+")
    given = parser.parse_args()
    install(given.requirements, given.target)


if __name__ == "__main__":
    main()
