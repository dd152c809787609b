"""Fixtures for the tests of Secrets Manager."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.accounts import Account, Key
from tests.support.server import Server

if TYPE_CHECKING:
    from types_boto3_iam import IAMClient

LimitedClient = Callable[..., tuple[Any, str]]
"""Given policy statements, makes a user with just these rights: the client and the user's ARN."""


@pytest.fixture
def limited_client(server: Server, account: Account, iam: IAMClient) -> LimitedClient:
    """Make users of the account, each with the rights that the test gives it."""
    made: list[str] = []

    def make(*statements: dict[str, Any]) -> tuple[Any, str]:
        name = f"limited{len(made)}"
        made.append(name)
        arn = iam.create_user(UserName=name)["User"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        credentials = Key(key["AccessKeyId"], key["SecretAccessKey"])
        return server.client("secretsmanager", account, key=credentials), arn

    return make
