"""What the tests of several services need: KMS, and a key of a customer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.server import Server


@pytest.fixture
def kms(server: Server, account: Account) -> Any:
    """KMS, as the administrator of the fresh account."""
    return server.client("kms", account)


@pytest.fixture
def key_id(kms: Any) -> str:
    """A fresh key of the account."""
    made: str = kms.create_key()["KeyMetadata"]["KeyId"]
    return made
