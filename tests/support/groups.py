"""Groups of changes without a writer thread: for tests that make rows on a connection of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from strongroom.store.leaves import Head
from strongroom.store.revision import raise_revision
from strongroom.store.transaction import Transaction


def begin_store(transaction: Transaction) -> Head:
    """Commit the first group of a store that was just migrated: an empty one; give its head."""
    transaction.run("BEGIN IMMEDIATE")
    transaction.begin_empty()
    head = raise_revision(transaction)
    transaction.run("COMMIT")
    return head


@contextmanager
def committed(transaction: Transaction) -> Iterator[Transaction]:
    """Commit what is done inside as a group."""
    transaction.run("BEGIN IMMEDIATE")
    transaction.refresh()
    yield transaction
    transaction.keep()
    raise_revision(transaction)
    transaction.run("COMMIT")
