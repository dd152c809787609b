"""What a start imports: the time to the first answer is mostly that (docs/explanation/performance.md)."""

from __future__ import annotations

import subprocess
import sys

NOT_FOR_A_START = (
    *("cyclopts", "rich", "prometheus_client", "argon2", "boto3", "tomllib"),
    *("dataclasses", "email", "fractions", "gzip", "tempfile", "importlib.resources", "random"),
    *("strongroom.administration", "strongroom.audit.trail", "strongroom.workers.background"),
    *("strongroom.policy.conditions", "strongroom.seal.passphrase", "strongroom.services.sts.sessions"),
    *("strongroom.services.iam.create_user", "strongroom.services.secretsmanager.create_secret"),
)


def test_a_server_that_is_started_plainly_imports_only_what_serves() -> None:
    """Libraries for other commands, and the operations that nobody has asked for, come when they are needed."""
    parts = "strongroom.cli.commands, strongroom.cli.serving, strongroom.supervisor"
    program = f"import sys, {parts}; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = set(found.stdout.split())
    assert "strongroom.worker" in imported
    assert imported.isdisjoint(NOT_FOR_A_START)


def test_a_server_takes_type_hints_from_python_alone() -> None:
    """The library with those for older versions is not loaded, and can be loaded later."""
    arguments = ["serve", "--data-dir", "/nowhere", "--listen", "127.0.0.1:0"]
    program = (
        "import atexit, sys; atexit.register(lambda: (print(*sys.modules), __import__('typing_extensions')));"
        f" sys.argv[1:] = {arguments}; from strongroom.cli import main; main()"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    imported = set(found.stdout.split())
    assert (found.returncode, "There is no deployment in /nowhere" in found.stderr) == (2, True)
    assert {"msgspec", "strongroom.cli.serving", "strongroom.opening"} <= imported
    assert "typing_extensions" not in imported
    assert "Traceback" not in found.stderr
