"""When the writer begins: at once, or when whoever submits lets it; what was submitted is never forgotten."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from strongroom.audit.outbox import OutboxChain
from strongroom.crypto.keyring import new_keyring
from strongroom.crypto.mac import RowMAC
from strongroom.store.engine import open_connection
from strongroom.store.migration import migrate
from strongroom.store.revision import RevisionAnchor
from strongroom.store.transaction import Transaction
from strongroom.store.turn import WriteTurn
from strongroom.store.writer import Change, Writer
from tests.support.groups import begin_store


class Noted:
    """A change that only notes that it was made."""

    def __init__(self) -> None:
        self.is_settled = threading.Event()

    def perform(self, transaction: Transaction) -> None:
        """Name a cache key, which is a change of the store."""
        transaction.changed("key")

    def fail(self, problem: Exception) -> None:
        """Nothing of this test fails."""
        raise AssertionError from problem

    def records(self) -> Sequence[tuple[str, bytes]]:
        """Give no record."""
        return ()

    def settle(self, committed: bool) -> None:
        """Take the acknowledgement."""
        assert committed
        self.is_settled.set()


class Waking:
    """A writer whose thread is woken when the test says so."""

    def __init__(self, directory: Path) -> None:
        path, mac = directory / "store.db", RowMAC.of(new_keyring(0))
        connection = open_connection(path)
        migrate(connection)
        anchor = RevisionAnchor(directory, mac)
        anchor.write(begin_store(Transaction(connection, mac, 1 << 20)))
        connection.close(True)
        self.rings: list[Callable[[], None]] = []
        self.groups: list[int] = []
        self.writer = Writer(
            lambda: Transaction(open_connection(path), mac, 1 << 20, anchor),
            WriteTurn(directory),
            OutboxChain,
            anchor,
            self._deliver,
            most_changes_in_group=64,
            most_waiting=1_000,
            wake_later=self.rings.append,
        )
        self.writer.start()

    def submit(self, number: int) -> list[Noted]:
        """Submit so many changes."""
        changes = [Noted() for _ in range(number)]
        for change in changes:
            self.writer.submit(change)
        return changes

    def _deliver(self, changes: Sequence[Change], committed: bool) -> None:
        self.groups.append(len(changes))
        for change in changes:
            change.settle(committed)


@pytest.fixture
def waking(tmp_path: Path) -> Iterator[Waking]:
    """One that is stopped in the end."""
    made = Waking(tmp_path)
    yield made
    made.writer.stop()


def test_changes_wait_for_who_submits_them_and_are_one_group(waking: Waking) -> None:
    """The first of those that wait asks for the thread to be woken, once; what comes meanwhile joins its group."""
    for turn in range(1, 4):
        changes = waking.submit(5)
        assert len(waking.rings) == turn
        assert waking.groups == [5] * (turn - 1)
        waking.rings[-1]()
        for change in changes:
            assert change.is_settled.wait(60)
        assert waking.groups == [5] * turn
    for ring in waking.rings:
        ring()  # too late, and for nothing
    [change] = waking.submit(1)
    waking.rings[-1]()
    assert change.is_settled.wait(60)


def test_a_writer_that_stops_makes_what_nobody_woke_it_for(waking: Waking) -> None:
    """What was accepted is finished, whether or not the loop came to it."""
    changes = waking.submit(3)
    waking.writer.stop()
    assert all(change.is_settled.is_set() for change in changes)
    assert waking.groups == [3]
