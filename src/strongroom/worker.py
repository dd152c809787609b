"""One request worker: an event loop, the edge, the pipeline, and the threads and files that belong to it.

Made after any fork. What it opened, it closes: SIGTERM lets it finish what it accepted.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import uvloop

from strongroom.audit.errors import AuditUnwritable
from strongroom.audit.journal import PATIENCE_S, Journal
from strongroom.audit.outbox import OutboxChain
from strongroom.audit.rejects import RejectCounter
from strongroom.audit.shipping import CheckpointShipper
from strongroom.audit.writer import JournalWriter
from strongroom.clock import Clock, system_clock
from strongroom.config import ANSWER_WITHIN_MS
from strongroom.gateway.authentication import Authenticator
from strongroom.gateway.compiling import COMPILED
from strongroom.gateway.counters import SharedCounters, render_metrics
from strongroom.gateway.deployment import Deployment
from strongroom.gateway.edge import Edge, EdgeLimits
from strongroom.gateway.failures import describe_problem
from strongroom.gateway.frontdoor import FrontDoor
from strongroom.gateway.metrics import MEANINGS, declare
from strongroom.gateway.operation import Service
from strongroom.gateway.pipeline import Pipeline
from strongroom.gateway.routing import Router
from strongroom.gateway.uploads import UploadDesk
from strongroom.ids import new_uuid
from strongroom.kept_code import KEPT_CODE
from strongroom.on_demand import OnFirstUse, RunnerOnDemand, SessionsOnDemand, ThreadTrails, provider_keys_of
from strongroom.opening import Opened
from strongroom.own_core import OwnCore
from strongroom.services.iam.accounts import list_regions
from strongroom.services.iam.credentials import StoredCredentials
from strongroom.services.iam.last_used import UseMarks
from strongroom.store.apart import ApartRows
from strongroom.store.errors import StoreError
from strongroom.store.revision import RevisionAnchor
from strongroom.store.turn import WriteTurn
from strongroom.store.writer import Change, Writer
from strongroom.worker_threads import ApartThreads, QueryThreads

log = logging.getLogger(__name__)

TICK_S = 0.25
LOAD_AFTER_S = 0.2
GARBAGE_THRESHOLD = 20_000
DRAIN_S = 7.0
HEAVY_THREADS = 1
TRAIL_CACHE_BYTES = 2_097_152


class Worker:
    """Serves requests until it is told to stop.

    Args:
        number: Its place among the workers; its journal is ``worker-<number>``.
        opened: The deployment.
        services: The tables of all services.
        counters: Shared by all workers.
        clock: "Now" for the domain; in ``dev`` it may be moved.
        tls: The certificate, or None for plain HTTP.
        core: The core that its event loop stays on, or None.
    """

    def __init__(
        self,
        number: int,
        opened: Opened,
        services: Sequence[Service],
        counters: SharedCounters,
        clock: Clock,
        tls: ssl.SSLContext | None,
        *,
        core: int | None = None,
    ) -> None:
        settings = opened.settings
        self._core = OwnCore(core)
        self.loop = uvloop.new_event_loop()
        self._number = number
        self._clock = clock
        self._counters = counters
        self._services = services
        self._host, self._port = "", 0
        self._loaded_first: tuple[str, ...] = ()
        self._keeping = threading.Lock()
        self._counted: dict[tuple[str, str, int], int] = {}
        counters.use_page(number)
        self.rows = opened.open_rows(settings.cache_bytes)
        sink = settings.audit_checkpoint_dir
        name = f"worker-{number}"
        self.journal = Journal(
            JournalWriter(
                opened.audit_directory,
                name,
                anchor_key=opened.anchor_key,
                segment_bytes=settings.audit_segment_bytes,
            ),
            self.loop,
            opened.signer,
            clock(),
            shipper=CheckpointShipper(opened.audit_directory, name, sink) if sink is not None else None,
            patience_s=PATIENCE_S * settings.answer_within_ms / ANSWER_WITHIN_MS,
        )
        self.writer = Writer(
            opened.open_transaction,
            WriteTurn(settings.data_dir),
            OutboxChain,
            RevisionAnchor(settings.data_dir, opened.authenticator),
            self._deliver,
            most_changes_in_group=settings.group_changes,
            most_waiting=settings.waiting_changes,
            # The records of the reads that came with a change are on their way to the disk two turns later.
            wake_later=lambda ring: self.loop.call_soon(self.loop.call_soon, ring),
        )
        let_go = self._core.let_go
        self._queries = QueryThreads(self.loop, lambda: opened.open_rows(TRAIL_CACHE_BYTES), let_go)
        # Apart from the others: another system that is slow must not hold up those who ask the trail.
        self._identifications = QueryThreads(self.loop, lambda: opened.open_rows(TRAIL_CACHE_BYTES), let_go)
        # So are the checks of archives and the bodies that bring them: one at a time.
        self._heavy = QueryThreads(
            self.loop, lambda: opened.open_rows(TRAIL_CACHE_BYTES), let_go, HEAVY_THREADS
        )
        self._rejects = RejectCounter(opened.audit_directory)
        deployment = Deployment(
            settings=settings,
            clock=clock,
            keyring=opened.keyring,
            trail=ThreadTrails(opened.audit_directory).own,
            provider_keys=OnFirstUse(lambda: provider_keys_of(settings, lambda: self._port)).get,
            runner=RunnerOnDemand(settings, lambda: (self._host, self._port)),
            read_apart=ApartRows(lambda: opened.open_rows(TRAIL_CACHE_BYTES)).read,
        )
        self._use_marks = UseMarks(self.writer.submit)
        router = Router(services)
        authenticator = Authenticator(
            StoredCredentials(opened.keyring), SessionsOnDemand(opened.keyring), system_clock, list_regions
        )
        self.pipeline = Pipeline(
            router=router,
            authenticator=authenticator,
            rows=self.rows,
            journal=self.journal if settings.audit_reads else Forgetful(self.loop),
            writer=self.writer,
            run_query=self._queries.run,
            run_identification=self._identifications.run,
            run_heavy=self._heavy.run,
            run_apart=ApartThreads(self.loop, let_go).run,
            rejects=self._rejects,
            deployment=deployment,
            count=self._count,
            monotonic_ms=lambda: time.monotonic_ns() // 1_000_000,
            mark_use=self._use_marks,
            call_soon=self.loop.call_soon,
        )
        front = FrontDoor(self.pipeline, self._problem, self._metrics)
        self.edge = Edge(
            self.loop,
            front,
            EdgeLimits(
                max_body_bytes=settings.max_body_bytes,
                max_connections=settings.max_connections,
                max_connections_per_address=settings.max_connections_per_address,
            ),
            tls=tls,
            behind_proxy=settings.behind_proxy,
            new_request_id=new_uuid,
            uploads=UploadDesk(router.find_path, lambda request: authenticator.knows(request, self.rows)),
        )
        self._stopping = asyncio.Event()

    def serve(self, host: str, port: int, *, reuse_port: bool, ready: Callable[[int], None]) -> None:
        """Serve until ``stop``; ``ready`` hears the port once requests are answered."""
        asyncio.set_event_loop(self.loop)
        self.loop.set_default_executor(ThreadPoolExecutor(1, initializer=self._core.let_go))
        COMPILED.keep_off_this_thread()
        # What was made until now stays, and hardly anything later is garbage in a circle: a collection that walks
        # through all cached rows would only hold requests up.
        gc.freeze()
        gc.set_threshold(GARBAGE_THRESHOLD, 20, 100)
        gc.enable()
        try:
            self.loop.run_until_complete(self._serve(host, port, reuse_port, ready))
        finally:
            self.loop.close()

    def stop(self) -> None:
        """Begin to end; safe in a signal handler of the loop."""
        self._stopping.set()

    async def _serve(self, host: str, port: int, reuse_port: bool, ready: Callable[[int], None]) -> None:
        self.writer.start()
        self._core.hold(threading.get_native_id(), self.journal.flusher_id)
        ticking = self.loop.create_task(self._tick())
        loading = self.loop.create_task(self._load_the_rest())
        self._host = host
        self._port = await self.edge.listen(host, port, reuse_port=reuse_port)
        ready(self._port)
        await self._stopping.wait()
        cut = await self.edge.drain(DRAIN_S)
        if cut:
            log.warning("%d connections were cut off at the end", cut)
        ticking.cancel()
        loading.cancel()
        await asyncio.gather(ticking, loading, return_exceptions=True)
        self._keep_code()  # unless that was done
        self._queries.close()
        self._identifications.close()
        self._heavy.close()
        self._use_marks.flush()
        self.writer.stop()
        await self.journal.close(self._clock())
        self._rejects.flush(self._clock(), everything=True)

    async def _load_the_rest(self) -> None:
        """Load the operations that no request has asked for yet, on a thread beside the first requests."""
        await asyncio.sleep(LOAD_AFTER_S)
        self._loaded_first = tuple(sys.modules)
        try:
            names = await self.loop.run_in_executor(None, declare, self._services)
        except Exception as problem:  # noqa: BLE001 - requests for what cannot be loaded will fail, others go on
            log.error("the rest of the program could not be loaded: %s", describe_problem(problem))
            return
        self._counters.declare(names)
        gc.freeze()  # as at the start: what was loaded stays
        await self.loop.run_in_executor(None, self._keep_code)

    def _keep_code(self) -> None:
        """Keep the code of what a start loads, and the requests that came first, for the next start."""
        if self._number != 0:
            return
        try:
            with self._keeping:
                KEPT_CODE.keep(self._loaded_first or tuple(sys.modules))
        except OSError as problem:
            log.info("the code that a start loads could not be kept: %s", problem.strerror)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self._look_around()
            except Exception as problem:  # noqa: BLE001 - without the watch late answers would never be refused
                log.error("the watch of a worker failed: %s", describe_problem(problem))

    def _look_around(self) -> None:
        self.pipeline.refuse_overdue()
        self._use_marks.flush()
        now_ms = self._clock()
        self.journal.tick(now_ms)
        try:
            self._rejects.flush(now_ms)
        except AuditUnwritable as problem:
            log.warning("rejected requests could not be counted on disk: %s", problem)
        self._show_gauges()

    def _deliver(self, changes: Sequence[Change], committed: bool) -> None:
        self.loop.call_soon_threadsafe(_settle, changes, committed)

    def _problem(self) -> str | None:
        if self.journal.is_refusing:
            return "the audit journal cannot be written"
        if self.writer.is_refusing:
            return "the store cannot be written"
        try:
            self.rows.refresh()
        except StoreError:
            return "the store does not answer"
        return None

    def _count(self, service: str, operation: str, status: int) -> None:
        counted = service, operation, status
        self._counted[counted] = (
            self._counted.get(counted, 0) + 1
        )  # shared with the other workers at each tick

    def _show_gauges(self) -> None:
        if not self._counters.is_declared:
            return  # until then they are kept
        for (service, operation, status), number in self._counted.items():
            kind = "2xx" if status < 300 else "4xx" if status < 500 else "5xx"
            if service == "unauthenticated":
                self._counters.add("strongroom_rejected_requests", (kind,), number)
            else:
                self._counters.add("strongroom_requests", (service, operation, kind), number)
        self._counted.clear()
        edge, cache, shown = self.edge.counters, self.rows.cache, self._counters.set
        shown("strongroom_connections_open", (), edge.connections_open)
        shown("strongroom_connections", (), edge.connections_accepted)
        shown("strongroom_received_bytes", (), edge.bytes_received)
        shown("strongroom_sent_bytes", (), edge.bytes_sent)
        for reason, number in edge.refused.items():
            shown("strongroom_edge_refusals", (reason.name.lower(),), number)
        shown("strongroom_audit_records", (), self.journal.records)
        shown("strongroom_audit_groups", (), self.journal.groups)
        shown("strongroom_audit_refusing", (), int(self.journal.is_refusing))
        shown("strongroom_changes", (), self.writer.changes)
        shown("strongroom_change_groups", (), self.writer.groups)
        shown("strongroom_change_failures", (), self.writer.failures)
        shown("strongroom_cache_entries", (), len(cache))
        shown("strongroom_cache_hits", (), cache.hits)
        shown("strongroom_cache_misses", (), cache.misses)

    def _metrics(self) -> bytes:
        if not self._counters.is_declared:
            self._counters.declare(declare(self._services))
        self._show_gauges()
        return render_metrics(self._counters, MEANINGS)


class Forgetful:
    """For one benchmark of ``dev``: a journal that forgets, to measure what the real one costs."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def extend(
        self,
        records: Sequence[bytes],  # noqa: ARG002 - it forgets them
        on_durable: Callable[[bool], None],
        *,
        requests: int = 1,  # noqa: ARG002 - and how many they were of
    ) -> None:
        """Forget the records of some requests and release the answers."""
        self._loop.call_soon(on_durable, True)


def _settle(changes: Sequence[Change], committed: bool) -> None:
    for change in changes:
        change.settle(committed)
