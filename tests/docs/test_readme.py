"""The first screen of the README does what it says: its commands are taken from it and run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.support.shell import ROOT, first_run, run, shell_blocks

README = "README.md"


def test_the_first_command_starts_the_developer_server() -> None:
    """``make run`` installs and then starts ``strongroom dev`` with nothing but its defaults."""
    assert shell_blocks(README)[0].strip() == "make run"
    planned = subprocess.run(
        ["make", "--no-print-directory", "--dry-run", "--always-make", "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert planned.strip().splitlines()[-1] == ".venv/bin/strongroom dev"


def test_the_first_screen_stores_and_retrieves_an_ssh_key(tmp_path: Path) -> None:
    """What follows ``make run`` works as it stands: string and binary, AWS CLI and boto3, and the record of it."""
    with first_run(tmp_path):
        said = run("\n".join(shell_blocks(README)[1:]), tmp_path)
    key = (tmp_path / "demo_key").read_text()
    assert key in said
    assert f"retrieved {len(key)} bytes that begin with -----BEGIN OPENSSH PRIVATE KEY-----" in said
    assert said.count("GetSecretValue") == 3


def test_every_link_of_the_readme_leads_somewhere() -> None:
    """Links to files of the repository are not dead."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
