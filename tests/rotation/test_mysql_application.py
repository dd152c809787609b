"""Applications that connect to MariaDB and MySQL all the time while the real server rotates their credentials."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.rotation.application import (
    alternate_under_an_application,
    kill_at_random_moments,
    rotate,
    rotate_under_an_application,
)
from tests.rotation.databases import document
from tests.support.accounts import Account
from tests.support.mariadb import ADMIN, ADMIN_PASSWORD, MariaDB
from tests.support.scale import rounds
from tests.support.server import Server, run_program

pytestmark = pytest.mark.soak  # where MySQL goes through all of it too


def test_single_user_without_a_failure(
    database: MariaDB, server: Server, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fifty rotations, of MySQL fewer; the log of the server, which logs every statement, holds no password."""
    times = rounds(50 if database.engine == "mariadb" else 15, 1_000)
    seen = rotate_under_an_application(database, server, account, times)
    with capsys.disabled():
        print(f"\n{seen}")


def test_alternating_users_without_even_a_retry(
    database: MariaDB, server: Server, account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    """The kept value is at most one rotation old, and never refused."""
    for user in ("calm_clone", "calm"):
        database.run(f"DROP USER IF EXISTS {user}")
    times = rounds(20 if database.engine == "mariadb" else 10, 400)
    seen = alternate_under_an_application(database, server, account, (ADMIN, ADMIN_PASSWORD), times)
    with capsys.disabled():
        print(f"\n{seen}")


def test_a_killed_server_takes_its_rotations_up_again(
    mariadb: MariaDB, second_server: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Killed at random moments: the credential is usable, and the rotation is complete within ten seconds."""
    seen = kill_at_random_moments(mariadb, second_server, rounds(3, 100))
    with capsys.disabled():
        print(f"\n{seen}")


def function_arn(account: Account, name: str) -> str:
    """Give the ARN of a built-in function."""
    return f"arn:aws:lambda:us-east-1:{account.account_id}:function:{name}"


@pytest.mark.parametrize(
    ("engine", "family"), [("mysql", "MySQL"), ("aurora-mysql", "MySQL"), ("mariadb", "MariaDB")]
)
def test_the_functions_exist_in_every_account(
    mariadb: MariaDB, server: Server, account: Account, engine: str, family: str
) -> None:
    """Under the names of AWS's templates, for the engines that they are for and no others."""
    client = server.client("secretsmanager", account)
    mariadb.make_user("named")
    value = document(mariadb, "named", engine=engine)
    client.create_secret(Name="named", SecretString=json.dumps(value))
    arn = function_arn(account, f"SecretsManagerRDS{family}RotationSingleUser")
    rotate(client, "named", RotationLambdaARN=arn)
    assert client.describe_secret(SecretId="named")["RotationLambdaARN"] == arn
    current = json.loads(client.get_secret_value(SecretId="named")["SecretString"])
    assert mariadb.logs_in("named", current["password"])
    other = function_arn(
        account, f"SecretsManagerRDS{'MariaDB' if family == 'MySQL' else 'MySQL'}RotationSingleUser"
    )
    with pytest.raises(ClientError, match="engine"):
        client.rotate_secret(SecretId="named", RotationLambdaARN=other)
    several = function_arn(account, f"SecretsManagerRDS{family}RotationMultiUser")
    with pytest.raises(ClientError, match="masterarn"):
        client.rotate_secret(SecretId="named", RotationLambdaARN=several)


def test_the_commands_of_an_operator(mariadb: MariaDB, server: Server, account: Account) -> None:
    """dry-run, explain and history; never a value."""
    client = server.client("secretsmanager", account)
    mariadb.make_user("told")
    arn = client.create_secret(Name="told", SecretString=json.dumps(document(mariadb, "told")))["ARN"]

    def ask(command: str) -> str:
        done = run_program("rotation", command, arn, "--data-dir", server.data_dir, "--json")
        assert done.returncode == 0, done.stderr
        return done.stdout

    found = json.loads(ask("dry-run"))
    assert all(check["is_met"] for check in found["checks"])
    assert found["statements"] == ["SET PASSWORD = '…'"]
    assert mariadb.logs_in("told", "first")
    rotate(client, "told")
    [entry] = json.loads(ask("history"))
    proof = ("old_worked_before", "new_worked_before_promotion", "new_works_after", "old_refused_after")
    assert {name: entry[name] for name in proof} == dict.fromkeys(proof, "yes")
    assert entry["server"].startswith("server_uid")
    password = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])["password"]
    assert password not in ask("history") + ask("explain") + ask("dry-run")


def test_the_driver_is_imported_when_it_is_needed() -> None:
    """A server without secrets of MySQL does not pay for it."""
    program = (
        "import sys, strongroom.cli, strongroom.cli.serving, strongroom.rotation.process; print(*sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not {"pymysql", "nacl"} & set(found.stdout.split())
