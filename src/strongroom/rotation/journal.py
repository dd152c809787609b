"""The journal of one rotation: its lease, what is looked at, and the steps that are committed.

Rules:
 - Every transaction takes or renews the lease and checks its epoch and token; whoever's lease went to somebody else
   commits nothing more.
 - What was decided is committed only if the labels are still those that were looked at. What a function did is
   written down in any case; it moves labels itself.
 - When the store does not answer it is tried again: between the target and the label is the one moment in which
   neither tried value of an application may work, so it is kept short.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final

import msgspec

from strongroom.clock import SECOND_MS, Instant
from strongroom.ids import new_uuid
from strongroom.rotation.commits import Event, Work, commit
from strongroom.rotation.look import Look, take_look
from strongroom.rotation.outcomes import release, window_missed
from strongroom.rotation.parts import Parts
from strongroom.rotation.standing import standing_of
from strongroom.services.secretsmanager.model import AWSCURRENT, AWSPENDING, Secret
from strongroom.services.secretsmanager.rotation_rows import (
    RotationRow,
    find_rotation,
    is_unfinished,
    save_rotation,
    schedule_of,
)
from strongroom.services.secretsmanager.rotation_start import start_rotation
from strongroom.services.secretsmanager.tables import find_secret_by_id
from strongroom.store.errors import StoreUnavailable
from strongroom.store.transaction import Transaction

log = logging.getLogger(__name__)

LEASE_MS: Final = 30_000
STORE_TRIES: Final = 40
STORE_PAUSE_S: Final = 0.25
PLACES: Final = "rotated at"

Commit = Callable[[Transaction, list[Event], Secret, RotationRow, Instant], bool]
"""Does a step in a transaction; whether there is more to do now."""


class LeaseLost(Exception):
    """Another runner has the rotation now, or it ended."""


class Journal:
    """Looks at one rotation and commits its steps, under a lease.

    Args:
        parts: What the runner is made of.
        secret_id: Whose rotation.

    Attributes:
        lease_ms: For how long a commit takes the lease; to be as long as what is done before the next one.
    """

    def __init__(self, parts: Parts, secret_id: int) -> None:
        self._parts = parts
        self._secret_id = secret_id
        self._epoch = 0
        self.lease_ms = LEASE_MS

    def begin(self) -> Look | None:
        """Take the lease and look; None when there is nothing to do.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        look = self._patiently(self._look)
        if look is not None:
            self._epoch = look.row.epoch  # only now: a lease that was not committed is nobody's
        return look

    def give_back(self, look: Look) -> None:
        """Give the lease back; it is looked at again when there is a place for it."""
        self.commit(look, lambda t, _e, _s, row, _n: release(t, row, row.work, row.due_ms), is_clean=False)

    def commit(self, look: Look, step: Commit, *, is_clean: bool, is_guarded: bool = True) -> Look | None:
        """Commit a step if lease and labels are still those of the look.

        Args:
            look: What the step was decided on.
            step: What to commit.
            is_clean: Whether nothing that was sent to the target is under way any more.
            is_guarded: Whether it is committed only if the labels are still the same; else the step looks at them.

        Returns:
            The next look, made in the same transaction; None when there is nothing more to do now.

        Raises:
            LeaseLost: The rotation is not this runner's any more.
        """

        def work(transaction: Transaction, events: list[Event]) -> Look | None:
            now_ms = self._parts.keys.clock()
            row = find_rotation(transaction, self._secret_id)
            secret = find_secret_by_id(transaction, self._secret_id)
            if row is None or row.epoch != self._epoch or row.work.token != look.row.work.token:
                raise LeaseLost
            if secret is None:
                raise LeaseLost
            row = msgspec.structs.replace(row, lease_until_ms=now_ms + self.lease_ms)
            if is_clean:
                row = msgspec.structs.replace(row, work=msgspec.structs.replace(row.work, quiet_until_ms=0))
            is_same = _watched(secret) == _watched(look.secret)
            is_same = is_same and standing_of(transaction, secret, row) is look.standing
            if is_same or not is_guarded:
                if not step(transaction, events, secret, row, now_ms):
                    return None
            else:
                save_rotation(transaction, row)
            return self._look(transaction, events)

        return self._patiently(work)

    def _look(self, transaction: Transaction, events: list[Event]) -> Look | None:
        """Take the lease, begin what the schedule says, read and open; None when there is nothing to do."""
        now_ms = self._parts.keys.clock()
        row = find_rotation(transaction, self._secret_id)
        secret = find_secret_by_id(transaction, self._secret_id)
        if row is None or secret is None:
            return None
        if self._epoch:
            if row.epoch != self._epoch:
                raise LeaseLost
        elif row.lease_until_ms > now_ms or row.due_ms is None or row.due_ms > now_ms:
            return None
        if not row.work.token:
            found = self._begin(transaction, events, secret, row, now_ms)
            if found is None:
                return None
            secret, row = found
        claimed = self._epoch or row.epoch + 1
        row = msgspec.structs.replace(row, epoch=claimed, lease_until_ms=now_ms + self.lease_ms)
        look = take_look(self._parts, transaction, events, secret, row, now_ms)
        if look.place:
            target = transaction.alias(PLACES, look.place)
            row = msgspec.structs.replace(row, work=msgspec.structs.replace(row.work, target=target))
        save_rotation(transaction, row)
        return msgspec.structs.replace(look, row=row)

    def _begin(
        self, transaction: Transaction, events: list[Event], secret: Secret, row: RotationRow, now_ms: Instant
    ) -> tuple[Secret, RotationRow] | None:
        """Begin the rotation that is due by the schedule."""
        rotation = secret.attributes.rotation
        if rotation is None or not rotation.is_enabled or secret.deleted_ms is not None:
            save_rotation(transaction, msgspec.structs.replace(row, due_ms=None))
            return None
        schedule = schedule_of(rotation)
        if schedule is None or rotation.next_ms is None:
            save_rotation(transaction, msgspec.structs.replace(row, due_ms=None))
            return None
        # An AWSPENDING that somebody left behind is taken up, as AWS does: its rotation is attempted again.
        token = secret.labels[AWSPENDING] if is_unfinished(secret) else new_uuid()
        closes_ms = rotation.next_ms + SECOND_MS
        if now_ms >= closes_ms:
            log.warning("secret number %d was not rotated before its window closed", self._secret_id)
            window_missed(transaction, secret, row, now_ms, "the window closed before the rotation began")
            return None
        secret, event = start_rotation(transaction, secret, token, now_ms, closes_ms)
        events.append(event)
        begun = find_rotation(transaction, self._secret_id)
        assert begun is not None, "it was just written"
        return secret, begun

    def _patiently(self, work: Work[Look | None]) -> Look | None:
        """Commit, trying again while the store does not answer."""
        for _ in range(STORE_TRIES):
            try:
                return commit(self._parts.writer, work)
            except StoreUnavailable:
                time.sleep(STORE_PAUSE_S)
        return commit(self._parts.writer, work)


def _watched(secret: Secret) -> tuple[str | None, str | None]:
    return secret.labels.get(AWSCURRENT), secret.labels.get(AWSPENDING)
