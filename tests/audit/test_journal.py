"""The worker's journal: group commit, refusal, recovery."""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import weakref
from collections.abc import Callable
from contextvars import Context
from functools import partial
from pathlib import Path
from typing import Any, TypeVarTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.audit.anchor import read_anchor
from strongroom.audit.chain import CheckpointFrame, chain_digest
from strongroom.audit.checkpoint import CHECKPOINT_RECORDS, sign_checkpoint
from strongroom.audit.errors import AuditUnwritable
from strongroom.audit.journal import GROUP_REQUESTS, PATIENCE_S, QUIET_TURNS, SMALL_GROUP_REQUESTS, Journal
from strongroom.audit.layout import anchor_path, checkpoint_log, list_segments
from strongroom.audit.segment import SegmentReader
from strongroom.audit.verify import verify_audit

from .places import ANCHOR_KEY, NOW_MS, PUBLIC_KEY, SIGNER, Disk, open_writer, record, run_journal, settle

Given = TypeVarTuple("Given")


def intact(directory: Path) -> int:
    """Verify with everything and return the number of records of worker-0."""
    report = verify_audit(directory, PUBLIC_KEY, ANCHOR_KEY)
    assert report.findings == ()
    return report.journals[0].head.seq


def test_l01_a_callback_is_true_only_after_its_record_was_synced(tmp_path: Path) -> None:
    """At the moment of release a copy of the file holds the record and the anchor names it."""
    synced: list[int] = []

    def sync(_: int) -> None:
        synced.append(list_segments(tmp_path, "worker-0")[1].stat().st_size)

    async def work(journal: Journal) -> None:
        for number in range(20):
            before = len(synced)
            assert await settle(journal, [record(number)]) == [True]
            path = list_segments(tmp_path, "worker-0")[1]
            assert len(synced) == before + 1
            assert path.stat().st_size == synced[-1]
            assert f'"requestID":"00000000-0000-4000-8000-{number:012d}"'.encode() in path.read_bytes()
            anchor = read_anchor(anchor_path(tmp_path, "worker-0"), "worker-0", ANCHOR_KEY)
            assert anchor is not None
            assert anchor.head.seq == number + 1

    run_journal(tmp_path, work, sync=sync)
    assert intact(tmp_path) == 20


def test_l01_records_of_one_moment_share_a_sync(tmp_path: Path) -> None:
    """What collects while a sync runs goes with the next one: two syncs for any number of records."""
    disk = Disk()

    async def work(journal: Journal) -> None:
        start = disk.calls
        disk.hang()
        first = asyncio.create_task(settle(journal, [record(0)]))
        await asyncio.to_thread(disk.hanging.wait, 30)
        rest = asyncio.create_task(settle(journal, (record(number) for number in range(1, 200))))
        await asyncio.sleep(0)
        disk.come_back()
        assert await first == [True]
        assert await rest == [True] * 199
        assert disk.calls == start + 2
        assert journal.groups == 2

    run_journal(tmp_path, work, sync=disk)
    assert intact(tmp_path) == 200


def test_l01_a_failed_sync_refuses_everybody_and_the_next_append_recovers(tmp_path: Path) -> None:
    """Refused records leave no trace, the old handle is not used again, the chain goes on in a new segment."""
    disk = Disk()

    async def work(journal: Journal) -> None:
        assert await settle(journal, [record(0), record(1)]) == [True, True]
        disk.is_broken = True
        for number in range(3):
            assert await settle(journal, [record(90 + number), record(95 + number)]) == [False, False]
            assert journal.is_refusing
        disk.is_broken = False
        assert await settle(journal, [record(2)]) == [True]
        assert not journal.is_refusing

    run_journal(tmp_path, work, sync=disk)
    assert intact(tmp_path) == 3
    assert list(list_segments(tmp_path, "worker-0")) == [1, 2]
    kept = b"".join(path.read_bytes() for path in list_segments(tmp_path, "worker-0").values())
    assert b"-00000000009" not in kept


def test_d02_a_failed_sync_is_never_retried_on_the_same_file(tmp_path: Path) -> None:
    """After a failure the descriptor of the old segment is not synced again."""
    seen: list[tuple[int, bool]] = []
    state = {"broken": False}

    def sync(descriptor: int) -> None:
        seen.append((os.fstat(descriptor).st_ino, state["broken"]))
        if state["broken"]:
            raise OSError(5, "Input/output error")

    async def work(journal: Journal) -> None:
        assert await settle(journal, [record(0)]) == [True]
        state["broken"] = True
        assert await settle(journal, [record(1)]) == [False]
        state["broken"] = False
        assert await settle(journal, [record(2)]) == [True]

    run_journal(tmp_path, work, sync=sync)
    failed = [number for number, broken in seen if broken]
    after = [number for number, _ in seen[[broken for _, broken in seen].index(True) + 1 :]]
    assert len(failed) == 1
    assert failed[0] not in after
    assert intact(tmp_path) == 2


def test_l01_a_failure_also_refuses_what_was_chained_behind_the_failed_group(tmp_path: Path) -> None:
    """Records that collected during the failing sync hang on refused ones; they are refused with them."""
    disk = Disk()

    async def work(journal: Journal) -> None:
        disk.hang()
        first = asyncio.create_task(settle(journal, [record(0)]))
        await asyncio.to_thread(disk.hanging.wait, 30)
        second = asyncio.create_task(settle(journal, [record(1)]))
        await asyncio.sleep(0)
        disk.is_broken = True
        disk.come_back()
        assert await first == [False]
        assert await second == [False]
        disk.is_broken = False
        assert await settle(journal, [record(2)]) == [True]

    run_journal(tmp_path, work, sync=disk)
    assert intact(tmp_path) == 1


@settings(max_examples=150, deadline=None)
@given(script=st.lists(st.booleans(), min_size=4, max_size=24))
def test_l01_any_pattern_of_failing_syncs_keeps_exactly_what_was_acknowledged(script: list[bool]) -> None:
    """Failures may meet records, headers of new segments and attempts to recover, in any order."""
    pattern = iter([True, *script])

    def sync(_: int) -> None:
        if not next(pattern, True):
            raise OSError(5, "Input/output error")

    async def work(journal: Journal) -> int:
        acknowledged = 0
        for number in range(len(script)):
            acknowledged += sum(await settle(journal, [record(number)]))
        while (await settle(journal, [record(99)])) != [True]:
            pass
        return acknowledged + 1

    with tempfile.TemporaryDirectory() as place:
        acknowledged = run_journal(Path(place), work, sync=sync)
        assert intact(Path(place)) == acknowledged


def test_l01_a_checkpoint_of_a_failed_commit_leaves_the_log(tmp_path: Path) -> None:
    """The log got the line, then the commit failed: the line speaks of records that were refused."""
    state = {"line": b""}

    def sync(_: int) -> None:
        if state["line"]:
            with checkpoint_log(tmp_path, "worker-0").open("ab") as log:
                log.write(state["line"])
            state["line"] = b""
            raise OSError(5, "Input/output error")

    async def work(journal: Journal) -> None:
        assert await settle(journal, [record(0)]) == [True]
        journal.tick(NOW_MS + 60_000)
        assert await settle(journal, [record(1)]) == [True]
        head = journal._writer.head
        refused = head.with_record(3, chain_digest(head.digest, 3, record(2)))
        state["line"] = sign_checkpoint("worker-0", refused, NOW_MS, SIGNER)
        assert await settle(journal, [record(2)]) == [False]
        assert await settle(journal, [record(3)]) == [True]

    run_journal(tmp_path, work, sync=sync)
    assert intact(tmp_path) == 3


class TimedLoop(asyncio.SelectorEventLoop):
    """A loop whose timers the test fires: its clock stands still until it is moved."""

    def __init__(self) -> None:
        super().__init__()
        self.moved_s = 0.0

    def time(self) -> float:
        return self.moved_s


@pytest.mark.parametrize("comes_back_with_error", [False, True])
def test_l01_a_hanging_disk_refuses_within_two_seconds(tmp_path: Path, comes_back_with_error: bool) -> None:
    """Everybody who waits is refused by then, later ones at once; afterwards a new segment is begun."""
    disk = Disk()
    loop = TimedLoop()
    assert PATIENCE_S < 2

    async def main() -> None:
        journal = Journal(open_writer(tmp_path, sync=disk), loop, SIGNER, NOW_MS)
        assert await settle(journal, [record(0)]) == [True]
        disk.hang()
        first = asyncio.create_task(settle(journal, [record(1)]))
        await asyncio.sleep(0)
        await asyncio.to_thread(disk.hanging.wait, 30)
        loop.moved_s = PATIENCE_S - 0.01
        second = asyncio.create_task(settle(journal, [record(2)]))
        await asyncio.to_thread(threading.Event().wait, 0)
        assert not first.done()
        loop.moved_s = 2.0
        assert await first == [False]
        assert await second == [False]
        assert journal.is_refusing
        assert await settle(journal, [record(3)]) == [False]
        disk.is_broken = comes_back_with_error
        disk.come_back()
        while journal._is_stalled:
            await asyncio.to_thread(threading.Event().wait, 0)
        disk.is_broken = False
        assert await settle(journal, [record(4)]) == [True]
        await journal.close(NOW_MS)

    loop.run_until_complete(main())
    loop.close()
    # A hung sync that succeeds late leaves its record: written for a refused call, never the other way round.
    assert intact(tmp_path) == (2 if comes_back_with_error else 3)
    assert list(list_segments(tmp_path, "worker-0")) == [1, 2]


class LateLoop(TimedLoop):
    """A loop that calls a timer that is due before what a thread has left for it, as uvloop does."""

    def __init__(self) -> None:
        super().__init__()
        self.is_told = threading.Event()

    def call_soon_threadsafe(
        self, callback: Callable[[*Given], object], *args: *Given, context: Context | None = None
    ) -> asyncio.Handle:
        left = super().call_soon_threadsafe(partial(self.call_soon, callback, *args, context=context))
        self.is_told.set()
        return left


def test_l01_a_loop_that_is_late_takes_no_disk_for_hanging(tmp_path: Path) -> None:
    """A starved process hears of a sync and of the end of its patience at once: what the disk has said counts."""
    loop = LateLoop()

    async def main() -> None:
        journal = Journal(open_writer(tmp_path), loop, SIGNER, NOW_MS)
        first = asyncio.create_task(settle(journal, [record(1)]))
        for _ in range(3 + QUIET_TURNS):  # until the group is on its way
            await asyncio.sleep(0)
        assert loop.is_told.wait(30)  # the loop stands still meanwhile
        loop.moved_s = PATIENCE_S + 0.01
        assert await first == [True]
        assert await settle(journal, [record(2)]) == [True]
        assert len(list_segments(tmp_path, "worker-0")) == 1
        await journal.close(NOW_MS)

    loop.run_until_complete(main())
    loop.close()
    assert intact(tmp_path) == 2


def test_a_waiting_group_is_counted_from_its_own_first_record(tmp_path: Path) -> None:
    """A record that waited behind a slow group does not get another two seconds."""
    disk = Disk()
    loop = TimedLoop()

    async def main() -> None:
        journal = Journal(open_writer(tmp_path, sync=disk), loop, SIGNER, NOW_MS)
        disk.hang()
        first = asyncio.create_task(settle(journal, [record(1)]))
        await asyncio.sleep(0)
        await asyncio.to_thread(disk.hanging.wait, 30)
        loop.moved_s = 0.5
        second = asyncio.create_task(settle(journal, [record(2)]))
        await asyncio.sleep(0)
        loop.moved_s = PATIENCE_S - 0.1
        disk.hanging.clear()
        disk.come_back()
        disk.hang()
        await asyncio.to_thread(disk.hanging.wait, 30)
        if not first.done():  # the first sync may have been let through before the second hung
            await first
        loop.moved_s = 0.5 + PATIENCE_S + 0.01
        assert await second == [False]
        disk.come_back()
        with pytest.raises(AuditUnwritable):
            await journal.close(NOW_MS)
        while journal._thread.is_alive():
            await asyncio.to_thread(journal._thread.join, 1)

    loop.run_until_complete(main())
    loop.close()


def test_one_callback_that_raises_disturbs_no_other(tmp_path: Path) -> None:
    """A client that went away cannot keep the others of its group waiting."""
    reported: list[dict[str, Any]] = []

    async def work(journal: Journal) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

        def gone(_: bool) -> None:
            raise RuntimeError("the client is gone")

        journal.append(record(0), gone)
        assert await settle(journal, [record(1)]) == [True]

    run_journal(tmp_path, work)
    assert len(reported) == 1
    assert intact(tmp_path) == 2


@pytest.mark.parametrize("is_broken", [False, True])
def test_nothing_of_a_request_outlives_its_answer_in_the_journal(tmp_path: Path, is_broken: bool) -> None:
    """A callback holds a request and its answer: they go with it, on the loop's thread, not with the next group."""
    disk = Disk()

    class Request:
        def __init__(self) -> None:
            self.told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def tell(self, is_durable: bool) -> None:
            self.told.set_result(is_durable)

    async def work(journal: Journal) -> None:
        freed_by: list[int] = []
        disk.is_broken = is_broken
        futures = []
        for number in range(20):
            request = Request()
            weakref.finalize(request, lambda: freed_by.append(threading.get_ident()))
            futures.append(request.told)
            journal.append(record(number), request.tell)
            del request
        assert await asyncio.gather(*futures) == [not is_broken] * 20
        await asyncio.sleep(0)  # the turn of the loop that told them ends
        assert freed_by == [threading.get_ident()] * 20
        disk.is_broken = False
        assert await settle(journal, [record(99)]) == [True]

    run_journal(tmp_path, work, sync=disk)


def test_l04_a_checkpoint_comes_after_a_thousand_records_at_the_latest(tmp_path: Path) -> None:
    """Also when nobody ticks."""

    async def work(journal: Journal) -> None:
        await settle(journal, (record(number) for number in range(2 * CHECKPOINT_RECORDS + 10)))

    run_journal(tmp_path, work)
    assert intact(tmp_path) == 2 * CHECKPOINT_RECORDS + 10
    seen = [int(line.split()[3]) for line in checkpoint_log(tmp_path, "worker-0").read_text().splitlines()]
    assert seen == [CHECKPOINT_RECORDS, 2 * CHECKPOINT_RECORDS, 2 * CHECKPOINT_RECORDS + 10]


def test_l04_a_checkpoint_comes_in_time_among_records_that_come_together(tmp_path: Path) -> None:
    """It stands between them, however many there are."""

    async def work(journal: Journal) -> None:
        for number in (CHECKPOINT_RECORDS - 1, 2, 2 * CHECKPOINT_RECORDS + 3):
            future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            journal.extend([record(n) for n in range(number)], future.set_result)
            assert await future
        assert journal.records == 3 * CHECKPOINT_RECORDS + 4

    run_journal(tmp_path, work)
    assert intact(tmp_path) == 3 * CHECKPOINT_RECORDS + 4
    with SegmentReader(list_segments(tmp_path, "worker-0")[1]) as reader:
        reader.read_header()
        numbers = [frame.seq for frame in reader.frames() if isinstance(frame, CheckpointFrame)]
    assert numbers == [1_000, 2_000, 3_000, 3_004]


def test_l01_records_that_come_together_are_durable_or_refused_together(tmp_path: Path) -> None:
    """One callback speaks for all of them."""
    disk = Disk()

    async def work(journal: Journal) -> None:
        told: list[bool] = []
        for is_broken in (False, True, False):
            disk.is_broken = is_broken
            future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
            journal.extend([record(number) for number in range(3)], future.set_result)
            told.append(await future)
        assert told == [True, False, True]
        assert journal.records == 6

    run_journal(tmp_path, work, sync=disk)
    assert intact(tmp_path) == 6


def test_l04_a_tick_signs_a_thousand_records_at_once(tmp_path: Path) -> None:
    """The checkpoint does not wait for the next record, nor for the minute to end."""

    async def work(journal: Journal) -> None:
        await settle(journal, (record(number) for number in range(CHECKPOINT_RECORDS - 1)))
        journal.tick(NOW_MS + 1)
        await settle(journal, [record(0)])
        journal.tick(NOW_MS + 2)

    run_journal(tmp_path, work)
    lines = checkpoint_log(tmp_path, "worker-0").read_text().splitlines()
    assert [int(line.split()[5]) for line in lines] == [NOW_MS + 2]


def test_l04_an_idle_journal_signs_a_checkpoint_every_minute(tmp_path: Path) -> None:
    """Nothing happened, and that is said too."""

    async def work(journal: Journal) -> None:
        for second in range(181):
            journal.tick(NOW_MS + second * 1000)

    run_journal(tmp_path, work)
    times = [int(line.split()[5]) for line in checkpoint_log(tmp_path, "worker-0").read_text().splitlines()]
    assert times == [NOW_MS + 60_000, NOW_MS + 120_000, NOW_MS + 180_000]
    assert intact(tmp_path) == 0


def test_segments_rotate_by_size(tmp_path: Path) -> None:
    """Each begins where the one before ends."""

    async def work(journal: Journal) -> None:
        for number in range(30):
            assert await settle(journal, [record(number)]) == [True]

    run_journal(tmp_path, work, segment_bytes=4_000)
    assert len(list_segments(tmp_path, "worker-0")) > 4
    assert intact(tmp_path) == 30


def test_after_close_appends_are_refused(tmp_path: Path) -> None:
    """Nothing is recorded behind the last checkpoint of a closed journal."""

    async def main() -> list[bool]:
        journal = Journal(open_writer(tmp_path), asyncio.get_running_loop(), SIGNER, NOW_MS)
        assert await settle(journal, [record(0)]) == [True]
        await journal.close(NOW_MS)
        return await settle(journal, [record(1)])

    assert asyncio.run(main()) == [False]
    assert intact(tmp_path) == 1


def test_a_group_does_not_wait_for_ever_while_records_keep_coming(tmp_path: Path) -> None:
    """With a record in every turn of the loop a full group goes to the disk; it does not wait for a pause."""

    async def work(journal: Journal) -> int:
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[bool]] = []
        for number in range(4 * GROUP_REQUESTS):
            answers.append(answer := loop.create_future())
            journal.append(record(number), answer.set_result)
            await asyncio.sleep(0)  # one turn of the loop
        assert all(await asyncio.gather(*answers))
        return journal.groups

    assert run_journal(tmp_path, work) > 1


@pytest.mark.parametrize(
    ("before", "pause", "groups"),
    [
        (SMALL_GROUP_REQUESTS - 2, QUIET_TURNS - 1, 1),
        (SMALL_GROUP_REQUESTS - 2, QUIET_TURNS, 2),
        (SMALL_GROUP_REQUESTS, 1, 2),
        (SMALL_GROUP_REQUESTS, 0, 1),
    ],
)
def test_few_requests_wait_a_little_longer_for_others(
    tmp_path: Path, before: int, pause: int, groups: int
) -> None:
    """After turns of the loop that brought none, one more request is in the same group, or has one of its own."""

    async def work(journal: Journal) -> int:
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[bool]] = []

        def come() -> None:
            answers.append(answer := loop.create_future())
            journal.append(record(len(answers)), answer.set_result)

        for _ in range(before):
            come()
        for _ in range(pause + 1):  # the first turn is the one that they came in
            await asyncio.sleep(0)
        come()
        assert all(await asyncio.gather(*answers))
        return journal.groups

    assert run_journal(tmp_path, work) == groups
    assert intact(tmp_path) == before + 1


def test_a_group_is_full_by_its_requests_not_by_their_records(tmp_path: Path) -> None:
    """Requests that leave two records each, one request in every turn of the loop, share a group as others do."""

    async def work(journal: Journal) -> int:
        loop = asyncio.get_running_loop()
        answers: list[asyncio.Future[bool]] = []
        for number in range(GROUP_REQUESTS - 1):
            answers.append(answer := loop.create_future())
            journal.extend([record(2 * number), record(2 * number + 1)], answer.set_result)
            await asyncio.sleep(0)
        assert all(await asyncio.gather(*answers))
        assert journal.records == 2 * (GROUP_REQUESTS - 1)
        return journal.groups

    assert run_journal(tmp_path, work) == 1
    assert intact(tmp_path) == 2 * (GROUP_REQUESTS - 1)
