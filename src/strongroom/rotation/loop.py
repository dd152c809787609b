"""The rotation process: finds what is due, runs it, and takes up what a crash interrupted.

Rules:
 - What is due stands in rows. The loop looks when something was committed, and once a second: RotateSecret is acted
   on within a twentieth of a second, and a restart forgets nothing.
 - A process that rotates alone (the claim on the directory says so) gives back the leases of the one before it at
   once. Several processes over one store leave each other's leases alone until they run out.
 - Threads take turns from the backlog; it knows how many may run, and where.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec

from strongroom.gateway.failures import describe_problem
from strongroom.rotation.backlog import Backlog
from strongroom.rotation.commits import Event, commit
from strongroom.rotation.parts import Parts
from strongroom.rotation.runner import Runner
from strongroom.rotation.sweep import Sweep
from strongroom.rotation.tally import Tally
from strongroom.services.secretsmanager.rotation_rows import find_rotation, list_due_rotations, save_rotation
from strongroom.store.errors import StoreError, StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.workers.looking import look_until

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.05
SHOW_EVERY_S: Final = 1.0
LOOK_AT_MOST: Final = 256
STOP_WITHIN_S: Final = 5.0
SET_ASIDE_S: Final = 60.0
"""A row that was tampered with does not heal; it is looked at again, and reported again, after so long."""


class RotationLoop:
    """Runs what is due until it is stopped.

    Args:
        parts: What runners are made of; its ``admit`` asks the backlog.
        backlog: Whose turn it is.
        open_rows: Opens the connection that looks for what is due; called on the thread of the loop.
        tally: Shows the metrics.
        is_alone: Whether no other process rotates.
    """

    def __init__(
        self,
        parts: Parts,
        backlog: Backlog,
        open_rows: Callable[[], Rows],
        tally: Tally,
        *,
        is_alone: bool = True,
    ) -> None:
        self._parts = parts
        self._backlog = backlog
        self._open_rows = open_rows
        self._tally = tally
        self._is_alone = is_alone
        self._sweep = Sweep(parts.writer, self._tell_tampered)
        self._shown_s = 0.0
        self._set_aside: dict[int, float] = {}
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._run, name="rotations", daemon=True)]
        self._threads += [
            threading.Thread(target=self._take_turns, name=f"rotation-{number}", daemon=True)
            for number in range(backlog.limits.at_once)
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after the steps that are under way; what is interrupted is taken up at the next start."""
        self._stopping.set()
        self._backlog.close()
        deadline = time.monotonic() + STOP_WITHIN_S
        for thread in self._threads:
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        look_until(
            self._stopping,
            self._open_rows,
            self._look,
            first=self._give_back_leases if self._is_alone else None,
            every_s=LOOK_EVERY_S,
            what="due rotations",
        )

    def _give_back_leases(self, rows: Rows) -> None:
        held: list[Any] = rows.column(
            "SELECT secret_id FROM rotations WHERE lease_until_ms > 0 AND due_ms IS NOT NULL"
        )

        for secret_id in held:
            try:
                commit(self._parts.writer, partial(_give_back, secret_id))
            except StoreTampered:
                self._set_tampered_aside(secret_id)

    def _look(self, rows: Rows) -> None:
        now_ms, now_s = self._parts.keys.clock(), time.monotonic()
        found = list_due_rotations(rows, now_ms, LOOK_AT_MOST, self._backlog.targets_with_enough())
        self._backlog.offer(due for due in found if now_s >= self._set_aside.get(due.secret_id, 0.0))
        if now_s - self._shown_s >= SHOW_EVERY_S:
            self._shown_s = now_s
            self._tally.show(rows, now_ms, self._backlog.running())
        self._sweep.look(rows)

    def _take_turns(self) -> None:
        while (taken := self._backlog.take()) is not None:
            try:
                self._rotate(taken[0])
            finally:
                self._backlog.done(taken[0])

    def _rotate(self, secret_id: int) -> None:
        try:
            Runner(self._parts, secret_id).run()
        except StoreTampered:
            self._set_tampered_aside(secret_id)
        except StoreError as problem:
            log.error("secret number %d is rotated later: %s", secret_id, type(problem).__name__)
        except Exception as problem:  # noqa: BLE001 - a defect with one secret must not stop the others
            log.error("the rotation of secret number %d failed: %s", secret_id, describe_problem(problem))

    def _tell_tampered(self, secret_id: int) -> None:
        if time.monotonic() >= self._set_aside.get(secret_id, 0.0):  # else it was told lately
            self._set_tampered_aside(secret_id)

    def _set_tampered_aside(self, secret_id: int) -> None:
        self._set_aside[secret_id] = time.monotonic() + SET_ASIDE_S
        log.error("a row of the rotation of secret number %d was changed outside of Strongroom", secret_id)


def _give_back(secret_id: int, transaction: Transaction, _events: list[Event]) -> None:
    row = find_rotation(transaction, secret_id)
    if row is not None:
        save_rotation(transaction, msgspec.structs.replace(row, lease_until_ms=0))
