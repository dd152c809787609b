"""Rotations that do not get on are told of: metrics, the log, and ``strongroom doctor``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.polling import until
from tests.rotation.databases import document
from tests.support.deployments import make_deployment
from tests.support.postgresql import PostgreSQL, Proxy
from tests.support.server import Server, run_program


def metrics(server: Server) -> dict[str, float]:
    """Read the metrics of rotations."""
    text = server.get("/metrics").body.decode()
    found = re.findall(r"^strongroom_rotation_(\w+?)(?:_total)? ([0-9.e+]+)$", text, re.MULTILINE)
    return {name: float(value) for name, value in found}


def doctor(server: Server) -> dict[str, str]:
    """Ask what the doctor says of rotations."""
    done = run_program("doctor", "--data-dir", server.data_dir, "--json")
    return next(dict(finding) for finding in json.loads(done.stdout) if finding["check"] == "rotations")


@pytest.mark.parametrize("command", ["dev", "serve"])
def test_a_failing_rotation_is_told_of_everywhere(
    command: str, postgresql: PostgreSQL, tmp_path: Path, second_server: Callable[..., Server]
) -> None:
    """The metrics come from another process than the one that is asked; a success takes the alarm back."""
    postgresql.make_user("told")
    proxy = Proxy(postgresql.port)
    proxy.refuses = True
    deployed: Any = None
    if command == "serve":
        deployed = make_deployment(tmp_path).server(settings={"rotate_local_targets": "yes"})
        server: Server = deployed.start()
    else:
        server = second_server()
    try:
        assert doctor(server)["state"] == "ok"
        client = server.client("secretsmanager")
        value = document(postgresql, "told", port=proxy.port, ssl=False)
        arn = client.create_secret(Name="told", SecretString=json.dumps(value))["ARN"]
        client.rotate_secret(SecretId="told")
        until(lambda: metrics(server).get("failures", 0) >= 1)
        until(lambda: metrics(server)["failing"] == 1)
        assert metrics(server) | {"failures": 0, "running": 0, "due": 0} == {
            "running": 0, "due": 0, "failing": 1, "held": 0, "overdue": 0, "successes": 0, "failures": 0,
        }  # fmt: skip
        said = doctor(server)
        assert said["state"] == "warning"
        assert "1 failing" in said["finding"]
        assert arn in said["finding"]
        assert "failed in setSecret: the target cannot be reached" in server.log
        proxy.refuses = False
        run_program("rotation", "resume", "told", "--data-dir", server.data_dir)
        until(lambda: metrics(server)["successes"] == 1)
        until(lambda: metrics(server)["failing"] == 0)
        until(lambda: metrics(server)["running"] == 0)
        assert doctor(server)["state"] == "ok"
        value = json.loads(client.get_secret_value(SecretId="told")["SecretString"])
        assert value["password"] not in server.log
    finally:
        proxy.close()
        if deployed is not None:
            deployed.close()
