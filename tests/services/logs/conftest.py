"""Fixtures for the tests of the log service."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.support.accounts import Account
from tests.support.server import Server


@pytest.fixture
def logs(server: Server, account: Account) -> Any:
    """The log service, as the administrator of the fresh account."""
    return server.client("logs", account)


@pytest.fixture
def now_ms() -> int:
    """The instant at which a test began."""
    return time.time_ns() // 1_000_000


@pytest.fixture
def stream(logs: Any) -> tuple[str, str]:
    """A fresh group and a stream in it."""
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    return "g", "s"
