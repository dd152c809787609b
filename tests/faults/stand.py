"""A request path in this process, over a real store, with the two disks and the clock in the hand of the test.

The parts are the real ones, put together as ``worker.py`` does it. In the test's hand are the ports: the journal's
sync (``tests.audit.places.Disk``), the turn to write, and time, which passes only when the test says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any

from strongroom.audit.journal import Journal
from strongroom.audit.outbox import OutboxChain
from strongroom.audit.rejects import RejectCounter
from strongroom.audit.writer import JournalWriter
from strongroom.clock import system_clock
from strongroom.config import Settings
from strongroom.gateway.authentication import Authenticator
from strongroom.gateway.changes import Leftover
from strongroom.gateway.deployment import Deployment
from strongroom.gateway.exchange import Exchange
from strongroom.gateway.pipeline import Pipeline
from strongroom.gateway.routing import Router
from strongroom.http_message import RawReply, RawRequest
from strongroom.on_demand import RunnerOnDemand
from strongroom.opening import create, open_deployment
from strongroom.seal.file import FileSeal
from strongroom.services.iam.accounts import list_regions
from strongroom.services.iam.credentials import StoredCredentials
from strongroom.services.sts.sessions import SessionCredentials
from strongroom.services.table import SERVICES
from strongroom.store.revision import RevisionAnchor
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.store.turn import TURN_NAME, WriteTurn
from strongroom.store.writer import Change, Writer
from tests.audit.places import Disk
from tests.faults.client import sign
from tests.support.accounts import Account
from tests.support.audit_reading import RecordReader


class MovedLoop(asyncio.SelectorEventLoop):
    """An event loop whose timers run by a clock that the test moves on."""

    moved_s = 0.0

    def time(self) -> float:
        """Give the loop's seconds."""
        return super().time() + self.moved_s


class Stand:
    """One worker's request path.

    Attributes:
        disk: The journal's port to the disk.
        replies: What was answered, by request id.
        account: Who signs.
        keyring: Of the deployment.
    """

    def __init__(self, directory: Path, loop: MovedLoop) -> None:
        self.data_dir = directory / "data"
        settings = Settings(data_dir=self.data_dir)
        seal = FileSeal(directory / "root-key")
        made = create(settings, seal, "111122223333", ("us-east-1",), system_clock())
        self.account = Account(made.account_id, made.access_key_id, made.secret_access_key)
        opened = open_deployment(settings, seal)
        self.keyring = opened.keyring
        self.loop = loop
        self.disk = Disk()
        self.replies: dict[str, RawReply] = {}
        self.problems: list[dict[str, Any]] = []
        self._ids = (f"request-{number}" for number in count())
        self._milliseconds = 0
        self._batch: list[Exchange] | None = None
        self._is_stopped = False
        loop.set_exception_handler(lambda _, context: self.problems.append(context))
        self.rows = opened.open_rows(1_000_000)
        self.journal = Journal(
            JournalWriter(opened.audit_directory, "worker-0", anchor_key=opened.anchor_key, sync=self.disk),
            loop,
            opened.signer,
            system_clock(),
        )
        self.writer = Writer(
            opened.open_transaction,
            WriteTurn(self.data_dir),
            OutboxChain,
            RevisionAnchor(self.data_dir, opened.authenticator),
            self._deliver,
            most_changes_in_group=128,
            most_waiting=16,
            wake_later=lambda ring: loop.call_soon(loop.call_soon, ring),
        )
        self.queries: list[tuple[Callable[[Rows], None], Callable[[Exception | None], None]]] = []
        self.pipeline = Pipeline(
            router=Router(SERVICES),
            authenticator=Authenticator(
                StoredCredentials(opened.keyring),
                SessionCredentials(opened.keyring),
                system_clock,
                list_regions,
            ),
            rows=self.rows,
            journal=self.journal,
            writer=self.writer,
            run_query=lambda work, done: self.queries.append((work, done)),
            run_identification=lambda work, done: self.queries.append((work, done)),
            run_heavy=lambda work, done: self.queries.append((work, done)),
            run_apart=lambda _work, _done: False,
            rejects=RejectCounter(opened.audit_directory),
            deployment=Deployment(
                settings=settings,
                clock=system_clock,
                keyring=opened.keyring,
                trail=_no_trail,
                provider_keys=_no_trail,
                runner=RunnerOnDemand(settings, lambda: ("", 0)),
                read_apart=lambda work: work(self.rows),
            ),
            count=lambda _service, _operation, _status: None,
            monotonic_ms=lambda: self._milliseconds,
            mark_use=lambda *_: None,
            call_soon=loop.call_soon,
        )
        self.writer.start()

    def send(self, target: str, members: Mapping[str, Any]) -> str:
        """Let one request arrive; return its id."""
        headers, body = sign("127.0.0.1", self.account, "us-east-1", "secretsmanager", target, members)
        request_id = next(self._ids)
        request = RawRequest(
            b"POST",
            b"/",
            b"",
            tuple((name.encode(), value.encode()) for name, value in headers.items()),
            body,
            "127.0.0.1",
            False,
            request_id,
        )
        exchange = Exchange(request, self, False)
        if self._batch is None:
            self.pipeline.handle_batch([exchange])
        else:
            self._batch.append(exchange)
        return request_id

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Let what is sent meanwhile arrive in one turn of the loop."""
        batch = self._batch = []
        yield
        self._batch = None
        self.pipeline.handle_batch(batch)

    def answer(self, exchange: Exchange, reply: RawReply) -> None:
        """Take a reply, as a connection does."""
        exchange.framed = b"framed"
        assert exchange.request.request_id not in self.replies
        self.replies[exchange.request.request_id] = reply

    async def reply(self, request_id: str) -> RawReply:
        """Wait until a request is answered."""
        await self.until(lambda: request_id in self.replies)
        return self.replies[request_id]

    async def ask(self, target: str, members: Mapping[str, Any]) -> RawReply:
        """Send a request and wait for its answer."""
        return await self.reply(self.send(target, members))

    async def write(self, work: Callable[[Transaction], None]) -> None:
        """Let the writer make a change of the store that no request asked for; wait until it is committed."""
        groups = self.writer.groups
        self.writer.submit(Leftover([work]))
        await self.until(lambda: self.writer.groups > groups)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the loop run until something holds: threads ring it, and a counter may move."""
        async with asyncio.timeout(60):  # turns a hang into a failure
            while not holds():  # noqa: ASYNC110 - see above
                await asyncio.sleep(0)

    async def turns(self) -> None:
        """Let the loop do all it can do without time passing."""
        for _ in range(50):
            await asyncio.sleep(0)

    async def pass_ms(self, milliseconds: int) -> None:
        """Let time pass, then let the worker look at what is overdue, as it does several times a second."""
        self._milliseconds += milliseconds
        self.loop.moved_s += milliseconds / 1_000
        self.pipeline.refuse_overdue()
        await self.turns()

    @contextlib.contextmanager
    def held_turn(self) -> Iterator[None]:
        """Hold the turn to write, as a worker does whose commit hangs."""
        descriptor = os.open(self.data_dir / TURN_NAME, os.O_RDWR)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def records_of(self, request_id: str) -> list[dict[str, Any]]:
        """Read the audit records of a request."""
        return [record for record in RecordReader(self.data_dir).all() if record["requestID"] == request_id]

    async def end(self) -> None:
        """Give everything up; nothing may have been reported to the loop."""
        self.disk.come_back()
        self.writer.stop()
        await self.turns()
        await self.journal.close(system_clock())
        self.rows.connection.close(True)
        assert self.problems == []

    def _deliver(self, changes: Sequence[Change], committed: bool) -> None:
        self.loop.call_soon_threadsafe(_settle, changes, committed)


def run(directory: Path, test: Callable[[Stand], Coroutine[Any, Any, None]]) -> None:
    """Run one test on a stand of its own; the limit only turns a hang into a failure."""
    loop = MovedLoop()

    async def main() -> None:
        stand = Stand(directory, loop)
        await test(stand)
        await stand.end()

    try:
        loop.run_until_complete(main())
    finally:
        loop.close()


def _settle(changes: Sequence[Change], committed: bool) -> None:
    for change in changes:
        change.settle(committed)


def _no_trail() -> Any:
    raise AssertionError("no test here asks the trail")
