"""The fixtures that drive the real server, and the rules of the whole suite.

- ``server`` lives as long as the session (with xdist: one for each process); a test that changes what others
  would see makes its own ``account``.
- With ``CI`` set in the environment a skipped test is a failed one: nothing goes untested unnoticed.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.accounts import Account
from tests.support.server import MovedServer, Server, close_connections

if TYPE_CHECKING:
    from types_boto3_cloudtrail import CloudTrailClient
    from types_boto3_iam import IAMClient
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sts import STSClient


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marks that the suite knows."""
    config.addinivalue_line("markers", "soak: grows with SOAK=1; see tests/support/scale.py")


# What takes longest, longest first: begun last, one of them would leave the other process with nothing to do.
LONGEST = (
    "tests/bench/test_bench_smoke.py",
    "tests/rotation/test_application.py",
    "tests/rotation/test_mysql_application.py",
    "tests/security/test_fuzz.py",
    "tests/functions/test_hostile.py",
    "tests/faults/test_kill.py",
    "tests/rotation/test_faults.py",
    "tests/faults/test_canary.py",
    "tests/rotation/test_many.py",
    "tests/rotation/test_token_application.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put what takes longest first."""
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONGEST)))


def pytest_collection_finish() -> None:
    """Take the thousands of tests out of what the collector of garbage goes through again and again."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in CI: there every component must be there."""
    report = yield
    if os.environ.get("CI") and report.skipped:  # an expected failure too
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def no_connection_is_left() -> Iterator[None]:
    """Give back the connections of the clients of a test: there are more tests than a process may have files open."""
    yield
    close_connections()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A dev server for the whole session."""
    running = Server(tmp_path_factory.mktemp("server") / "data")
    try:
        yield running.start()
    finally:
        running.close()


@pytest.fixture
def moved_server(tmp_path: Path) -> Iterator[MovedServer]:
    """A dev server of this test alone, whose clock the test moves."""
    running = MovedServer(tmp_path / "moved")
    try:
        yield running.start()  # type: ignore[misc]  # start returns the server itself
    finally:
        running.close()


@pytest.fixture
def second_server(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Make servers of this test alone: ``second_server("--workers", "2", settings={"cache_bytes": 65536})``."""
    made: list[Server] = []

    def make(*arguments: str | Path, **more: Any) -> Server:
        running = Server(tmp_path / f"data-{len(made)}", arguments, **more)
        made.append(running)
        return running.start()

    try:
        yield make
    finally:
        for running in made:
            running.close()


@pytest.fixture
def account(server: Server) -> Account:
    """A fresh account of the session's server."""
    return server.new_account()


@pytest.fixture
def secretsmanager(server: Server, account: Account) -> SecretsManagerClient:
    """Secrets Manager, as the administrator of the fresh account."""
    client: SecretsManagerClient = server.client("secretsmanager", account)
    return client


@pytest.fixture
def iam(server: Server, account: Account) -> IAMClient:
    """IAM, as the administrator of the fresh account."""
    client: IAMClient = server.client("iam", account)
    return client


@pytest.fixture
def sts(server: Server, account: Account) -> STSClient:
    """STS, as the administrator of the fresh account."""
    client: STSClient = server.client("sts", account)
    return client


@pytest.fixture
def cloudtrail(server: Server, account: Account) -> CloudTrailClient:
    """CloudTrail, as the administrator of the fresh account."""
    client: CloudTrailClient = server.client("cloudtrail", account)
    return client
