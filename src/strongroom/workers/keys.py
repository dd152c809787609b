"""The key worker: rotates KMS keys that are due, and deletes those whose waiting time is over.

Rules:
 - Everything hangs on rows: a restart forgets nothing. What is due is found without a lock and judged again inside
   the transaction that acts, on the key's verified row: a deletion that was cancelled meanwhile does not happen.
 - A key is not deleted while a value of a secret can be opened with it alone (K-05): those values would be lost. It
   stays pending, which the log says, and is looked at again a day later. The operator may decide otherwise
   (``kms_delete_used_keys``). A key that is pending cannot encrypt, so nothing comes to need it meanwhile.
 - Each key is a change of its own; its service event is committed with it.
 - A key that cannot be dealt with does not hold up the others; it is tried again in the next round.

Source: identity reference 6.2, 6.6.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Final

from strongroom.clock import DAY_MS, Instant
from strongroom.crypto.keyring import Keyring
from strongroom.services.kms.model import PENDING_DELETION, KeyRow
from strongroom.services.kms.rotation import rotate
from strongroom.services.kms.service_events import deletion_event
from strongroom.services.kms.tables import find_key, list_due_keys, postpone_key, remove_key
from strongroom.services.secretsmanager.tables import keys_beside
from strongroom.store.errors import StoreTampered
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.store.writer import Change
from strongroom.workers.due_change import DueChange, Event

log = logging.getLogger(__name__)

BATCH: Final = 20


class KeyWorker:
    """Does what is due of keys; used by one thread.

    Args:
        rows: For finding what is due; belongs to the thread of the worker.
        submit: Lets a change wait for the writer.
        keyring: Seals new material.
        deletes_used_keys: Whether a key goes though values of secrets need it.

    Attributes:
        acts: How many keys were rotated or deleted since the start.
    """

    def __init__(
        self, rows: Rows, submit: Callable[[Change], None], keyring: Keyring, *, deletes_used_keys: bool
    ) -> None:
        self.acts = 0
        self._rows = rows
        self._submit = submit
        self._keyring = keyring
        self._deletes_used_keys = deletes_used_keys

    def run_once(self, now_ms: Instant) -> None:
        """Deal with every key that is due.

        Raises:
            StoreUnavailable: The store does not answer, or a batch was not committed; what is due is found again
                in the next round.
        """
        set_aside: set[str] = set()
        while batch := self._due(now_ms, set_aside):
            # Looked for here, not in the transaction: it reads every version, and a pending key gains none.
            needed = (
                set() if self._deletes_used_keys else {key_id for key_id in batch if self._is_needed(key_id)}
            )
            judge = partial(self._judge, needed)
            changes = [DueChange(key_id, judge, now_ms) for key_id in batch]
            for change in changes:
                self._submit(change)
            for change in changes:
                change.wait()
                set_aside.add(change.key)
                if change.problem is not None:
                    log.error("what is due of a KMS key failed: %s", type(change.problem).__name__)
            self.acts += sum(1 for change in changes if change.events is not None)

    def _due(self, now_ms: Instant, set_aside: set[str]) -> list[str]:
        found = list_due_keys(self._rows, now_ms, BATCH + len(set_aside))
        return [key_id for key_id in found if key_id not in set_aside][:BATCH]

    def _judge(
        self, needed: set[str], transaction: Transaction, key_id: str, now_ms: Instant
    ) -> list[Event] | None:
        key = find_key(transaction, key_id)
        if key is None or key.due_ms is None or key.due_ms > now_ms:
            postpone_key(transaction, key_id, None if key is None else key.due_ms)
            return None
        if key.attributes.state != PENDING_DELETION:
            return [rotate(transaction, self._keyring, key, "AUTOMATIC", now_ms)]
        if key_id in needed:
            log.warning("%s is not deleted yet: values of secrets can be opened with it alone", key.arn)
            postpone_key(transaction, key_id, now_ms + DAY_MS)
            return None
        remove_key(transaction, key)
        return [deletion_event(key, now_ms)]

    def _is_needed(self, key_id: str) -> bool:
        """Whether a key is pending, and a value can be opened with it and with no other that will stay."""
        key = self._find(key_id)
        if key is None or key.attributes.state != PENDING_DELETION:
            return False
        return any(not any(map(self._stays, others)) for others in keys_beside(self._rows, key.arn))

    def _stays(self, arn: str) -> bool:
        if not arn:
            return True  # the default key
        key = self._find(arn.rpartition("/")[2])
        return key is not None and key.attributes.state != PENDING_DELETION

    def _find(self, key_id: str) -> KeyRow | None:
        try:
            return find_key(self._rows, key_id)
        except StoreTampered:
            return None  # the transaction finds that too, and says so
