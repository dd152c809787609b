"""What a function wrote, kept in the log service; a log that cannot be kept never fails the invocation."""

from __future__ import annotations

import logging

from strongroom.clock import Instant
from strongroom.crypto.keyring import Keyring
from strongroom.functions.invocation import FunctionSpec, Outcome
from strongroom.services.logs.contract import LogPlace, append_lines
from strongroom.store.transaction import Transaction

log = logging.getLogger(__name__)


def append_log(
    transaction: Transaction, keyring: Keyring, spec: FunctionSpec, outcome: Outcome, now_ms: Instant
) -> None:
    """Append the lines of an invocation to the stream of its sandbox.

    Args:
        transaction: A change of its own: what goes wrong undoes it, and nothing else.
        keyring: Seals the lines.
        spec: The function version that ran.
        outcome: How it ended.
        now_ms: When.
    """
    place = LogPlace(spec.account, spec.region, spec.log_group, outcome.log_stream)
    lines = [(line.time_ms, line.reveal()) for line in outcome.log_lines]
    append_lines(transaction, keyring, place, lines, now_ms)
