"""The journal of one worker process: appended to on the event loop, made durable in groups.

Rules:
 - ``extend`` never blocks and never raises for a full or broken disk: the callback is told.
 - Natural group commit: while one group is being written and synced by the flusher thread, the next one
   collects; it starts when the last one ended and a turn of the loop, or a few, bring no further record. There is no
   timer that delays a record.
 - A callback gets True only when its record is durable (L-01). It gets False when the write failed, and at
   the latest ``PATIENCE_S`` after its append when the disk hangs, so that the call is refused within 2 s.
 - A disk that has answered did not hang, however late the loop hears of it.
 - While the disk hangs every append is refused at once. When it comes back, or after a failure, the next
   append makes the writer begin a new segment: the journal recovers by itself.
 - A callback that raises is reported to the event loop and disturbs no other.
 - Callbacks hold requests and answers, secrets among them. They are let go when they were told, on the loop's
   thread, although the flusher keeps the group until the next one comes.
 - Time comes in: ``tick`` is called about once a second and says when it is.

Everything but the flusher runs on the loop's thread. Make the journal after any fork.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final

from strongroom.audit.chain import Head, render_records
from strongroom.audit.checkpoint import CHECKPOINT_RECORDS, Signer, is_checkpoint_due, sign_checkpoint
from strongroom.audit.errors import AuditUnwritable
from strongroom.audit.shipping import CheckpointShipper
from strongroom.audit.writer import JournalWriter
from strongroom.clock import Instant

PATIENCE_S: Final = 1.8
"""How long a record may wait for the disk; the rest of the 2 s of L-01 is for the refusal's way out."""

GROUP_REQUESTS: Final = 64
"""A group that has the records of so many requests waits for no more."""

SMALL_GROUP_REQUESTS: Final = 16
QUIET_TURNS: Final = 3
"""One with fewer than that waits for so many turns of the loop in a row that bring none; any other for one."""

OnDurable = Callable[[bool], None]


class _Group:
    """Records on their way to the disk."""

    __slots__ = (
        "callbacks",
        "checkpoints",
        "frames",
        "head",
        "is_over",
        "quiet",
        "requests",
        "seen",
        "since",
    )

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.requests = 0
        self.seen = 0
        self.quiet = 0
        self.checkpoints: list[bytes] = []
        self.callbacks: list[OnDurable] = []
        self.head: Head | None = None
        self.is_over = False  # whether the flusher is done with it
        self.since = 0.0

    def waits_another_turn(self) -> bool:
        """Whether more requests are waited for; asked once in each turn of the loop.

        What came in the last turn may be followed by more in the next, and a sync costs as much for one as for all of
        them. Few requests wait a little longer: who is to send the others may be waiting for a core himself.
        """
        if not 0 < self.requests < GROUP_REQUESTS:
            return False
        self.quiet = self.quiet + 1 if self.seen == self.requests else 0
        self.seen = self.requests
        return self.quiet < (1 if self.requests >= SMALL_GROUP_REQUESTS else QUIET_TURNS)


class Journal:
    """An open journal of one worker.

    Args:
        writer: Its files; the journal owns them from now on.
        loop: The event loop on whose thread everything here is called.
        signer: Signs the checkpoints.
        now_ms: The present; checkpoints count from here.
        shipper: Copies the checkpoints outside, or None.
        patience_s: How long a record may wait for the disk.
    """

    def __init__(
        self,
        writer: JournalWriter,
        loop: asyncio.AbstractEventLoop,
        signer: Signer,
        now_ms: Instant,
        *,
        shipper: CheckpointShipper | None = None,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self.problem: AuditUnwritable | None = None
        self.groups = 0
        self.records = 0
        self._writer = writer
        self._loop = loop
        self._signer = signer
        self._shipper = shipper
        self._patience_s = patience_s
        self._now_ms = now_ms
        self._checkpoint_ms = writer.checkpoint_ms or now_ms
        self._checkpoint_seq = writer.checkpoint_seq
        self._head = writer.head
        self._seq = writer.head.seq
        self._digest = writer.head.digest
        self._collecting = _Group()
        self._flying: _Group | None = None
        self._is_starting = False
        self._is_stalled = False
        self._is_closed = False
        self._watch: asyncio.TimerHandle | None = None
        self._idle: asyncio.Future[None] | None = None
        self._jobs: SimpleQueue[_Group | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._flush, name=f"audit {writer.journal}", daemon=True)
        self._thread.start()

    @property
    def is_refusing(self) -> bool:
        """Whether the last attempt to write failed or hangs: readiness and metrics show it."""
        return self.problem is not None

    @property
    def flusher_id(self) -> int | None:
        """The flusher's thread, by its id for the system."""
        return self._thread.native_id

    @property
    def head_seq(self) -> int:
        """Number of the newest record, durable or not."""
        return self._seq

    def append(self, record: bytes, on_durable: OnDurable) -> None:
        """Add a record to the chain; as ``extend`` does."""
        self.extend((record,), on_durable)

    def extend(self, records: Sequence[bytes], on_durable: OnDurable, *, requests: int = 1) -> None:
        """Add records to the chain; later ``on_durable`` is called once on this thread, never from in here.

        Args:
            records: The bytes of ``encode_record``, of each; at least one.
            on_durable: Gets True when all of them are durable; False when they are not and their calls are to be
                refused.
            requests: How many requests they are of.
        """
        if self._is_stalled or self._is_closed:
            self._loop.call_soon(on_durable, False)
            return
        group = self._collecting
        if not group.frames:
            self._schedule(group)
        while records:
            before_checkpoint = CHECKPOINT_RECORDS - (self._seq - self._checkpoint_seq)
            if before_checkpoint <= 0:
                self._sign()
                continue
            taken, records = records[:before_checkpoint], records[before_checkpoint:]
            frames, self._digest = render_records(self._seq, self._digest, taken)
            self._seq += len(taken)
            group.frames += frames
        group.requests += requests
        group.callbacks.append(on_durable)

    def tick(self, now_ms: Instant) -> None:
        """Sign a checkpoint when one is due; call it about once a second.

        After a failure one is due at once: it tries whether the disk takes records again, so that readiness
        comes back without anybody's call being the one that is tried on.
        """
        self._now_ms = now_ms
        if self._is_stalled or self._is_closed:
            return
        is_probe = self.problem is not None and self._flying is None and not self._collecting.frames
        if is_probe or is_checkpoint_due(now_ms, self._checkpoint_ms, self._seq - self._checkpoint_seq):
            self._sign()

    async def close(self, now_ms: Instant) -> None:
        """Write what waits and a last checkpoint, then give up the files. Later appends are refused.

        Raises:
            AuditUnwritable: The disk hangs or refuses; what waited was refused.
        """
        if not self._is_closed and not self._is_stalled and self._seq > self._checkpoint_seq:
            self._now_ms = now_ms
            self._sign()
        self._is_closed = True
        if self._flying is not None or self._collecting.frames:
            self._idle = self._loop.create_future()
            await self._idle
        self._jobs.put(None)
        if self._is_stalled:
            raise AuditUnwritable(f"the disk under journal {self._writer.journal} hangs")
        self._thread.join()
        self._writer.close()
        if self.problem is not None:
            raise self.problem

    def _sign(self) -> None:
        """Add a checkpoint after the newest record. The chain is unchanged when the signer raises."""
        head = Head(self._seq, self._digest, self._head.checkpoint, self._head.checkpoint_digest)
        line = sign_checkpoint(self._writer.journal, head, self._now_ms, self._signer)
        self._head = head.with_checkpoint(line)
        self._checkpoint_ms = self._now_ms
        self._checkpoint_seq = self._seq
        if not self._collecting.frames:
            self._schedule(self._collecting)
        self._collecting.frames.append(line)
        self._collecting.checkpoints.append(line)

    def _schedule(self, group: _Group) -> None:
        """Begin to count a group's patience; start it unless another one is flying."""
        group.since = self._loop.time()
        if self._flying is None and not self._is_starting:
            # At the end of this turn of the loop, so that all requests of the turn share the group.
            self._is_starting = True
            self._loop.call_soon(self._start)

    def _start(self) -> None:
        """Give the collected group to the flusher."""
        self._is_starting = False
        group = self._collecting
        if not group.frames or self._flying is not None or self._is_stalled:
            return
        if group.waits_another_turn():
            self._is_starting = True
            self._loop.call_soon(self._start)
            return
        group.head = Head(self._seq, self._digest, self._head.checkpoint, self._head.checkpoint_digest)
        self._flying = group
        self._collecting = _Group()
        self._watch = self._loop.call_at(group.since + self._patience_s, self._stall)
        self._jobs.put(group)

    def _flush(self) -> None:
        """The flusher thread: one group after the other, until None."""
        commit = self._writer.commit
        report = self._loop.call_soon_threadsafe
        while (group := self._jobs.get()) is not None:
            assert group.head is not None
            problem: AuditUnwritable | None = None
            try:
                commit(group.frames, group.checkpoints, group.head)
            except AuditUnwritable as refusal:
                problem = refusal
            group.is_over = True
            # A loop that was closed under us has nobody left to tell.
            with contextlib.suppress(RuntimeError):
                report(self._land, group, problem)

    def _land(self, group: _Group, problem: AuditUnwritable | None) -> None:
        """The flusher is done with a group: release it, or refuse it and all that was chained to it."""
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._flying = None
        self.groups += 1
        # The flusher holds the group until the next one comes: nothing may live as long as that, nor be freed there.
        records = len(group.frames) - len(group.checkpoints)
        callbacks, group.callbacks, group.frames = group.callbacks, [], []
        if self._is_stalled:
            # Refused long ago. Whatever became of it, this handle is not trusted with another record (D-02).
            self._is_stalled = False
            self._writer.abandon()
            self._rewind()
            if problem is not None:
                self.problem = problem
        elif problem is not None:
            self.problem = problem
            refused = [*callbacks, *self._collecting.callbacks]
            self._collecting = _Group()
            self._rewind()
            self._tell(refused, False)
        else:
            self.problem = None
            self.records += records
            self._start()
            if group.checkpoints and self._shipper is not None:
                self._shipper.notify()
            self._tell(callbacks, True)
        self._wake_closer()

    def _stall(self) -> None:
        """The disk did not answer in time: refuse everybody, and whoever comes while it hangs."""
        self._watch = None
        group = self._flying
        assert group is not None
        if group.is_over:
            # The loop was kept from its turns: uvloop calls timers that are due before it lets a group land, although
            # the group was there first. It lands in the next turn.
            return
        self._is_stalled = True
        self.problem = AuditUnwritable(f"journal {self._writer.journal}: the disk did not answer in time")
        refused = [*group.callbacks, *self._collecting.callbacks]
        group.callbacks = []
        self._collecting = _Group()
        self._tell(refused, False)
        self._wake_closer()

    def _rewind(self) -> None:
        """Continue the chain from what is durable."""
        self._head = self._writer.head
        self._seq = self._head.seq
        self._digest = self._head.digest
        self._checkpoint_seq = self._writer.checkpoint_seq
        self._checkpoint_ms = self._writer.checkpoint_ms or self._checkpoint_ms

    def _tell(self, callbacks: list[OnDurable], is_durable: bool) -> None:
        for callback in callbacks:
            try:
                callback(is_durable)
            except Exception as problem:  # noqa: BLE001 - one client's failure must not keep others waiting
                self._loop.call_exception_handler(
                    {"message": "a callback of the audit journal failed", "exception": problem}
                )

    def _wake_closer(self) -> None:
        is_idle = self._flying is None and not self._collecting.frames
        if self._idle is not None and not self._idle.done() and (is_idle or self._is_stalled):
            self._idle.set_result(None)
