"""Fixtures for the tests of Lambda."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.every_operation import CODE
from tests.services.lambda_.worlds import make_lambda_role
from tests.support.accounts import Account
from tests.support.server import Server


@pytest.fixture
def lambda_(server: Server, account: Account) -> Any:
    """Lambda, as the administrator of the fresh account."""
    return server.client("lambda", account)


@pytest.fixture
def role(server: Server, account: Account) -> str:
    """The ARN of a role that trusts Lambda."""
    return make_lambda_role(server, account)


@pytest.fixture
def function(lambda_: Any, role: str) -> str:
    """The name of a fresh function."""
    lambda_.create_function(
        FunctionName="first", Runtime="python3.12", Handler="index.handler", Role=role, Code={"ZipFile": CODE}
    )
    return "first"
