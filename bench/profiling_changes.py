"""What a PutSecretValue costs alone and in a group: a pipeline and its writer, in this process, in one thread.

    python -m bench --profile put

The writer's thread is not started: its groups are committed here, so that the processor time of both halves is seen
apart and no other thread is in it. Everything else is real: signatures, sealing, the store on disk and its fsync.
"""

from __future__ import annotations

import itertools
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from typing import Any, Final

from bench.filling import secret_name, secret_value
from bench.profiling import SECRETS, heads_of, raw_request, serving
from bench.signing import Signer
from strongroom.gateway.exchange import Exchange
from strongroom.gateway.head_forms import HeadForms
from strongroom.http_message import RawReply, RawRequest
from strongroom.store.writer import Change
from strongroom.worker import Worker

GROUPS: Final = (40, 1)
"""As many as share a commit when 64 clients wait, and one alone."""


class _Waiting:
    """Stands where the writer's queue is; keeps what waits for the next group."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def submit(self, change: Change) -> None:
        """Take one."""
        self.changes.append(change)

    def take(self) -> Sequence[Change]:
        """Give all that wait."""
        taken, self.changes = self.changes, []
        return taken


class _Answered:
    """Takes the replies; stands where a connection would."""

    def answer(self, exchange: Exchange, reply: RawReply) -> None:
        """Take one."""
        if reply.status != 200:
            raise RuntimeError(f"the answer was {reply.status}: {reply.body!r}")
        exchange.framed = b"."


def profile_put(requests: int) -> None:
    """Print the processor time of both halves of a change: the least of five runs."""
    with serving(starts_writer=False) as (worker, signer):
        waiting = _Waiting()
        pipeline: Any = worker.pipeline
        pipeline._writer = waiting
        numbers = itertools.cycle(range(SECRETS))
        for size in GROUPS:
            _spent(worker, waiting, _puts(heads_of(worker), signer, numbers, SECRETS), size)
            halves = min(
                (
                    _spent(worker, waiting, _puts(heads_of(worker), signer, numbers, requests // 10), size)
                    for _ in range(5)
                ),
                key=sum,
            )
            before, committed = (f"{seconds / (requests // 10) * 1e6:.0f} us of CPU" for seconds in halves)
            sys.stdout.write(f"groups of {size}: {before} on the event loop, {committed} in the writer\n")


def _puts(heads: HeadForms, signer: Signer, numbers: Iterator[int], count: int) -> list[RawRequest]:
    return [
        raw_request(
            heads,
            signer.secretsmanager(
                "PutSecretValue",
                {
                    "SecretId": secret_name(next(numbers)),
                    "ClientRequestToken": str(uuid.uuid4()),
                    "SecretString": secret_value(position),
                },
            ),
        )
        for position in range(count)
    ]


def _spent(worker: Worker, waiting: _Waiting, requests: list[RawRequest], size: int) -> tuple[float, float]:
    """Make all changes in groups; give the seconds of processor time before the queue and from there on."""
    writer: Any = worker.writer
    replies: Any = _Answered()
    before = committing = 0.0
    for first in range(0, len(requests), size):
        began = time.process_time()
        worker.pipeline.handle_batch(
            [Exchange(request, replies, is_last=False) for request in requests[first : first + size]]
        )
        arrived = time.process_time()
        group = waiting.take()
        with writer._turn:
            if not writer._commit(group):
                raise RuntimeError("the group was not committed")
        for change in group:
            change.settle(True)
        committing += time.process_time() - arrived
        before += arrived - began
    return before, committing
