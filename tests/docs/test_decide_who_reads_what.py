"""The three policies of the page on who reads what work as they are printed, put with the AWS CLI."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.accounts import Key
from tests.support.server import Server
from tests.support.shell import attempt, first_run, run, shell_blocks

PAGE = "docs/how-to/decide-who-reads-what.md"
ENVIRONMENT = 'eval "$(.venv/bin/strongroom env)"\n'


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server on which a reader has followed the page, and what that printed."""
    with first_run(tmp_path_factory.mktemp("page")) as server:
        yield server, run(ENVIRONMENT + "\n".join(shell_blocks(PAGE)), server.data_dir.parent)


def user_client(server: Server, name: str) -> Any:
    """Make a client of Secrets Manager for a user."""
    made = server.client("iam").create_access_key(UserName=name)["AccessKey"]
    return server.client("secretsmanager", key=Key(made["AccessKeyId"], made["SecretAccessKey"]))


def refuse(call: Any, **parameters: Any) -> None:
    """Make a call that must be refused for want of rights."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    problem: Any = caught.value.response
    assert problem["Error"]["Code"] == "AccessDeniedException"


def test_by_name(followed: tuple[Server, str]) -> None:
    """GetSecretValue and DescribeSecret below the path, nothing else and nowhere else."""
    server, _ = followed
    admin = server.client("secretsmanager")
    for name in ("My_Test_Secret/one", "My_Test_Secret", "Other/one"):
        admin.create_secret(Name=name, SecretString="x")
    alice = user_client(server, "alice")
    assert alice.get_secret_value(SecretId="My_Test_Secret/one")["SecretString"] == "x"
    assert alice.describe_secret(SecretId="My_Test_Secret/one")["Name"] == "My_Test_Secret/one"
    refuse(alice.put_secret_value, SecretId="My_Test_Secret/one", SecretString="y")
    for elsewhere in ("My_Test_Secret", "Other/one", "Absent/one"):
        refuse(alice.get_secret_value, SecretId=elsewhere)


def test_by_tag(followed: tuple[Server, str]) -> None:
    """The tag's value is compared without regard to case; who is not tagged is not read."""
    server, _ = followed
    admin = server.client("secretsmanager")
    for name, tags in (
        ("tagged", [{"Key": "Team", "Value": "PAYMENTS"}]),
        ("other", [{"Key": "Team", "Value": "payment"}]),
        ("untagged", []),
    ):
        admin.create_secret(Name=name, SecretString="x", Tags=tags)
    bob = user_client(server, "bob")
    assert bob.get_secret_value(SecretId="tagged")["SecretString"] == "x"
    assert bob.describe_secret(SecretId="tagged")["Name"] == "tagged"
    refuse(bob.list_secret_version_ids, SecretId="tagged")
    for name in ("other", "untagged"):
        refuse(bob.get_secret_value, SecretId=name)
        refuse(bob.describe_secret, SecretId=name)
    admin.untag_resource(SecretId="tagged", TagKeys=["Team"])
    refuse(bob.get_secret_value, SecretId="tagged")


def test_by_a_policy_on_the_secret(followed: tuple[Server, str]) -> None:
    """The role reads with ``--version-stage AWSCURRENT`` and is refused without it and with another label."""
    server, said = followed
    assert said.splitlines()[-1] == "first"
    server.client("secretsmanager").put_secret_value(SecretId="orders/database", SecretString="second")
    *_, read = shell_blocks(PAGE)
    directory = server.data_dir.parent
    account = f"account={server.first.account_id}\n"
    assert run(ENVIRONMENT + account + read, directory).strip() == "second"
    for other in ("", "--version-stage AWSPREVIOUS"):
        refused = attempt(
            ENVIRONMENT + account + read.replace("--version-stage AWSCURRENT", other), directory
        )
        assert refused.returncode != 0
        assert "AccessDeniedException" in refused.stderr
        assert "assumed-role/reader/app is not authorized to perform: secretsmanager:GetSecretValue" in (
            refused.stderr
        )
