"""A disk that hangs: calls are refused within two seconds, leak nothing, and are recorded as what they were (L-01).

Time passes only when a test says so: what is shown is what happens before and after the limit, not how fast the
machine is.

Tried by hand: with ``Journal.append`` calling back before the flush the first test fails; without
``refuse_overdue`` the others never end.
"""

from __future__ import annotations

import fcntl
import os
import threading
from functools import partial
from pathlib import Path
from typing import Any

from strongroom.clock import system_clock
from strongroom.config import ANSWER_WITHIN_MS
from strongroom.store.errors import StoreUnavailable
from strongroom.store.turn import TURN_NAME
from tests.faults.client import KeptConnection
from tests.faults.stand import Stand, run
from tests.support.server import Server

VALUE = "the value that must not leave"
SECRET = {"Name": "s", "ClientRequestToken": "1" * 32, "SecretString": VALUE}


def put(number: int) -> dict[str, str]:
    """Give the members of PutSecretValue; the version is named by the number."""
    return {"SecretId": "s", "ClientRequestToken": f"{number:032d}", "SecretString": VALUE}


def version(number: int) -> dict[str, str]:
    """Give the members of GetSecretValue for that version."""
    return {"SecretId": "s", "VersionId": f"{number:032d}"}


def test_l01_no_value_leaves_before_its_record_is_durable(tmp_path: Path) -> None:
    """While the journal's disk hangs a read is not answered; after two seconds it is refused, and so are others."""

    async def test(stand: Stand) -> None:
        assert (await stand.ask("CreateSecret", SECRET)).status == 200
        assert VALUE.encode() in (await stand.ask("GetSecretValue", {"SecretId": "s"})).body
        stand.disk.hang()
        waiting = stand.send("GetSecretValue", {"SecretId": "s"})
        await stand.until(stand.disk.hanging.is_set)
        also = stand.send("GetSecretValue", {"SecretId": "s"})
        await stand.turns()
        assert waiting not in stand.replies
        await stand.pass_ms(1_700)
        assert waiting not in stand.replies
        await stand.pass_ms(300)
        for refused in (waiting, also, stand.send("GetSecretValue", {"SecretId": "s"})):
            reply = await stand.reply(refused)
            assert reply.status == 500
            assert VALUE.encode() not in reply.body
        assert stand.journal.is_refusing
        stand.disk.come_back()
        await stand.until(lambda: not stand.journal._is_stalled)
        assert VALUE.encode() in (await stand.ask("GetSecretValue", {"SecretId": "s"})).body
        assert not stand.journal.is_refusing

    run(tmp_path, test)


def test_l01_the_journal_finds_out_by_itself_that_the_disk_is_back(tmp_path: Path) -> None:
    """Readiness hangs on it: no call has to be the one that is tried on."""

    async def test(stand: Stand) -> None:
        assert (await stand.ask("CreateSecret", SECRET)).status == 200
        assert (await stand.ask("GetSecretValue", {"SecretId": "s"})).status == 200
        stand.disk.is_broken = True
        assert (await stand.ask("GetSecretValue", {"SecretId": "s"})).status == 500

        def is_back() -> bool:
            stand.journal.tick(system_clock())  # as the worker does several times a second
            return not stand.journal.is_refusing

        calls = stand.disk.calls
        await stand.until(lambda: is_back() or stand.disk.calls > calls + 3)
        assert stand.journal.is_refusing
        stand.disk.is_broken = False
        await stand.until(is_back)

    run(tmp_path, test)


def test_l01_a_change_that_cannot_begin_is_refused_and_not_made(tmp_path: Path) -> None:
    """While another worker's commit hangs, changes are refused after two seconds; what was refused before it
    began is never made, and its record says so.
    """

    async def test(stand: Stand) -> None:
        assert (await stand.ask("CreateSecret", SECRET)).status == 200
        with stand.held_turn():
            waiting = stand.send("PutSecretValue", put(1))
            await stand.pass_ms(ANSWER_WITHIN_MS - 1)
            assert waiting not in stand.replies
            await stand.pass_ms(1)
            assert (await stand.reply(waiting)).status == 500
        assert (await stand.ask("PutSecretValue", put(2))).status == 200
        assert (await stand.ask("GetSecretValue", version(1))).status == 400
        assert (await stand.ask("GetSecretValue", version(2))).status == 200
        [record] = stand.records_of(waiting)
        assert record["errorCode"] == "InternalServiceError"

    run(tmp_path, test)


def test_l01_a_change_that_commits_too_late_is_recorded_as_made(tmp_path: Path) -> None:
    """A client that was refused does not know what became of its change. The record does: it says what the
    store holds, not what the client was told.
    """

    async def test(stand: Stand) -> None:
        assert (await stand.ask("CreateSecret", SECRET)).status == 200
        begun, go_on = threading.Event(), threading.Event()
        perform = stand.pipeline.steps.perform

        def slowly(*given: object) -> None:
            perform(*given)  # type: ignore[arg-type]
            begun.set()
            assert go_on.wait(60)

        stand.pipeline.steps.perform = slowly  # type: ignore[method-assign, assignment]
        waiting = stand.send("PutSecretValue", put(1))
        await stand.until(begun.is_set)
        await stand.pass_ms(ANSWER_WITHIN_MS)
        assert (await stand.reply(waiting)).status == 500
        go_on.set()
        assert (await stand.ask("PutSecretValue", put(2))).status == 200
        assert (await stand.ask("GetSecretValue", version(1))).status == 200
        [record] = stand.records_of(waiting)
        assert "errorCode" not in record

    run(tmp_path, test)


def test_l01_the_mark_of_a_read_that_hangs_refuses_the_read(tmp_path: Path) -> None:
    """The first read of a day waits for its mark in the store; reads without one go on."""

    async def test(stand: Stand) -> None:
        assert (await stand.ask("CreateSecret", SECRET)).status == 200
        assert (await stand.ask("CreateSecret", {**SECRET, "Name": "read-today"})).status == 200
        assert (await stand.ask("GetSecretValue", {"SecretId": "read-today"})).status == 200
        with stand.held_turn():
            waiting = stand.send("GetSecretValue", {"SecretId": "s"})
            assert (await stand.ask("GetSecretValue", {"SecretId": "read-today"})).status == 200
            assert waiting not in stand.replies
            await stand.pass_ms(ANSWER_WITHIN_MS)
            reply = await stand.reply(waiting)
            assert reply.status == 500
            assert VALUE.encode() not in reply.body

    run(tmp_path, test)


def test_l02_changes_that_wait_are_bounded_and_recorded_all_the_same(tmp_path: Path) -> None:
    """What cannot even wait is refused at once, with its record; after the hang everything goes on."""

    async def test(stand: Stand) -> None:
        assert (await stand.ask("CreateSecret", SECRET)).status == 200
        with stand.held_turn():
            sent = [stand.send("PutSecretValue", put(number)) for number in range(20)]
            assert [(await stand.reply(each)).status for each in sent[16:]] == [500] * 4
            assert not stand.replies.keys() & set(sent[:16])
        assert [(await stand.reply(each)).status for each in sent] == [200] * 16 + [500] * 4
        assert [len(stand.records_of(each)) for each in sent] == [1] * 20

    run(tmp_path, test)


def test_l02_a_query_that_could_not_be_run_is_refused_and_recorded_as_failed(tmp_path: Path) -> None:
    """A thread that finds no store has nothing to say: that is not a success."""

    async def test(stand: Stand) -> None:
        waiting = stand.send("ListSecrets", {})
        [(_, done)] = stand.queries
        done(StoreUnavailable("the store cannot be read"))
        assert (await stand.reply(waiting)).status == 500
        [record] = stand.records_of(waiting)
        assert record["errorCode"] == "InternalServiceError"

    run(tmp_path, test)


def test_l02_a_query_that_ends_too_late_is_recorded_as_refused(tmp_path: Path) -> None:
    """Its client was refused and got nothing; there is one record, which says so."""

    async def test(stand: Stand) -> None:
        waiting = stand.send("ListSecrets", {})
        await stand.pass_ms(ANSWER_WITHIN_MS)
        assert (await stand.reply(waiting)).status == 500
        [(work, done)] = stand.queries
        work(stand.rows)
        done(None)
        await stand.until(lambda: stand.journal.records == 1)
        [record] = stand.records_of(waiting)
        assert record["errorCode"] == "InternalServiceError"

    run(tmp_path, test)


def test_l01_a_server_whose_store_hangs_refuses_and_recovers(tmp_path: Path) -> None:
    """The same on the real server: the turn is held from outside. The limit of the client is for a hang only."""
    server = Server(tmp_path / "data", settings={"answer_within_ms": ANSWER_WITHIN_MS})
    try:
        server.start()
        client = KeptConnection(server.endpoint, server.first)
        assert client.ask("CreateSecret", SECRET).status == 200
        assert client.ask("GetSecretValue", {"SecretId": "s"}).status == 200
        descriptor = os.open(server.data_dir / TURN_NAME, os.O_RDWR)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        assert client.ask("PutSecretValue", put(1)).status == 500
        assert client.ask("GetSecretValue", {"SecretId": "s"}).says["SecretString"] == VALUE
        os.close(descriptor)
        assert client.ask("PutSecretValue", put(2)).status == 200
        assert client.ask("GetSecretValue", version(1)).status == 400
        client.close()
    finally:
        server.close()


def test_l01_a_refusal_is_one_that_the_sdk_sends_again(second_server: Any) -> None:
    """A call that came while the store hung succeeds, without a word in the application, once the store is back."""
    server: Server = second_server(settings={"answer_within_ms": 500})
    for number, mode in enumerate(("legacy", "standard"), 1):
        client = server.client("secretsmanager", retries={"mode": mode, "total_max_attempts": 10})
        client.create_secret(**{**SECRET, "Name": mode})
        descriptor = os.open(server.data_dir / TURN_NAME, os.O_RDWR)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        statuses: list[int] = []
        come_back = partial(answered, statuses, descriptor)
        client.meta.events.register("before-parse.secretsmanager.PutSecretValue", come_back)
        sent = {**put(number), "SecretId": mode}
        assert client.put_secret_value(**sent)["VersionId"] == sent["ClientRequestToken"]
        os.close(descriptor)
        assert statuses[0] == 500
        assert statuses[-1] == 200
        assert client.get_secret_value(SecretId=mode)["VersionId"] == sent["ClientRequestToken"]


def answered(statuses: list[int], turn: int, *, response_dict: dict[str, Any], **_: Any) -> None:
    """Note the status of an answer, and give the turn back."""
    statuses.append(response_dict["status_code"])
    fcntl.flock(turn, fcntl.LOCK_UN)
