"""``strongroom rotation``: history, explain, dry-run and resume against a running server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.refusals import assert_refused
from tests.faults.polling import until
from tests.support.accounts import Account
from tests.support.deployments import make_deployment
from tests.support.postgresql import ADMIN, ADMIN_PASSWORD, PostgreSQL, PostgreSQLMissing
from tests.support.server import Server, run_program
from tests.support.started import started


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server."""
    for server in started(PostgreSQL, PostgreSQLMissing):
        server.run("CREATE ROLE app LOGIN PASSWORD 'first'")
        yield server


@pytest.fixture
def arn(postgresql: PostgreSQL, secretsmanager: Any) -> str:
    """A secret of the account whose credential works."""
    postgresql.run("ALTER ROLE app PASSWORD 'first'")
    value = {"engine": "postgres", "host": "127.0.0.1", "port": postgresql.port}
    value |= {"username": "app", "password": "first"}
    made: str = secretsmanager.create_secret(Name="db", SecretString=json.dumps(value))["ARN"]
    return made


def rotation(server: Server, command: str, secret: str, *more: str) -> Any:
    """Run one command that must succeed; return its JSON."""
    done = run_program("rotation", command, secret, "--data-dir", server.data_dir, "--json", *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_history_and_explain(server: Server, secretsmanager: Any, arn: str) -> None:
    """Before, after, and what was proven; never a value."""
    assert rotation(server, "explain", arn)["state"] == "never"
    assert rotation(server, "history", arn) == []
    token = secretsmanager.rotate_secret(SecretId=arn, RotationRules={"AutomaticallyAfterDays": 9})[
        "VersionId"
    ]
    until(lambda: bool(rotation(server, "history", arn)))
    [entry] = rotation(server, "history", arn)
    proof = ("old_worked_before", "new_worked_before_promotion", "new_works_after", "old_refused_after")
    assert {name: entry[name] for name in proof} == dict.fromkeys(proof, "yes")
    assert (entry["outcome"], entry["token"], entry["tls"]) == ("succeeded", token, "none")
    assert entry["server"].startswith("started 2")
    assert "the next rotation begins at" in rotation(server, "explain", arn)["explanation"]
    text = run_program("rotation", "history", arn, "--data-dir", server.data_dir).stdout
    password = json.loads(secretsmanager.get_secret_value(SecretId=arn)["SecretString"])["password"]
    assert password not in text
    assert "succeeded" in text


def test_a_dry_run_changes_nothing(
    server: Server, secretsmanager: Any, postgresql: PostgreSQL, arn: str
) -> None:
    """It says whether a rotation would succeed and what it would send, masked."""
    before = secretsmanager.describe_secret(SecretId=arn)
    found = rotation(server, "dry-run", arn)
    assert all(check["is_met"] for check in found["checks"])
    assert 'ALTER ROLE "app" PASSWORD' in str(found["statements"])
    after = secretsmanager.describe_secret(SecretId=arn)
    for answer in (before, after):
        del answer["ResponseMetadata"]
    assert after == before
    assert postgresql.logs_in("app", "first")
    postgresql.run("ALTER ROLE app PASSWORD 'changed'")
    done = run_program("rotation", "dry-run", arn, "--data-dir", server.data_dir)
    assert done.returncode == 1
    assert "NO  the current value logs in (the credentials were refused)" in done.stdout


def test_a_dry_run_of_alternating_users(
    server: Server, account: Account, secretsmanager: Any, postgresql: PostgreSQL, arn: str
) -> None:
    """It looks at both accounts, and at the administrator's rights to use."""
    value = json.loads(secretsmanager.get_secret_value(SecretId=arn)["SecretString"])
    boss = {**value, "username": ADMIN, "password": ADMIN_PASSWORD}
    boss_arn = secretsmanager.create_secret(Name="boss", SecretString=json.dumps(boss))["ARN"]
    secretsmanager.put_secret_value(SecretId=arn, SecretString=json.dumps({**value, "masterarn": boss_arn}))
    done = run_program("rotation", "dry-run", arn, "--data-dir", server.data_dir)
    assert done.returncode == 1
    assert "no administrator's secret was lent" in done.stdout
    secretsmanager.rotate_secret(SecretId=arn, RotateImmediately=False)
    until(lambda: rotation(server, "explain", arn)["state"] == "idle")
    assert rotation(server, "history", arn)[-1]["outcome"] == "test-succeeded"
    found = rotation(server, "dry-run", arn)
    assert all(check["is_met"] for check in found["checks"]), found
    assert 'CREATE ROLE "app_clone" LOGIN INHERIT' in found["statements"]
    with postgresql.admin() as connection:
        assert connection.execute("SELECT 1 FROM pg_roles WHERE rolname = 'app_clone'").fetchone() is None
    assert ADMIN_PASSWORD not in str(found)


def test_a_held_rotation_is_explained_and_resumed(
    server: Server, secretsmanager: Any, postgresql: PostgreSQL, arn: str
) -> None:
    """Somebody changed the password; once the stored value is in force again, it goes on."""
    postgresql.run("ALTER ROLE app PASSWORD 'changed'")
    token = secretsmanager.rotate_secret(SecretId=arn)["VersionId"]
    until(lambda: rotation(server, "explain", arn)["state"] == "held")
    told = rotation(server, "explain", arn)["explanation"]
    assert "no stored value logs in" in told
    assert token in told
    assert [record["requestID"] for record in server.records("RotationHeld")] == [f"Rotation-{arn}-{token}"]
    postgresql.run("ALTER ROLE app PASSWORD 'first'")
    assert rotation(server, "resume", arn)["token"] == token
    until(lambda: rotation(server, "explain", arn)["state"] == "idle")
    assert rotation(server, "history", arn)[-1]["outcome"] == "succeeded"
    done = run_program("rotation", "resume", arn, "--data-dir", server.data_dir)
    assert_refused(done, "No rotation of this secret is under way.")


def test_a_secret_is_found_by_its_name_where_only_one_has_it(
    server: Server, secretsmanager: Any, arn: str
) -> None:
    """Otherwise the ARN is wanted."""
    other = server.client("secretsmanager", server.new_account())
    other.create_secret(Name="db", SecretString="x")
    done = run_program("rotation", "explain", "db", "--data-dir", server.data_dir)
    assert_refused(done, "give its ARN")
    done = run_program("rotation", "explain", "nowhere", "--data-dir", server.data_dir)
    assert_refused(done, "no secret of this name")


def test_serve_reaches_no_target_on_its_own_machine_unless_it_is_told(
    tmp_path: Path, postgresql: PostgreSQL
) -> None:
    """A tenant's secret is not to make the server knock at its own doors."""
    deployment = make_deployment(tmp_path)
    for settings, expected in (({}, "failed"), ({"rotate_local_targets": "yes"}, "succeeded")):
        server = deployment.server("--workers", "1", settings=settings).start()
        try:
            client = server.client("secretsmanager")
            name = f"db-{expected}"
            postgresql.run(f"CREATE ROLE \"{name}\" LOGIN PASSWORD 'first'")
            value = {"engine": "postgres", "host": "127.0.0.1", "port": postgresql.port}
            value |= {"username": name, "password": "first"}
            client.create_secret(Name=name, SecretString=json.dumps(value))
            client.rotate_secret(SecretId=name)
            until(lambda name=name, server=server: bool(rotation(server, "history", name)))  # type: ignore[misc]
            entry = rotation(server, "history", name)[-1]
            assert entry["outcome"] == expected, entry
            if expected == "failed":
                assert "loopback addresses are not reached" in entry["cause"]
        finally:
            server.close()
