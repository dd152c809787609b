"""The deletion worker: removes secrets whose recovery window is over, and surplus versions.

Rules:
 - Everything hangs on rows: a secret goes when its ``purge_ms`` is past; unlabelled versions go when their
   secret has more than 100, oldest first, never one younger than 24 hours. A restart forgets nothing.
 - What is due is found without a lock and judged again inside the transaction that removes it, on rows whose
   authentication code was checked: a secret that was restored meanwhile stays, and so does one whose row was
   tampered with.
 - Each secret is a change of its own, in small batches through the writer, so that requests are not delayed.
   Its audit records, one for each version, are committed with it.
 - A secret that cannot be removed does not hold up the others. It is tried again in the next round, but for
   one whose row was tampered with: that is reported once.

Surplus versions come about rarely, because writing a version makes room for it. So one window of secrets is
looked at in each round, and the next window in the next.

Source: Secrets Manager reference 3.1, 6, 15.2.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from strongroom.clock import DAY_MS, Instant
from strongroom.services.secretsmanager.model import VERSIONS_MOST, expendable
from strongroom.services.secretsmanager.service_events import removal_events, version_events
from strongroom.services.secretsmanager.tables import (
    count_versions,
    find_secret_by_id,
    last_of_window,
    list_crowded_secrets,
    list_due_secrets,
    list_version_ids,
    remove_secret,
    remove_version,
)
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.store.writer import Change
from strongroom.workers.due_change import DueChange, Event, Judge

log = logging.getLogger(__name__)

BATCH: Final = 20
WINDOW: Final = 1_000


class DeletionWorker:
    """Removes what is due; used by one thread.

    Args:
        rows: For finding what is due; belongs to the thread of the worker.
        submit: Lets a change wait for the writer.

    Attributes:
        removals: How many secrets something was removed of, since the start.
    """

    def __init__(self, rows: Rows, submit: Callable[[Change], None]) -> None:
        self.removals = 0
        self._rows = rows
        self._submit = submit
        self._position = 0  # the window of surplus versions begins after this secret
        self._tampered: set[int] = set()
        self._set_aside: set[int] = set()  # for the rest of this round

    def run_once(self, now_ms: Instant) -> None:
        """Remove every secret that is due, and the surplus versions of one window of secrets.

        Raises:
            StoreUnavailable: The store does not answer, or a batch was not committed; what is due is found
                again in the next round.
        """
        self._set_aside = set(self._tampered)
        while batch := self._due(now_ms):
            self._run(batch, purge_secret, now_ms)
        if crowded := self._crowded():
            self._run(crowded, collect_versions, now_ms)

    def _due(self, now_ms: Instant) -> list[int]:
        found = list_due_secrets(self._rows, now_ms, BATCH + len(self._set_aside))
        return [secret_id for secret_id in found if secret_id not in self._set_aside][:BATCH]

    def _crowded(self) -> list[int]:
        last = last_of_window(self._rows, self._position, WINDOW)
        if last is None:
            self._position = 0
            return []
        found = list_crowded_secrets(self._rows, self._position, last)
        self._position = last
        return [secret_id for secret_id in found if secret_id not in self._set_aside]

    def _run(self, batch: Sequence[int], removal: Judge[int], now_ms: Instant) -> None:
        changes = [DueChange(secret_id, removal, now_ms) for secret_id in batch]
        for change in changes:
            self._submit(change)
        for change in changes:
            change.wait()
        for change in changes:
            if change.problem is not None:
                self._put_aside(change.key, change.problem)
        self.removals += sum(1 for change in changes if change.events is not None)

    def _put_aside(self, secret_id: int, problem: Exception) -> None:
        self._set_aside.add(secret_id)
        if isinstance(problem, StoreTampered):
            self._tampered.add(secret_id)  # it does not heal: not even looked at again
        log.error("secret number %d could not be removed: %s", secret_id, type(problem).__name__)


def purge_secret(transaction: Transaction, secret_id: int, now_ms: Instant) -> list[Event] | None:
    """Remove a secret whose recovery window is over.

    Raises:
        StoreTampered: Its row was changed by something other than Strongroom.
    """
    secret = find_secret_by_id(transaction, secret_id)
    if secret is None or secret.purge_ms is None or secret.purge_ms > now_ms:
        return None
    version_ids = remove_secret(transaction, secret)
    return version_events("EndSecretVersionDelete", secret, version_ids, now_ms)


def collect_versions(transaction: Transaction, secret_id: int, now_ms: Instant) -> list[Event] | None:
    """Remove the surplus versions of a secret.

    Raises:
        StoreTampered: Its row was changed by something other than Strongroom.
    """
    secret = find_secret_by_id(transaction, secret_id)
    if secret is None:
        return None
    surplus = count_versions(transaction, secret_id) - VERSIONS_MOST
    old = list_version_ids(transaction, secret_id, now_ms - DAY_MS)
    gone = expendable(old, secret.labels, surplus)
    for version_id in gone:
        remove_version(transaction, secret_id, version_id)
    return removal_events(secret, gone, now_ms) or None
