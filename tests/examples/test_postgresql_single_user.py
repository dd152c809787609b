"""The example of a function that rotates a PostgreSQL password: deployed, and rotated for real."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.examples.deploying import deploy, rotate
from tests.faults.polling import until
from tests.support.accounts import Account
from tests.support.postgresql import PostgreSQL, PostgreSQLMissing
from tests.support.server import Server, run_program
from tests.support.started import started


@pytest.fixture(scope="module")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL server."""
    yield from started(PostgreSQL, PostgreSQLMissing)


@pytest.fixture
def function(server: Server, account: Account) -> str:
    """The deployed example."""
    return deploy(server, account, "postgresql-single-user", ["psycopg[binary]"])


@pytest.fixture
def client(server: Server, account: Account, postgresql: PostgreSQL) -> Any:
    """A client, and a secret ``shop/db``."""
    made = server.client("secretsmanager", account)
    postgresql.make_user("shop")
    value = {
        "engine": "postgres",
        "host": "127.0.0.1",
        "port": postgresql.port,
        "username": "shop",
        "password": "first",
        "ssl": False,
    }
    made.create_secret(Name="shop/db", SecretString=json.dumps(value))
    return made


def test_it_rotates(
    server: Server, account: Account, postgresql: PostgreSQL, client: Any, function: str
) -> None:
    """Twice; the old password is refused; history and trail tell of it; no value is in the log of the function."""
    first = rotate(server, client, "shop/db", RotationLambdaARN=function)
    second = rotate(server, client, "shop/db")
    assert len({"first", first["password"], second["password"]}) == 3
    assert postgresql.logs_in("shop", second["password"])
    assert not postgresql.logs_in("shop", first["password"])
    described = client.describe_secret(SecretId="shop/db")
    assert described["RotationLambdaARN"] == function
    assert described["RotationEnabled"]
    done = run_program("rotation", "history", described["ARN"], "--json", "--data-dir", server.data_dir)
    entries = json.loads(done.stdout)
    # On a busy machine a sandbox may not start in time; such an attempt is made again.
    ended = [entry for entry in entries if entry["outcome"] != "failed"]
    assert [entry["outcome"] for entry in ended] == ["succeeded", "succeeded"], entries
    assert ended[0]["steps"] == "createSecret setSecret testSecret finishSecret"
    records = server.records(account=account)
    names = [record["eventName"] for record in records]
    assert names.count("RotationSucceeded") == 2
    assert names.count("Invoke") >= 8
    assert names.count("RotationFailed") == len(entries) - 2, entries
    assert not any(value["password"] in str(records) for value in (first, second))


def test_rotate_immediately_false_invokes_test_secret_alone(
    server: Server, account: Account, postgresql: PostgreSQL, client: Any, function: str
) -> None:
    """The configuration is kept, the value is not changed, the temporary version goes."""
    client.rotate_secret(SecretId="shop/db", RotationLambdaARN=function, RotateImmediately=False)

    def names() -> list[str]:
        return [record["eventName"] for record in server.records(account=account)]

    until(lambda: "TestRotationSucceeded" in names(), give_up_s=180.0)
    assert names().count("Invoke") == 1
    described = client.describe_secret(SecretId="shop/db")
    assert list(described["VersionIdsToStages"].values()) == [["AWSCURRENT"]]
    assert postgresql.logs_in("shop", "first")


def test_a_function_that_may_not_be_invoked_is_refused_and_nothing_is_kept(
    server: Server, account: Account, client: Any, function: str
) -> None:
    """Recorded: the same sentence for a function that is not there."""
    server.client("lambda", account).remove_permission(FunctionName=function, StatementId="rotation")
    said = (
        "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access "
        "to the principal secretsmanager.amazonaws.com."
    )
    for arn in (function, f"{function}-absent"):
        with pytest.raises(client.exceptions.ClientError) as caught:
            client.rotate_secret(SecretId="shop/db", RotationLambdaARN=arn)
        assert caught.value.response["Error"] == {"Code": "AccessDeniedException", "Message": said}
    described = client.describe_secret(SecretId="shop/db")
    assert "RotationEnabled" not in described
    assert "RotationLambdaARN" not in described
