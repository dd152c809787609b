"""The rotation process: finds what is due, runs it, and takes up what a crash interrupted.

Rules:
 - What is due stands in rows. The loop looks when something was committed, and once a second: RotateSecret is acted
   on
   within a twentieth of a second, and a restart forgets nothing.
 - At the start no other process of the deployment rotates (the claim on the directory says so): leases of a process
   that ended are given back at once.
 - Several rotations run at a time, and only a few of them at one target server.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from strongroom.gateway.failures import describe_problem
from strongroom.rotation.commits import Event, commit
from strongroom.rotation.parts import Parts
from strongroom.rotation.runner import Runner
from strongroom.services.secretsmanager.rotation_rows import find_rotation, list_due_rotations, save_rotation
from strongroom.store.errors import StoreError, StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.05
LOOK_ANYWAY_AFTER_S: Final = 1.0
AT_ONCE: Final = 16
AT_ONE_SERVER: Final = 4
STOP_WITHIN_S: Final = 5.0
SET_ASIDE_S: Final = 60.0
"""A row that was tampered with does not heal; it is looked at again, and reported again, after so long."""


class ServerPlaces:
    """The few places at each target server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[threading.Semaphore, int]] = {}

    @contextmanager
    def hold(self, server: str) -> Iterator[None]:
        """Hold one of the places at a server, waiting for one to become free."""
        with self._lock:
            places, users = self._held.get(server, (threading.Semaphore(AT_ONE_SERVER), 0))
            self._held[server] = (places, users + 1)
        try:
            with places:
                yield
        finally:
            with self._lock:
                places, users = self._held[server]
                if users == 1:
                    del self._held[server]
                else:
                    self._held[server] = (places, users - 1)


class RotationLoop:
    """Runs what is due until it is stopped.

    Args:
        parts: What runners are made of.
        open_rows: Opens the connection that looks for what is due; called on the thread of the loop.
    """

    def __init__(self, parts: Parts, open_rows: Any) -> None:
        self._parts = parts
        self._open_rows = open_rows
        self._running: set[int] = set()
        self._set_aside: dict[int, float] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="rotation")
        self._thread = threading.Thread(target=self._run, name="rotations", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End after the steps that are under way; what is interrupted is taken up at the next start."""
        self._stopping.set()
        self._thread.join(timeout=STOP_WITHIN_S)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        rows: Rows | None = None
        seen, looked = -1, 0.0
        is_fresh = True
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                if rows is None:
                    rows = self._open_rows()
                if is_fresh:
                    self._give_back_leases(rows)
                    is_fresh = False
                version = int(rows.connection.pragma("data_version"))
                if version != seen or time.monotonic() - looked >= LOOK_ANYWAY_AFTER_S:
                    seen, looked = version, time.monotonic()
                    self._start_due(rows)
            except Exception as problem:  # noqa: BLE001 - the loop goes on: rows say what is still due
                log.error("looking for due rotations failed: %s", describe_problem(problem))
                rows = None
                self._stopping.wait(LOOK_ANYWAY_AFTER_S)

    def _give_back_leases(self, rows: Rows) -> None:
        held: list[Any] = rows.column(
            "SELECT secret_id FROM rotations WHERE lease_until_ms > 0 AND due_ms IS NOT NULL"
        )

        def give_back(transaction: Transaction, _events: list[Event]) -> None:
            for secret_id in held:
                row = find_rotation(transaction, secret_id)
                if row is not None:
                    save_rotation(transaction, msgspec.structs.replace(row, lease_until_ms=0))

        if held:
            commit(self._parts.writer, give_back)

    def _start_due(self, rows: Rows) -> None:
        with self._lock:
            free = AT_ONCE - len(self._running)
            if free <= 0:
                return
        for secret_id in list_due_rotations(rows, self._parts.keys.clock(), AT_ONCE + len(self._running)):
            with self._lock:
                if secret_id in self._running or len(self._running) >= AT_ONCE:
                    continue
                if time.monotonic() < self._set_aside.get(secret_id, 0.0):
                    continue
                self._running.add(secret_id)
            self._pool.submit(self._rotate, secret_id)

    def _rotate(self, secret_id: int) -> None:
        try:
            if not self._stopping.is_set():
                Runner(self._parts, secret_id).run()
        except StoreTampered:
            self._set_aside[secret_id] = time.monotonic() + SET_ASIDE_S
            log.error(
                "a row of the rotation of secret number %d was changed outside of Strongroom", secret_id
            )
        except StoreError as problem:
            log.error("secret number %d is rotated later: %s", secret_id, type(problem).__name__)
        except Exception as problem:  # noqa: BLE001 - a defect with one secret must not stop the others
            log.error("the rotation of secret number %d failed: %s", secret_id, describe_problem(problem))
        finally:
            with self._lock:
                self._running.discard(secret_id)
