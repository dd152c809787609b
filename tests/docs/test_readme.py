"""The first screen of the README does what it says: its commands are taken from it and run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Server, clean_environment

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def shell_blocks() -> list[str]:
    """Take the shell commands out of the README, in order."""
    return BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


@pytest.fixture
def first_run(tmp_path: Path) -> Iterator[Server]:
    """The server of ``make run``, in a directory that looks like a fresh checkout."""
    (tmp_path / ".venv").symlink_to(Path(sys.prefix))
    running = Server(tmp_path / "strongroom-data")
    try:
        yield running.start()
    finally:
        running.close()


def run(commands: str, directory: Path) -> str:
    """Run commands in one shell, as a newcomer would; return what they printed."""
    environment = clean_environment()
    environment["PATH"] = f"{sys.prefix}/bin:{os.environ['PATH']}"
    environment["HOME"] = str(directory)
    done = subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", commands],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_first_command_starts_the_developer_server() -> None:
    """``make run`` installs and then starts ``strongroom dev`` with nothing but its defaults."""
    assert shell_blocks()[0].strip() == "make run"
    planned = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--always-make", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert planned.strip().splitlines()[-1] == ".venv/bin/strongroom dev"


def test_the_first_screen_stores_and_retrieves_an_ssh_key(first_run: Server) -> None:
    """What follows ``make run`` works as it stands: string and binary, AWS CLI and boto3, and the record of it."""
    directory = first_run.data_dir.parent
    said = run("\n".join(shell_blocks()[1:]), directory)
    key = (directory / "demo_key").read_text()
    assert key in said
    assert f"retrieved {len(key)} bytes that begin with -----BEGIN OPENSSH PRIVATE KEY-----" in said
    assert said.count("GetSecretValue") == 3


def test_every_link_of_the_readme_leads_somewhere() -> None:
    """Links to files of the repository are not dead."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
