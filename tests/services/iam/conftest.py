"""Fixtures for tests of IAM's rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.iam.store import IAMStore


@pytest.fixture
def store(tmp_path: Path) -> Iterator[IAMStore]:
    """A store with one account."""
    made = IAMStore(tmp_path)
    yield made
    made.close()
