"""The writer thread: takes all waiting changes as a group and commits them with one fsync.

For each group: wait for the turn, BEGIN IMMEDIATE, make each change, write the audit records and the rows of all,
COMMIT, pass the turn on, then release the answers (design section 4).

Rules:
 - A change is acknowledged only after COMMIT returned (D-02). Its audit record is in the same transaction
   (L-01); so is the record of a change that failed or was refused.
 - One change that fails is undone by itself. A failure of the disk fails the whole group: the connection is
   given up and opened anew, and nothing is tried again.
 - The rows of all changes are written together, and so are their records: the code for that stays in the processor's
   caches (decision 16). What does not fit the store then, because somebody else changed it, fails the group; from
   then on each change writes its rows at once, so that only the one fails that meets them.
 - After a failure the thread tries by itself, several times a second, whether an empty group can be
   committed: readiness comes back without anybody's request being the one that is tried on.
 - Who submits may choose when the thread is woken (``wake_later``). An event loop lets the reads of the same turn go
   to the disk first: they are done but for that, and a change begins with work that keeps the interpreter.
 - The thread is started after any fork.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import apsw

from strongroom.store.errors import GroupBroken, StoreUnavailable
from strongroom.store.revision import RevisionAnchor, raise_revision
from strongroom.store.transaction import Transaction
from strongroom.store.turn import WriteTurn

log = logging.getLogger(__name__)

PROBE_S = 0.5
"""How often an empty group is tried after one failed."""


class Change(Protocol):
    """One change to be made."""

    def perform(self, transaction: Transaction) -> None:
        """Make the change; raising undoes it."""
        ...

    def fail(self, problem: Exception) -> None:
        """Hear that ``perform`` raised and was undone; ``records`` then tells of the failure."""
        ...

    def records(self) -> Sequence[tuple[str, bytes]]:
        """Return the audit records ``(request id, record)`` that are to be committed with the change.

        Called once, when all changes of the group are made: what raises here fails the group.
        """
        ...

    def settle(self, committed: bool) -> None:
        """Hear whether the group was committed; called by ``deliver``."""
        ...


class RecordChain(Protocol):
    """Takes the audit records of a group, inside its transaction; ``audit/outbox.py`` has the real one."""

    def begin(self) -> None:
        """Read where the chain of records stands."""
        ...

    def append(self, request_id: str, record: bytes) -> None:
        """Add one record."""
        ...

    def finish(self) -> None:
        """Write where the chain of records stands now."""
        ...


MakeChain = Callable[[apsw.Connection], RecordChain]
"""Makes the chain of records of a connection."""

Deliver = Callable[[Sequence[Change], bool], None]
"""Told of each finished group, on the writer thread; passes it on to where the answers are released."""


class Writer:
    """Owns the connection that writes."""

    def __init__(
        self,
        open_transaction: Callable[[], Transaction],
        turn: WriteTurn,
        make_chain: MakeChain,
        anchor: RevisionAnchor,
        deliver: Deliver,
        *,
        most_changes_in_group: int,
        most_waiting: int,
        wake_later: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._open_transaction = open_transaction
        self._transaction: Transaction | None = None
        self._turn = turn
        self._make_chain = make_chain
        self._chain: RecordChain | None = None
        self._anchor = anchor
        self._deliver = deliver
        self._most_changes_in_group = most_changes_in_group
        self._most_waiting = most_waiting
        self._wake_later = wake_later
        self._waiting: list[Change] = []
        self._wake = threading.Condition()
        self._is_stopping = False
        self._rows_wait = True
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self.groups = 0
        self.changes = 0
        self.failures = 0
        self.is_refusing = False
        """Whether the last group could not be committed: readiness shows it."""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def submit(self, change: Change) -> None:
        """Let ``change`` wait for the next group.

        Raises:
            StoreUnavailable: Too many wait already, or the writer is stopping.
        """
        with self._wake:
            if self._is_stopping or len(self._waiting) >= self._most_waiting:
                raise StoreUnavailable("too many changes are waiting")
            self._waiting.append(change)
            is_first = len(self._waiting) == 1
        if is_first and self._wake_later is not None:
            self._wake_later(self._ring)
        elif is_first:
            self._ring()

    def _ring(self) -> None:
        with self._wake:
            self._wake.notify()

    def stop(self) -> None:
        """Finish what waits, then end the thread and close the connection."""
        with self._wake:
            self._is_stopping = True
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._waiting and not self._is_stopping:
                    if not self._wake.wait(PROBE_S if self.is_refusing else None):
                        break  # nobody came: try whether the store can be written again
                if self._is_stopping and not self._waiting:
                    break
            with self._turn:
                group = self._take()  # what arrived while we waited for the turn joins the group
                committed = self._commit(group)
            if group:
                self._deliver(group, committed)
        if self._transaction is not None:
            self._transaction.connection.close()

    def _take(self) -> list[Change]:
        with self._wake:
            group = self._waiting[: self._most_changes_in_group]
            del self._waiting[: self._most_changes_in_group]
            return group

    def _commit(self, group: Sequence[Change]) -> bool:
        try:
            if self._transaction is None:
                self._transaction = self._open_transaction()
                self._chain = self._make_chain(self._transaction.connection)
            transaction, chain = self._transaction, self._chain
            assert chain is not None
            connection = transaction.connection
            connection.execute("BEGIN IMMEDIATE")
            transaction.refresh()  # a store that was put back while we run ends here: its anchor stands (D-05)
            chain.begin()
            for change in group:
                self._perform(transaction, change)
            for request_id, record in [record for change in group for record in change.records()]:
                chain.append(request_id, record)
            chain.finish()
            head = raise_revision(transaction)
            connection.execute("COMMIT")
            self._anchor.write(head)
        except Exception as problem:  # noqa: BLE001 - whatever failed, the group fails and the handle is given up
            self.failures += 1
            if group or not self.is_refusing:
                log.error("a group of %d changes was not committed: %s", len(group), type(problem).__name__)
            self.is_refusing = True
            if isinstance(problem, GroupBroken):
                log.error(
                    "what changes wrote does not fit the store: from now on each writes its rows at once"
                )
                self._rows_wait = False
            self._give_up()
            return False
        if self.is_refusing:
            self.is_refusing = False
            log.warning("the store can be written again")
        self.groups += 1
        self.changes += len(group)
        return True

    def _perform(self, transaction: Transaction, change: Change) -> None:
        transaction.begin_change(waits=self._rows_wait)
        try:
            change.perform(transaction)
        except (
            apsw.FullError,
            apsw.IOError,
            apsw.CorruptError,
            apsw.BusyError,
            apsw.NoMemError,
            GroupBroken,
        ):
            raise  # the disk or the file failed, or an earlier change: so does the group
        except Exception as problem:  # noqa: BLE001 - the change hears of it and words it for the client
            transaction.undo()
            change.fail(problem)
        transaction.keep()

    def _give_up(self) -> None:
        # Never retry a failed fsync: the pages may be gone from memory as well as from the disk (D-02).
        transaction, self._transaction, self._chain = self._transaction, None, None
        if transaction is None:
            return
        try:
            transaction.connection.close(True)
        except apsw.Error as problem:
            log.warning("the connection that failed could not be closed: %s", type(problem).__name__)
