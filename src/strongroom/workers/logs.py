"""The log worker: drops log events that have expired, and what deleted groups and streams left.

Rules:
 - Everything hangs on rows: a restart forgets nothing. Each leaf is a change of its own.
 - A group that cannot be dealt with does not hold up the others. It is tried again in the next round, but for one
   whose rows were tampered with: that is reported once.

Source: audit reference 5.7.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from strongroom.clock import Instant
from strongroom.services.logs.tables import find_group_by_id, list_due_groups
from strongroom.services.logs.tidying import end_round, remove_remains, stale_leaves, tidy_leaf
from strongroom.store.errors import StoreTampered, StoreUnavailable
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.store.writer import Change
from strongroom.workers.due_change import DueChange, Event

log = logging.getLogger(__name__)

BATCH: Final = 20


class LogWorker:
    """Does what is due of log groups; used by one thread.

    Args:
        rows: For finding what is due; belongs to the thread of the worker.
        submit: Lets a change wait for the writer.
    """

    def __init__(self, rows: Rows, submit: Callable[[Change], None]) -> None:
        self._rows = rows
        self._submit = submit
        self._tampered: set[int] = set()

    def run_once(self, now_ms: Instant) -> None:
        """Deal with every group that is due.

        Raises:
            StoreUnavailable: The store does not answer, or a change was not committed; what is due is found again in
                the next round.
        """
        set_aside = set(self._tampered)
        while batch := self._due(now_ms, set_aside):
            for group_id in batch:
                set_aside.add(group_id)
                try:
                    self._tidy(group_id, now_ms)
                except StoreUnavailable:
                    raise
                except Exception as problem:  # noqa: BLE001 - logged; the others go on
                    if isinstance(problem, StoreTampered):
                        self._tampered.add(group_id)
                    log.error("log group number %d was not tidied: %s", group_id, type(problem).__name__)

    def _due(self, now_ms: Instant, set_aside: set[int]) -> list[int]:
        found = list_due_groups(self._rows, now_ms, BATCH + len(set_aside))
        return [group_id for group_id in found if group_id not in set_aside][:BATCH]

    def _tidy(self, group_id: int, now_ms: Instant) -> None:
        group = find_group_by_id(self._rows, group_id)
        if group is None:
            while self._commit(group_id, now_ms, remove_remains):
                pass
            return
        for start in list(stale_leaves(self._rows, group, now_ms)):
            self._commit(group_id, now_ms, partial(_tidied, start, now_ms))
        self._commit(group_id, now_ms, partial(_ended, now_ms))

    def _commit(self, group_id: int, now_ms: Instant, work: Callable[[Transaction, int], bool]) -> bool:
        outcome: list[bool] = []

        def judge(transaction: Transaction, key: int, _now_ms: Instant, /) -> list[Event] | None:
            outcome[:] = [work(transaction, key)]
            return None

        change = DueChange(group_id, judge, now_ms)
        self._submit(change)
        change.wait()
        if change.problem is not None:
            raise change.problem
        return outcome[0]


def _tidied(start: tuple[int, int], now_ms: Instant, transaction: Transaction, group_id: int) -> bool:
    tidy_leaf(transaction, group_id, start, now_ms)
    return True


def _ended(now_ms: Instant, transaction: Transaction, group_id: int) -> bool:
    end_round(transaction, group_id, now_ms)
    return True
