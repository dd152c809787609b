"""Invoke: functions run in their sandboxes, are waited for or kept as events, and every use is recorded."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import resource
import shutil
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from strongroom.store.turn import TURN_NAME
from tests.gateway.every_operation import CANARY, make_zip
from tests.services.lambda_.test_functions import refused
from tests.services.lambda_.worlds import make_lambda_role
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server

WITHIN_S = 60.0
CODE = make_zip(
    index=f"""
import os
import time


def handler(event, context):
    print("{CANARY}-line", event.get("say", ""))
    if "raise" in event:
        raise ValueError(event["raise"])
    if "sleep" in event:
        time.sleep(event["sleep"])
    if event.get("who"):
        import boto3

        return boto3.client("sts").get_caller_identity()["Arn"]
    if event.get("client"):
        return context.client_context.custom
    if event.get("long"):
        return "x" * event["long"]
    return [event, os.environ.get("NAME"), context.function_version, context.aws_request_id]
"""
)

pytestmark = pytest.mark.skipif(
    not (Path(sys.prefix) / "functions").is_dir() or shutil.which("bwrap") is None,
    reason="the runtime of functions or bubblewrap is not installed",
)


def deploy(server: Server, account: Account, *statements: Any, **members: Any) -> Any:
    """Make the function ``first``; give a client that waits long enough."""
    client = server.client("lambda", account, read_timeout=120)
    client.create_function(
        FunctionName="first",
        Runtime="python3.12",
        Handler="index.handler",
        Role=make_lambda_role(server, account, *statements),
        Code={"ZipFile": CODE},
        Timeout=90,
        MemorySize=512,
        Environment={"Variables": {"NAME": "value"}},
        **members,
    )
    return client


@pytest.fixture(scope="module")
def deployed(server: Server) -> tuple[Account, Any]:
    """An account of this module with the function."""
    account = server.new_account()
    return account, deploy(server, account)


def invoke(client: Any, event: Any, **members: Any) -> dict[str, Any]:
    """Invoke and read the answer."""
    answer = client.invoke(FunctionName="first", Payload=json.dumps(event), **members)
    answer["Result"] = json.loads(answer["Payload"].read() or b"null")
    found: dict[str, Any] = answer
    return found


def wait_for(found: Callable[[], Any]) -> Any:
    """Look again and again until there is something."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        result = found()
        if result:
            return result
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def lines_of(server: Server, account: Account) -> list[str]:
    """Read what the function wrote."""
    logs = server.client("logs", account)
    try:
        pages = list(logs.get_paginator("filter_log_events").paginate(logGroupName="/aws/lambda/first"))
    except logs.exceptions.ResourceNotFoundException:
        return []
    return [event["message"] for page in pages for event in page["events"]]


def test_a_function_returns_its_result_and_the_end_of_its_log(
    deployed: tuple[Account, Any], server: Server
) -> None:
    """Result, version, log tail; the whole log is in the log service."""
    account, client = deployed
    answer = invoke(client, {"a": 1}, LogType="Tail")
    request_id = answer["ResponseMetadata"]["RequestId"]
    assert answer["StatusCode"] == 200
    assert answer["Result"] == [{"a": 1}, "value", "$LATEST", request_id]
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    tail = base64.b64decode(answer["LogResult"]).decode()
    assert tail.startswith((f"START RequestId: {request_id}", "INIT_START"))
    assert f"REPORT RequestId: {request_id}" in tail
    wait_for(lambda: any(f"{CANARY}-line" in line for line in lines_of(server, account)))
    assert invoke(client, None)["FunctionError"] == "Unhandled"
    assert client.invoke(FunctionName="first")["StatusCode"] == 200


def test_a_function_acts_as_a_session_of_its_role_that_is_named_after_it(
    deployed: tuple[Account, Any], server: Server
) -> None:
    """The audit record shows whose role was assumed, by whom, for how long; and the invocation without its event."""
    account, client = deployed
    answer = invoke(client, {"who": True, "say": CANARY})
    assert ":assumed-role/" in str(answer["Result"])
    assert answer["Result"].endswith("/first")
    records = server.records(request_id=answer["ResponseMetadata"]["RequestId"])
    named = {record["eventName"]: record for record in records}
    assert sorted(named) == ["AssumeRole", "Invoke"]
    assert named["AssumeRole"]["userIdentity"] == {"type": "AWSService", "invokedBy": "lambda.amazonaws.com"}
    assert named["AssumeRole"]["requestParameters"]["durationSeconds"] == 900
    assert named["Invoke"]["requestParameters"] == {"functionName": "first"}
    assert named["Invoke"]["readOnly"] is False
    assert CANARY not in json.dumps(server.records(account=account))


def test_what_goes_wrong_in_a_function_is_an_answer_with_its_error(deployed: tuple[Account, Any]) -> None:
    """The status is 200, the payload is AWS's document of the error."""
    _, client = deployed
    answer = invoke(client, {"raise": "broken"})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (answer["Result"]["errorType"], answer["Result"]["errorMessage"]) == ("ValueError", "broken")


def test_a_function_that_takes_too_long_is_ended(server: Server, account: Account) -> None:
    """At its own time."""
    client = deploy(server, account)
    client.update_function_configuration(FunctionName="first", Timeout=1)
    answer = invoke(client, {"sleep": 60})
    assert answer["FunctionError"] == "Unhandled"
    assert answer["Result"]["errorMessage"].endswith("Task timed out after 1.00 seconds")


def test_a_client_context_reaches_the_function(deployed: tuple[Account, Any]) -> None:
    """It is base64 of a JSON object."""
    _, client = deployed
    context = base64.b64encode(json.dumps({"custom": {"k": "v"}}).encode()).decode()
    assert invoke(client, {"client": True}, ClientContext=context)["Result"] == {"k": "v"}
    assert (
        refused(client.invoke, FunctionName="first", ClientContext="x")[0] == "InvalidRequestContentException"
    )


def test_payloads_have_their_limits_and_are_json(deployed: tuple[Account, Any]) -> None:
    """6 MiB for one that is waited for, 256 KB for an event; nothing of a bad one is repeated."""
    _, client = deployed
    large = {"say": "x" * 5_000_000}
    assert len(invoke(client, large)["Result"][0]["say"]) == 5_000_000
    code, status, text = refused(client.invoke, FunctionName="first", Payload=b'{"' + CANARY.encode())
    assert (code, status) == ("InvalidRequestContentException", 400)
    assert text.startswith("Could not parse request body into json: Could not parse payload into json: ")
    assert CANARY not in text
    body = json.dumps("x" * 6_291_460).encode()
    assert refused(client.invoke, FunctionName="first", Payload=body)[:2] == ("RequestTooLargeException", 413)
    body = json.dumps("x" * 262_144).encode()
    answer = refused(client.invoke, FunctionName="first", Payload=body, InvocationType="Event")
    assert answer[:2] == ("RequestTooLargeException", 413)


def test_a_dry_run_runs_nothing(deployed: tuple[Account, Any]) -> None:
    """It says whether the caller may, and whether the function is there."""
    _, client = deployed
    assert client.invoke(FunctionName="first", InvocationType="DryRun")["StatusCode"] == 204
    missing = refused(client.invoke, FunctionName="absent", InvocationType="DryRun")
    assert missing[:2] == ("ResourceNotFoundException", 404)
    assert missing[2].startswith("Function not found: arn:aws:lambda:")


def test_an_alias_runs_its_version(server: Server, account: Account) -> None:
    """The answer says which."""
    client = deploy(server, account)
    client.publish_version(FunctionName="first")
    client.create_alias(FunctionName="first", Name="live", FunctionVersion="1")
    answer = invoke(client, {}, Qualifier="live")
    assert (answer["ExecutedVersion"], answer["Result"][2]) == ("1", "1")


def test_a_reservation_is_the_most_that_runs_at_once(server: Server, account: Account) -> None:
    """The one that is too much is told why."""
    client = deploy(server, account)
    client.put_function_concurrency(FunctionName="first", ReservedConcurrentExecutions=1)

    def take_it() -> None:
        try:
            invoke(client, {"sleep": 8, "say": "begun"})
        except client.exceptions.TooManyRequestsException:
            take_it()  # the other one was there just now

    first = threading.Thread(target=take_it)
    first.start()
    try:
        answers: list[Any] = []

        def is_refused() -> bool:
            answer = server.raw("lambda", "Invoke", {"FunctionName": "first", "Payload": b"{}"}, key=account)
            answers.append(answer)
            return answer.status == 429

        wait_for(is_refused)
        assert answers[-1].json() == {
            "Type": "User",
            "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
            "message": "Rate Exceeded.",
        }
    finally:
        first.join()


def test_l01_a_function_that_runs_long_is_waited_for_and_holds_up_nobody(
    second_server: Callable[..., Server],
) -> None:
    """The two seconds of other answers do not run for it, and changes go on meanwhile."""
    server = second_server(settings={"answer_within_ms": 2_000})
    account = server.first
    client = deploy(server, account)
    invoke(client, {})
    answers: list[Any] = []
    slow = threading.Thread(target=lambda: answers.append(invoke(client, {"sleep": 4})))
    slow.start()
    secrets = server.client("secretsmanager", account)
    made = 0
    while slow.is_alive():
        secrets.create_secret(Name=f"s{made}", SecretString="x")
        made += 1
    slow.join()
    assert made > 5
    assert answers[0]["Result"][0] == {"sleep": 4}


def test_a_log_that_cannot_be_kept_yet_holds_up_no_answer(second_server: Callable[..., Server]) -> None:
    """The code ran: while the store takes no change the answer says what it returned; its lines are kept later."""
    server = second_server(settings={"answer_within_ms": 2_000})
    client = deploy(server, server.first)
    invoke(client, {})
    turn = os.open(server.data_dir / TURN_NAME, os.O_RDWR)
    fcntl.flock(turn, fcntl.LOCK_EX)
    try:
        answer = invoke(client, {"say": "while nothing is committed"})
        assert (answer["StatusCode"], answer["Result"][0]) == (200, {"say": "while nothing is committed"})
    finally:
        os.close(turn)
    wait_for(
        lambda: [line for line in lines_of(server, server.first) if "while nothing is committed" in line]
    )


def test_l01_an_invocation_whose_record_cannot_be_written_is_not_answered(
    second_server: Callable[..., Server],
) -> None:
    """Best effort is for the log alone: without the audit record nothing of the result leaves."""
    server = second_server(settings={"answer_within_ms": 2_000})
    client = deploy(server, server.first)
    invoke(client, {})
    assert server.process is not None
    unlimited = resource.RLIM_INFINITY
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (0, unlimited))
    try:
        event = json.dumps({"say": CANARY}).encode()
        answer = server.raw("lambda", "Invoke", {"FunctionName": "first", "Payload": event}, key=server.first)
    finally:
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
    assert answer.status == 500
    assert CANARY.encode() not in answer.body


def test_an_event_is_kept_and_run(server: Server, account: Account) -> None:
    """202 at once; what the function wrote tells that it ran, with the id of the request."""
    client = deploy(server, account)
    answer = client.invoke(FunctionName="first", InvocationType="Event", Payload=b'{"say": "as-event"}')
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    assert "ExecutedVersion" not in answer
    request_id = answer["ResponseMetadata"]["RequestId"]
    wait_for(lambda: [line for line in lines_of(server, account) if "as-event" in line])
    assert any(line.startswith(f"START RequestId: {request_id}") for line in lines_of(server, account))


@pytest.fixture
def failing(moved_server: MovedServer) -> tuple[MovedServer, Any]:
    """A function on a server whose clock is moved."""
    return moved_server, deploy(moved_server, moved_server.first)


def starts(server: Server) -> int:
    """Count how often the function was run."""
    return sum(line.startswith("START ") for line in lines_of(server, server.first))


def test_an_event_that_fails_is_tried_twice_more(failing: tuple[MovedServer, Any]) -> None:
    """After one minute, after two more, and not again; a restart between forgets nothing."""
    server, client = failing
    client.invoke(FunctionName="first", InvocationType="Event", Payload=b'{"raise": "x"}')
    wait_for(lambda: starts(server) == 1)
    server.advance(seconds=61)
    wait_for(lambda: starts(server) == 2)
    server.restart()
    server.advance(seconds=121)
    wait_for(lambda: starts(server) == 3)
    server.advance(seconds=600)
    client = server.client("lambda", server.first, read_timeout=120)
    client.invoke(FunctionName="first", InvocationType="Event", Payload=b'{"say": "the-end"}')
    wait_for(lambda: [line for line in lines_of(server, server.first) if "the-end" in line])
    assert starts(server) == 4


def test_rules_for_events_say_how_often_and_how_long(failing: tuple[MovedServer, Any]) -> None:
    """No further attempt when the rules say so."""
    server, client = failing
    client.put_function_event_invoke_config(FunctionName="first", MaximumRetryAttempts=0)
    client.invoke(FunctionName="first", InvocationType="Event", Payload=b'{"raise": "x"}')
    wait_for(lambda: starts(server) == 1)
    server.advance(seconds=120)
    client.invoke(FunctionName="first", InvocationType="Event", Payload=b'{"say": "the-end"}')
    wait_for(lambda: [line for line in lines_of(server, server.first) if "the-end" in line])
    assert starts(server) == 2
