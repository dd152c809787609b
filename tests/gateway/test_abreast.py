"""Requests that arrive together walk abreast: what happens to one of them is its own affair (decision 12)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from strongroom.gateway.exchange import Exchange
from strongroom.http_message import RawReply
from tests.faults.stand import Stand, run

SECRET = {"Name": "s", "ClientRequestToken": "1" * 32, "SecretString": "the value"}
GOOD, ABSENT, MALFORMED = {"SecretId": "s"}, {"SecretId": "absent"}, {"SecretId": "s", "VersionId": "short"}


def test_each_of_a_batch_gets_its_own_answer_and_its_own_record(tmp_path: Path) -> None:
    """Good, absent, malformed, forged and changing requests arrive in one turn; each is answered as if alone."""

    async def test(stand: Stand) -> None:
        assert (await stand.ask("CreateSecret", SECRET)).status == 200
        asked: dict[str, tuple[str, Mapping[str, Any]]] = {
            "good": ("GetSecretValue", GOOD),
            "absent": ("GetSecretValue", ABSENT),
            "malformed": ("GetSecretValue", MALFORMED),
            "change": ("TagResource", {"SecretId": "s", "Tags": [{"Key": "k", "Value": "v"}]}),
            "unserved": ("NoSuchOperation", {}),
            "also good": ("DescribeSecret", GOOD),
        }
        with stand.together():
            sent = {name: stand.send(target, members) for name, (target, members) in asked.items()}
        answers = {name: await stand.reply(request_id) for name, request_id in sent.items()}
        codes = {name: reply.status for name, reply in answers.items()}
        assert codes == {
            "good": 200, "absent": 400, "malformed": 400, "change": 200, "unserved": 400, "also good": 200,
        }  # fmt: skip
        assert b"the value" in answers["good"].body
        assert b"ResourceNotFoundException" in answers["absent"].body
        assert b"the value" not in b"".join(reply.body for name, reply in answers.items() if name != "good")
        await stand.turns()
        read = {name for name in asked if name not in ("change", "unserved")}
        assert {name: len(stand.records_of(sent[name])) for name in read} == dict.fromkeys(read, 1)
        assert stand.records_of(sent["unserved"]) == []

    run(tmp_path, test)


def test_an_answer_that_cannot_be_sent_keeps_no_other_from_leaving(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The connection of one of three fails when its answer is written; the other two are answered."""

    async def test(stand: Stand) -> None:
        assert (await stand.ask("CreateSecret", SECRET)).status == 200
        whole = stand.answer
        broken: list[str] = []

        def answer(exchange: Exchange, reply: RawReply) -> None:
            if exchange.request.request_id in broken:
                raise RuntimeError("the value")
            whole(exchange, reply)

        stand.answer = answer  # type: ignore[method-assign]  # a connection with a defect
        with stand.together():
            first, second, third = (stand.send("GetSecretValue", GOOD) for _ in range(3))
        broken.append(second)
        assert (await stand.reply(first)).status == 200
        assert (await stand.reply(third)).status == 200
        assert second not in stand.replies

    run(tmp_path, test)
    assert "an answer could not be sent: RuntimeError" in caplog.text
    assert "the value" not in caplog.text
