"""Runners for tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.functions.stand import Stand


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    """Give a runner as ``serve`` has it: nothing may be reached but what is declared."""
    made = Stand(tmp_path_factory.mktemp("runner") / "data")
    yield made
    made.close()
