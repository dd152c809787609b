"""When an access key or a role was last used, for which service and in which Region.

Rules:
 - A worker marks a credential once an hour, or when service or Region changed, then at most once a minute. What it
   marked last lies on the cached credential, so that a warm request costs one comparison.
 - A mark is no part of any answer: it is committed a moment later, with others, and a request never waits for it, for
   the disk or the processor because of it, or fails with it.
 - The use of a role's session is a use of the role; temporary credentials of users are not marked.
 - Marks decide nothing: nobody is let in or kept out by them.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_AccessKeyLastUsed.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from strongroom.clock import Instant
from strongroom.gateway.caller import Caller, Credential
from strongroom.gateway.failures import describe_problem
from strongroom.store.errors import StoreError
from strongroom.store.rows import Rows
from strongroom.store.table import Table
from strongroom.store.transaction import Transaction
from strongroom.store.writer import Change

log = logging.getLogger(__name__)

LAST_USED: Final = Table("iam_last_used", columns=("id", "used_ms", "service", "region"), key=("id",))

_AGAIN_MS: Final = 3_600_000
_CHANGED_MS: Final = 60_000


class LastUse(msgspec.Struct, frozen=True):
    """The last use that was marked.

    Attributes:
        id: An access key id, or the unique id of a role.
    """

    id: str
    used_ms: Instant
    service: str
    region: str


def find_last_use(rows: Rows, id: str) -> LastUse | None:
    """Read when a key or a role was last used, or None."""
    row: Any = rows.find(LAST_USED, id)
    return None if row is None else LastUse(*row)


class UseMarks:
    """Notes the use of credentials; the gateway's ``mark_use``. Called on the event loop.

    Args:
        submit: Hands a change to the writer.
    """

    def __init__(self, submit: Callable[[Change], None]) -> None:
        self._submit = submit
        self._waiting: list[_Mark] = []

    def __call__(self, credential: Credential, service: str, region: str, now_ms: Instant) -> None:
        """Mark a use, unless that was done not long ago."""
        use = credential.use
        if now_ms < use.marked_ms + _CHANGED_MS:
            return
        use.marked_ms, use.again_ms, use.service, use.region = now_ms, now_ms + _AGAIN_MS, service, region
        id = _marked_id(credential.caller)
        if id is None:
            return
        self._waiting.append(_Mark(LastUse(id, now_ms, service, region)))

    def flush(self) -> None:
        """Hand the marks that wait to the writer: from time to time, and before it stops."""
        waiting, self._waiting = self._waiting, []
        for mark in waiting:
            try:
                self._submit(mark)
            except StoreError as problem:
                log.warning("the use of a credential was not marked: %s", describe_problem(problem))


def _marked_id(caller: Caller) -> str | None:
    if caller.principal.type == "AssumedRole":
        return caller.principal.role_id
    return caller.access_key_id if caller.access_key_id.startswith("AKIA") else None


class _Mark:
    """One mark on its way through the writer; it has no record."""

    def __init__(self, use: LastUse) -> None:
        self._use = use

    def perform(self, transaction: Transaction) -> None:
        """Replace the row, unless another worker marked a later use."""
        use = self._use
        held = find_last_use(transaction, use.id)
        if held is not None and held.used_ms >= use.used_ms:
            return
        transaction.delete(LAST_USED, use.id)
        transaction.insert(LAST_USED, (use.id, use.used_ms, use.service, use.region))

    def fail(self, problem: Exception) -> None:
        """Say so in the log; the request stands."""
        log.error("the use of a credential could not be marked: %s", describe_problem(problem))

    def records(self) -> Sequence[tuple[str, bytes]]:
        """Give no record."""
        return ()

    def settle(self, committed: bool) -> None:
        """Nobody waits for it."""
