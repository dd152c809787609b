"""The how-to about functions, as a reader would do it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.support.shell import first_run, run, shell_blocks


@pytest.mark.skipif(
    not (Path(sys.prefix) / "functions").is_dir() or shutil.which("bwrap") is None,
    reason="the runtime of functions or bubblewrap is not installed",
)
def test_deploy_a_function(tmp_path: Path) -> None:
    """Each command does what the page says."""
    blocks = shell_blocks("docs/how-to/deploy-a-function.md")
    with first_run(tmp_path):
        printed = run("\n".join(blocks), tmp_path)
    for expected in (
        "Pending",
        '{"greeting": "hello world"}',
        "asked by world",
        '"Principal":{"Service":"secretsmanager.amazonaws.com"}',
        ":function:greeter:live",
        "InProgress",
    ):
        assert expected in printed
