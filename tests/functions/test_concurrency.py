"""How many invocations run at once: counted by the one runner, whoever asks it.

Tried by hand: counted in each process that asks, a second worker lets a second one through.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from strongroom.clock import system_clock
from strongroom.functions.client import RunnerClient
from strongroom.functions.gate import MOST_OF_ACCOUNT, InvocationGate
from strongroom.functions.invocation import OF_ACCOUNT, OF_FUNCTION, TooManyInvocations
from tests.functions.stand import Stand, zipped
from tests.services.lambda_.worlds import make_lambda_role
from tests.support.deployments import make_deployment
from tests.support.server import Server

WITHIN_S = 60.0
SLEEPS = """
import time
def handler(event, context):
    time.sleep(event)
    return event
"""


def is_refused(invoke: Callable[[], object]) -> str:
    """Give the reason for which an invocation is refused; empty when it ran."""
    try:
        invoke()
    except TooManyInvocations as problem:
        return problem.reason
    return ""


def until(holds: Callable[[], bool]) -> None:
    """Return as soon as something holds."""
    deadline = time.monotonic() + WITHIN_S
    while not holds():
        assert time.monotonic() < deadline, "what the test waits for did not come"
        time.sleep(0.01)


def test_all_who_ask_one_runner_share_the_reservation(stand: Stand) -> None:
    """Another client, another version and another revision are counted with it; another function is not."""
    function = stand.function(SLEEPS, function_id="f", reserved=1, timeout_s=60)
    others = [
        function,
        msgspec.structs.replace(function, version="1"),
        msgspec.structs.replace(function, revision_id="another"),
    ]

    def invoke_first() -> None:
        while is_refused(lambda: stand.invoke(function, 3)):
            time.sleep(0.05)  # the one that looks whether it runs has come first

    first = threading.Thread(target=invoke_first)
    first.start()
    another = RunnerClient(stand.data_dir, lambda: None, system_clock)
    stand.client, kept = another, stand.client
    try:
        until(lambda: is_refused(lambda: stand.invoke(function, 0)) == OF_FUNCTION)
        assert [is_refused(lambda: stand.invoke(each, 0)) for each in others] == [OF_FUNCTION] * 3  # noqa: B023 - run at once
        assert stand.run(SLEEPS, 0, function_id="g", reserved=1) == 0
        assert first.is_alive()
    finally:
        stand.client = kept
        first.join()
    assert is_refused(lambda: stand.invoke(function, 0)) == ""


def test_a_place_is_free_when_its_answer_is_there(stand: Stand) -> None:
    """Whoever asks one after the other is never refused, also after a function that ended badly."""
    sources = (SLEEPS, "import os\ndef handler(event, context): os._exit(3)", "no python")
    for source in sources:
        function = stand.function(source, function_id="one after the other", reserved=1)
        assert [is_refused(lambda: stand.invoke(function, 0)) for _ in range(4)] == [""] * 4  # noqa: B023 - run at once
    broken = msgspec.structs.replace(function, runtime="cobol")
    for _ in range(2):
        with pytest.raises(Exception, match="only Python and Node"):
            stand.invoke(broken)


def test_with_a_reservation_of_none_nothing_runs(stand: Stand) -> None:
    """As the interface has it: 0 turns a function off."""
    function = stand.function(SLEEPS, function_id="off", reserved=0)
    assert is_refused(lambda: stand.invoke(function, 0)) == OF_FUNCTION


def test_an_account_has_its_limit() -> None:
    """A thousand at once; another account goes on."""
    gate = InvocationGate()
    held = [gate.hold("a", f"f{number}", None) for number in range(MOST_OF_ACCOUNT)]
    give_back = [one.__enter__() for one in held]
    assert is_refused(lambda: gate.hold("a", "more", None).__enter__()) == OF_ACCOUNT
    with gate.hold("b", "other", None):
        give_back[0]()
    give_back[0]()  # a second time changes nothing
    with gate.hold("a", "more", None):
        assert is_refused(lambda: gate.hold("a", "more", None).__enter__()) == OF_ACCOUNT
    for one in held:
        one.__exit__(None, None, None)
    with gate.hold("a", "f0", 1):
        assert is_refused(lambda: gate.hold("a", "f0", 1).__enter__()) == OF_FUNCTION


def test_the_limit_holds_over_all_workers(tmp_path: Path) -> None:
    """Whichever worker a connection reaches, and for events that wait: one at a time, and no event is lost."""
    server: Server = make_deployment(tmp_path).server("--workers", "3").start()
    client: Any = server.client("lambda", read_timeout=120)
    answers: list[Any] = []
    try:
        client.create_function(
            FunctionName="made",
            Role=make_lambda_role(server, server.first),
            Code={"ZipFile": zipped({"app.py": SLEEPS})},
            Runtime="python3.12",
            Handler="app.handler",
            Timeout=60,
        )
        client.put_function_concurrency(FunctionName="made", ReservedConcurrentExecutions=1)

        def invoke_first() -> None:
            while not answers:
                try:
                    answers.append(client.invoke(FunctionName="made", Payload="6")["Payload"].read())
                except client.exceptions.TooManyRequestsException:
                    time.sleep(0.05)  # the one that looks whether it runs has come first

        first = threading.Thread(target=invoke_first, daemon=True)
        first.start()

        def status() -> int:
            members = {"FunctionName": "made", "Payload": b"0"}
            return server.raw("lambda", "Invoke", members, key=server.first).status  # a connection of its own

        until(lambda: status() == 429)
        assert {status() for _ in range(24)} == {429}
        event = client.invoke(FunctionName="made", InvocationType="Event", Payload="0")
        assert first.is_alive()
        first.join(WITHIN_S)
        assert answers == [b"6"]
        event_id = event["ResponseMetadata"]["RequestId"]
        logs = server.client("logs")

        def was_run() -> bool:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/made")
            return any(
                f"END RequestId: {event_id}" in one["message"] for page in pages for one in page["events"]
            )

        until(was_run)
    finally:
        server.close()
