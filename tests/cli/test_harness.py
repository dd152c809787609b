"""The harness itself: what other tests rely on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.accounts import Account
from tests.support.server import MovedServer, Server, clean_environment

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient


def test_a_signed_raw_request_is_answered_and_recorded_once(server: Server, account: Account) -> None:
    """A request by http.client is let in, and its record is found by its request id."""
    answer = server.raw("sts", "GetCallerIdentity", {}, account=account)
    assert answer.status == 200, answer.body
    assert account.account_id.encode() in answer.body
    (record,) = server.records(request_id=answer.headers["x-amzn-RequestId"])
    assert record["eventName"] == "GetCallerIdentity"


def test_a_change_is_found_in_the_records_at_once(
    server: Server, account: Account, secretsmanager: SecretsManagerClient
) -> None:
    """The record of a change is there when its answer is."""
    secretsmanager.create_secret(Name="first", SecretString="value")
    assert secretsmanager.get_secret_value(SecretId="first")["SecretString"] == "value"
    names = [record["eventName"] for record in server.records(account=account)]
    assert names == ["CreateSecret", "GetSecretValue"]


def test_an_unsigned_request_is_refused(server: Server) -> None:
    """Leaving the signature out is possible with the harness, and refused by the server."""
    assert server.raw("secretsmanager", "ListSecrets", {}, signed=False).status == 400


def test_a_moved_clock_is_seen_by_the_next_request(moved_server: MovedServer) -> None:
    """A secret made after the clock moved carries the new time."""
    client = moved_server.client("secretsmanager")
    moved_server.set_time("2030-01-01T00:00:00Z")
    client.create_secret(Name="first", SecretString="value")
    assert client.describe_secret(SecretId="first")["CreatedDate"].year == 2030
    moved_server.advance(days=366)
    client.create_secret(Name="second", SecretString="value")
    assert client.describe_secret(SecretId="second")["CreatedDate"].year == 2031
    moved_server.run_background()


def test_a_killed_server_keeps_what_it_acknowledged(second_server: Callable[..., Server]) -> None:
    """After kill -9 of a server with two workers a secret is still there."""
    running = second_server("--workers", "2")
    running.client("secretsmanager").create_secret(Name="first", SecretString="value")
    running.kill9()
    assert [record["eventName"] for record in running.records()] == ["CreateSecret"]
    running.start()
    assert running.client("secretsmanager").get_secret_value(SecretId="first")["SecretString"] == "value"


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("1", 1)])
def test_a_skip_is_a_failure_in_ci(tmp_path: Path, ci: str, status: int) -> None:
    """Nothing goes untested unnoticed: with CI set, a skipped test fails the run."""
    (tmp_path / "test_skipped.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('missing')\n")
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", tmp_path],
        cwd=root,
        env={**clean_environment(), "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
