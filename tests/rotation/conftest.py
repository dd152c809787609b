"""Fixtures of rotations: database servers for the module, and a deployment opened in the test's process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rotation.stand import Stand
from tests.support.deployments import make_certificate
from tests.support.mariadb import MariaDB, MySQL, ServerMissing
from tests.support.postgresql import PostgreSQL, PostgreSQLMissing
from tests.support.scale import rounds
from tests.support.started import started


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def postgresql(certificate: tuple[Path, Path]) -> Iterator[PostgreSQL]:
    """A PostgreSQL server; without the package the test is skipped, which CI does not accept."""
    yield from started(lambda: PostgreSQL(certificate=certificate), PostgreSQLMissing)


def start_mariadb(kind: type[MariaDB], certificate: tuple[Path, Path] | None) -> Iterator[MariaDB]:
    """Start a MariaDB or MySQL; without it the test is skipped, which CI does not accept."""
    yield from started(lambda: kind(certificate=certificate), ServerMissing)


@pytest.fixture(scope="session")
def mariadb(certificate: tuple[Path, Path]) -> Iterator[MariaDB]:
    """A MariaDB server; it lives long, so that a test makes the accounts that it needs anew."""
    yield from start_mariadb(MariaDB, certificate)


@pytest.fixture(scope="session")
def mysql(certificate: tuple[Path, Path]) -> Iterator[MariaDB]:
    """A MySQL server; it takes long to be made."""
    yield from start_mariadb(MySQL, certificate)


@pytest.fixture(scope="session", params=["mariadb", "mysql"])
def each_database(request: pytest.FixtureRequest) -> MariaDB:
    """The MariaDB server, and then the MySQL server."""
    found: MariaDB = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="session", params=["mariadb", "mysql"][: rounds(1, 2)])
def database(request: pytest.FixtureRequest) -> MariaDB:
    """The MariaDB server; in ``make soak`` the MySQL server too. Both speak the same protocol, and wait as long."""
    found: MariaDB = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def stand(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Stand]:
    """A deployment that trusts the server's certificate."""
    made = Stand(tmp_path, certificate[0])
    try:
        yield made
    finally:
        made.close()
