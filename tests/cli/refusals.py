"""What a refusal looks like: exit status 2, one sentence on standard error, nothing else."""

from __future__ import annotations

import subprocess


def assert_refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Check that a command was refused with a sentence that holds ``parts``."""
    assert done.returncode == 2, (done.returncode, done.stdout, done.stderr)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("strongroom: ")
    for part in parts:
        assert part in line
