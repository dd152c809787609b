"""The page on functions that a user brings, as it is printed, with a real database and nothing fetched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs import as_published
from tests.faults.polling import until
from tests.support.installed import pip_that_fetches_nothing
from tests.support.mariadb import MariaDB, ServerMissing
from tests.support.shell import first_run, run, shell_blocks
from tests.support.started import started

PAGE = "docs/how-to/bring-your-own-rotation-function.md"
LOG = "aws logs filter-log-events --log-group-name /aws/lambda/shop-rotation --query 'events[].message' --output text"


@pytest.fixture
def mariadb() -> Iterator[MariaDB]:
    """A MariaDB server."""
    yield from started(MariaDB, ServerMissing)


def test_bring_your_own_rotation_function(tmp_path: Path, mariadb: MariaDB) -> None:
    """The password is another one in the secret and in the database; the log tells of the steps and of no value."""
    mariadb.make_user("shop")
    brought = tmp_path / "SecretsManagerRDSMySQLRotationSingleUser"
    brought.mkdir()
    shutil.copy(as_published.__file__, brought / "lambda_function.py")
    value = {
        "engine": "mysql",
        "host": "127.0.0.1",
        "port": mariadb.port,
        "username": "shop",
        "password": "first",
    }
    with first_run(tmp_path) as server:
        client = server.client("secretsmanager")
        client.create_secret(Name="shop/db", SecretString=json.dumps(value))
        commands = "\n".join(shell_blocks(PAGE))
        said = run(commands, tmp_path, {"PATH": pip_that_fetches_nothing(tmp_path)})
        assert '"Principal":{"Service":"secretsmanager.amazonaws.com"}' in said
        assert said.splitlines()[-1] == "shop/db"

        def now() -> dict[str, str]:
            return dict(json.loads(client.get_secret_value(SecretId="shop/db")["SecretString"]))

        until(lambda: now()["password"] != "first", give_up_s=180.0)
        rotated = now()
        assert rotated == {**value, "password": rotated["password"]}
        assert mariadb.logs_in("shop", rotated["password"])
        assert not mariadb.logs_in("shop", "first")
        logged = run('eval "$(strongroom env)"\n' + LOG, tmp_path)
    for step in ("createSecret", "setSecret", "testSecret", "finishSecret"):
        assert f"{step}: done for arn:aws:secretsmanager:" in logged
    assert rotated["password"] not in logged
