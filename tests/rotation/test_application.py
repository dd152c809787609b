"""Applications that connect to PostgreSQL all the time while the real server rotates their credentials."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.faults.polling import until
from tests.rotation.application import (
    alternate_under_an_application,
    kill_at_random_moments,
    rotate_under_an_application,
    wait_for_current,
)
from tests.rotation.databases import document
from tests.support.accounts import Account
from tests.support.deployments import make_deployment
from tests.support.postgresql import ADMIN, ADMIN_PASSWORD, PostgreSQL, Proxy
from tests.support.scale import rounds
from tests.support.server import Server


@pytest.mark.soak
def test_single_user_without_a_failure(
    postgresql: PostgreSQL, server: Server, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fifty rotations; the log of the server, which logs every statement, holds no password."""
    times = rounds(50, 1_000)
    seen = rotate_under_an_application(postgresql, server, account, times)
    with capsys.disabled():
        print(f"\n{seen}")
    history = [
        record["eventName"] for record in server.records(account=account) if "Rotation" in record["eventName"]
    ]
    assert history.count("RotationSucceeded") == times
    assert "RotationFailed" not in history


@pytest.mark.soak
def test_alternating_users_without_even_a_retry(
    postgresql: PostgreSQL, server: Server, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kept value is at most one rotation old, and never refused."""
    boss = (ADMIN, ADMIN_PASSWORD)
    seen = alternate_under_an_application(postgresql, server, account, boss, rounds(20, 400))
    with capsys.disabled():
        print(f"\n{seen}")


@pytest.mark.soak
def test_a_killed_server_takes_its_rotations_up_again(
    postgresql: PostgreSQL, second_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at random moments: the credential is usable, and the rotation is complete within ten seconds."""
    seen = kill_at_random_moments(postgresql, second_server, rounds(4, 100))
    with capsys.disabled():
        print(f"\n{seen}")


def test_a_killed_rotation_process_gives_its_leases_up(postgresql: PostgreSQL, tmp_path: Path) -> None:
    """Killed alone, in the middle of a rotation: the one that takes its place waits for no lease of it.

    Tried by hand: without what the loop does first it takes thirty seconds, for so long a lease lasts.
    """
    postgresql.make_user("alone")
    proxy = Proxy(postgresql.port)
    settings = {"rotate_local_targets": "yes"}
    server = make_deployment(tmp_path).server("--workers", "1", settings=settings).start()
    try:
        client = server.client("secretsmanager")
        value = document(postgresql, "alone", port=proxy.port, ssl=False)
        client.create_secret(Name="alone", SecretString=json.dumps(value))
        rotating = server.children()[-1]
        proxy.hears = lambda number, _data: os.kill(rotating, signal.SIGKILL) if number == 5 else None
        token = client.rotate_secret(SecretId="alone")["VersionId"]
        until(lambda: rotating not in server.children())
        began = time.monotonic()
        wait_for_current(client, "alone", token)
        assert time.monotonic() - began < 20
    finally:
        server.close()
        proxy.close()
