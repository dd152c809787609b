"""The background jobs of a deployment, put together: who does what, and how often."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

import apsw

from strongroom.audit.layout import make_reserve
from strongroom.audit.outbox import OutboxChain, OutboxExporter
from strongroom.audit.shipping import CheckpointShipper
from strongroom.audit.trail import Trail
from strongroom.audit.writer import JournalWriter
from strongroom.clock import Clock
from strongroom.opening import Opened
from strongroom.store.checkpointing import Checkpointer, surplus_changes
from strongroom.store.engine import open_connection
from strongroom.store.errors import StoreUnavailable
from strongroom.store.revision import RevisionAnchor
from strongroom.store.transaction import Transaction
from strongroom.store.turn import WriteTurn
from strongroom.store.writer import Change, Writer
from strongroom.workers.deletion import DeletionWorker
from strongroom.workers.jobs import Job
from strongroom.workers.keys import KeyWorker
from strongroom.workers.logs import LogWorker

log = logging.getLogger(__name__)

EXPORT_INTERVAL_S = 0.5
INDEX_INTERVAL_S = 0.5
INDEX_RECORDS = 500
EXPORT_RECORDS = 2_000
INDEX_PAUSE_SHARE = 6.0
CHECKPOINT_INTERVAL_S = 1.0


class Waiting:
    """A change without an audit record of its own, whose outcome somebody waits for."""

    def __init__(self, work: Callable[[Transaction], object]) -> None:
        self._work = work
        self._done = threading.Event()
        self._problem: Exception | None = None
        self.result: object = None
        self._committed = False

    def perform(self, transaction: Transaction) -> None:
        """Do the work."""
        self.result = self._work(transaction)

    def fail(self, problem: Exception) -> None:
        """Remember why it was undone."""
        self._problem = problem

    def records(self) -> Sequence[tuple[str, bytes]]:
        """Give no record."""
        return ()

    def settle(self, committed: bool) -> None:
        """Wake who waits."""
        self._committed = committed
        self._done.set()

    def wait(self, timeout_s: float) -> object:
        """Return the result of the work.

        Raises:
            StoreUnavailable: It was not committed in time.
            Exception: What the work raised.
        """
        if not self._done.wait(timeout_s):
            raise StoreUnavailable("the change was not committed in time")
        if self._problem is not None:
            raise self._problem
        if not self._committed:
            raise StoreUnavailable("the change was not committed")
        return self.result


def run_change(writer: Writer, work: Callable[[Transaction], object], timeout_s: float = 10) -> object:
    """Make a change through the writer and wait until it is committed."""
    change = Waiting(work)
    writer.submit(change)
    return change.wait(timeout_s)


def open_writer(opened: Opened) -> Writer:
    """Make the writer of the background process."""
    return Writer(
        opened.open_transaction,
        WriteTurn(opened.settings.data_dir),
        OutboxChain,
        RevisionAnchor(opened.settings.data_dir, opened.authenticator),
        _settle,
        most_changes_in_group=opened.settings.group_changes,
        most_waiting=opened.settings.waiting_changes,
    )


def background_jobs(opened: Opened, writer: Writer, clock: Clock) -> list[Callable[[], Job]]:
    """List what makes each job; each is made on the thread that runs it."""
    return [
        lambda: _export(opened, writer, clock),
        lambda: _index(opened, clock),
        lambda: _checkpoint(opened, writer),
        lambda: _delete(opened, writer, clock),
        lambda: _look_after_keys(opened, writer, clock),
        lambda: _tidy_logs(opened, writer, clock),
    ]


def _export(opened: Opened, writer: Writer, clock: Clock) -> Job:
    sink = opened.settings.audit_checkpoint_dir

    def in_transaction(work: Callable[[apsw.Connection], None]) -> None:
        run_change(writer, lambda transaction: transaction.run_on_connection(work))

    exporter = OutboxExporter(
        open_connection(opened.database, read_only=True),
        JournalWriter(
            opened.audit_directory,
            "changes",
            anchor_key=opened.anchor_key,
            segment_bytes=opened.settings.audit_segment_bytes,
        ),
        opened.signer,
        in_transaction,
        clock(),
        shipper=CheckpointShipper(opened.audit_directory, "changes", sink) if sink is not None else None,
    )

    def run() -> None:
        while exporter.export(clock(), EXPORT_RECORDS) == EXPORT_RECORDS:
            pass

    def close() -> None:
        try:
            run()  # an orderly end leaves every record in the journal, none in the store alone
        finally:
            exporter.close(clock())

    return Job("audit export", EXPORT_INTERVAL_S, run, close)


def _index(opened: Opened, clock: Clock) -> Job:
    trail = Trail(opened.audit_directory)
    if not make_reserve(opened.audit_directory):
        log.warning("there is no room for the reserve file of the audit record: the disk is nearly full")

    def run() -> None:
        started = time.monotonic()
        while trail.catch_up(INDEX_RECORDS) == INDEX_RECORDS:
            # Under load the index stays behind rather than take the processor from requests: it is taken in later.
            time.sleep(INDEX_PAUSE_SHARE * (time.monotonic() - started))
            started = time.monotonic()
        trail.retire(clock())
        trail.compress_finished()

    return Job("audit index", INDEX_INTERVAL_S, run, trail.close)


def _checkpoint(opened: Opened, writer: Writer) -> Job:
    connection = open_connection(opened.database)
    checkpointer = Checkpointer(connection, opened.database)

    def run() -> None:
        checkpointer.run_once()
        limit = surplus_changes(connection)
        if limit:
            run_change(
                writer, lambda transaction: transaction.run("DELETE FROM changes WHERE seq < ?", (limit,))
            )

    return Job("checkpoint", CHECKPOINT_INTERVAL_S, run, checkpointer.close)


def _delete(opened: Opened, writer: Writer, clock: Clock) -> Job:
    worker = DeletionWorker(opened.open_rows(1_048_576), writer.submit)
    return Job("deletion", opened.settings.deletion_interval_s, lambda: worker.run_once(clock()))


def _look_after_keys(opened: Opened, writer: Writer, clock: Clock) -> Job:
    settings = opened.settings
    worker = KeyWorker(
        opened.open_rows(1_048_576),
        writer.submit,
        opened.keyring,
        deletes_used_keys=settings.kms_delete_used_keys,
    )
    return Job("keys", settings.deletion_interval_s, lambda: worker.run_once(clock()))


def _tidy_logs(opened: Opened, writer: Writer, clock: Clock) -> Job:
    worker = LogWorker(opened.open_rows(1_048_576), writer.submit)
    return Job("logs", opened.settings.deletion_interval_s, lambda: worker.run_once(clock()))


def _settle(changes: Sequence[Change], committed: bool) -> None:
    for change in changes:
        change.settle(committed)
