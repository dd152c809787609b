"""Fixtures of rotations: a PostgreSQL server for the module, and a deployment opened in the test's process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rotation.stand import Stand
from tests.support.deployments import make_certificate
from tests.support.postgresql import PostgreSQL, PostgreSQLMissing


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def postgresql(certificate: tuple[Path, Path]) -> Iterator[PostgreSQL]:
    """A PostgreSQL server; without the package the test is skipped, which CI does not accept."""
    try:
        server = PostgreSQL(certificate=certificate)
    except PostgreSQLMissing as problem:
        pytest.skip(str(problem))
    try:
        yield server.start()
    finally:
        server.close()


@pytest.fixture
def stand(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Stand]:
    """A deployment that trusts the server's certificate."""
    made = Stand(tmp_path, certificate[0])
    try:
        yield made
    finally:
        made.close()
