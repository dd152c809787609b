"""The migrations of the store are one sequence."""

from __future__ import annotations

from strongroom.store.migration import migration_files


def test_every_migration_has_a_number_of_its_own() -> None:
    """Of two with one number, a store that has applied the first would never get the second."""
    numbers = [number for number, _ in migration_files()]
    assert numbers == list(range(1, len(numbers) + 1))
