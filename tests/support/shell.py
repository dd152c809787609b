"""Shell commands of the documentation, taken out of it and run as a reader would."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import Server, clean_environment

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shell_blocks(page: str) -> list[str]:
    """Take the shell commands out of a page, in order; ``page`` is its path in the repository."""
    return _BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))


@contextmanager
def first_run(directory: Path) -> Iterator[Server]:
    """Run the server of ``make run`` in a directory that looks like a fresh checkout."""
    (directory / ".venv").symlink_to(Path(sys.prefix))
    running = Server(directory / "strongroom-data")
    try:
        yield running.start()
    finally:
        running.close()


def run(commands: str, directory: Path, more: Mapping[str, str] | None = None) -> str:
    """Run commands in one shell, as a newcomer would; return what they printed."""
    done = attempt(commands, directory, more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def attempt(
    commands: str, directory: Path, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run commands in one shell that ends at the first that fails.

    Args:
        commands: For bash.
        directory: Where, and the home directory.
        more: Further variables of the environment.
    """
    environment = clean_environment()
    environment["PATH"] = f"{sys.prefix}/bin:{os.environ['PATH']}"
    environment["HOME"] = str(directory)
    environment.update(more or {})
    return subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
