"""What a function gets and gives: event, context, environment, errors, logs, layers, warm starts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from strongroom.crypto.material import Plaintext
from strongroom.functions.invocation import HiddenTexts, RunnerUnavailable
from strongroom.functions.messages import Endpoint
from tests.functions.stand import (
    PYTHON,
    SECRET_KEY,
    SESSION_TOKEN,
    Stand,
    code_of,
    error_of,
    text_of,
    zipped,
)

ECHO = """
import os
def handler(event, context):
    print("hello", event)
    left = context.get_remaining_time_in_millis()
    context = {"id": context.aws_request_id, "arn": context.invoked_function_arn, "left": left}
    return {"event": event, "context": context, "pid": os.getpid(), "environment": dict(os.environ)}
"""
ANSWERS = "def handler(event, context): return event"


def test_a_function_gets_its_event_and_gives_its_answer(stand: Stand) -> None:
    """The event is the payload, and what is returned is the answer."""
    given = stand.run(ECHO, {"a": "ä"}, timeout_s=7)
    assert given["event"] == {"a": "ä"}
    assert given["context"]["arn"] == stand.function(ECHO).arn
    assert 0 < given["context"]["left"] <= 7_000


def test_the_log_has_the_lines_of_lambda(stand: Stand) -> None:
    """A cold start is said once, and START, END and REPORT stand around what the function prints."""
    spec = stand.function(ECHO + "# log")
    cold, warm = stand.invoke(spec, 1), stand.invoke(spec, 2)
    assert re.fullmatch(
        r"INIT_START Runtime Version: python3\.12\tRuntime Version ARN: \S+\n"
        r"START RequestId: (\S+) Version: \$LATEST\nhello 1\nEND RequestId: \1\n"
        r"REPORT RequestId: \1\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\t"
        r"Max Memory Used: \d+ MB\tInit Duration: [\d.]+ ms\t\n",
        text_of(cold),
    )
    assert "INIT_START" not in text_of(warm)
    assert "Init Duration" not in text_of(warm)
    assert warm.init_ms is None
    assert warm.log_stream == cold.log_stream
    assert re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", cold.log_stream)
    tail = cold.log_tail.reveal().decode()
    assert tail.startswith("START RequestId: ")
    assert text_of(cold).endswith(tail)


def test_the_tail_is_the_last_four_kilobytes(stand: Stand) -> None:
    """Of a long log the end is given back."""
    spec = stand.function("def handler(e, c):\n  for n in range(2000): print('line', n)")
    outcome = stand.invoke(spec)
    assert len(outcome.log_tail.reveal()) == 4_096
    assert b"line 1999\n" in outcome.log_tail.reveal()
    assert "line 0\n" in text_of(outcome)


def test_the_environment_is_that_of_lambda(stand: Stand) -> None:
    """Names, places and credentials; what its owner set is there, and does not win over these."""
    stand.endpoint = Endpoint("http://127.0.0.1:7327", ("127.0.0.1", 7327))
    own = HiddenTexts({"MINE": "yes", "AWS_REGION": "elsewhere", "TZ": "Europe/Paris"})
    given = stand.run(ECHO, environment=own)["environment"]
    stand.endpoint = None
    wanted = {
        "_HANDLER": "app.handler",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
        "AWS_LAMBDA_FUNCTION_NAME": "tried",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/tried",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_ACCESS_KEY_ID": "ASIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_SESSION_TOKEN": SESSION_TOKEN,
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:7327",
        "SECRETS_MANAGER_ENDPOINT": "http://127.0.0.1:7327",
        "MINE": "yes",
        "TZ": "Europe/Paris",
    }
    assert {name: given.get(name) for name in wanted} == wanted


def test_boto3_is_there_and_own_packages_come_first(stand: Stand) -> None:
    """A function finds boto3 in its runtime, its own one before that, and none of the server's packages."""
    assert stand.run("import boto3\ndef handler(e, c): return boto3.__file__").startswith("/var/runtime/")
    files = {"app.py": "import boto3\ndef handler(e, c): return boto3.__file__", "boto3/__init__.py": ""}
    assert stand.run(files) == "/var/task/boto3/__init__.py"
    source = (
        "import importlib.util\ndef handler(e, c): return [importlib.util.find_spec(n) is None for n in e]"
    )
    assert stand.run(source, ["strongroom", "apsw", "cryptography"]) == [True, True, True]


TRUSTS = """
import ssl
def handler(event, context):
    return len(ssl.create_default_context(cafile="/etc/pki/tls/cert.pem").get_ca_certs())
"""


def test_what_the_machine_trusts_is_where_functions_of_aws_look_for_it(stand: Stand) -> None:
    """AWS's rotation functions name Amazon Linux's file of authorities; without it they could not use TLS."""
    assert stand.run(TRUSTS) > 10


def test_layers_lie_over_each_other_in_order(stand: Stand) -> None:
    """Each layer is unpacked into /opt over the one before, and Python finds its packages there."""
    under = code_of(zipped({"python/part.py": "WHO = 'under'", "data.txt": "under"}))
    over = code_of(
        zipped({f"python/lib/python{PYTHON}/site-packages/part.py": "WHO = 'over'", "data.txt": "over"})
    )
    source = "import part\ndef handler(e, c): return [part.WHO, open('/opt/data.txt').read()]"
    assert stand.run(source, layers=(under,)) == ["under", "under"]
    assert stand.run(source, layers=(under, over)) == ["over", "over"]


def test_node_runs_the_same(stand: Stand) -> None:
    """Handlers that are async, that call back, and in modules of the newer kind; errors have Lambda's shape."""
    spec = {"runtime": "nodejs20.x"}
    assert stand.run({"app.js": "exports.handler = async (e) => ({got: e})"}, 7, **spec) == {"got": 7}
    assert stand.run({"app.js": "exports.handler = (e, c, done) => done(null, e + 1)"}, 7, **spec) == 8
    assert stand.run({"app.mjs": "export const handler = async () => undefined"}, 7, **spec) is None
    failing = stand.function(
        {"app.js": "exports.handler = async () => { console.log('so\\nfar'); throw new TypeError('bad'); }"},
        **spec,
    )
    error = error_of(outcome := stand.invoke(failing))
    assert error["errorType"] == "TypeError"
    assert error["errorMessage"] == "bad"
    assert error["trace"][0] == "TypeError: bad"
    assert re.search(r"Z\t\S+\tINFO\tso\rfar\n", text_of(outcome))
    assert error_of(stand.invoke(stand.function({"app.js": "exports.other = 1"}, **spec)))["errorType"] == (
        "Runtime.HandlerNotFound"
    )
    assert (
        error_of(stand.invoke(stand.function({"b.js": ""}, **spec)))["errorType"]
        == "Runtime.ImportModuleError"
    )
    assert error_of(stand.invoke(stand.function({"app.js": "}"}, **spec)))["errorType"] == (
        "Runtime.UserCodeSyntaxError"
    )


def test_an_error_of_the_handler_is_the_payload(stand: Stand) -> None:
    """It has message, type, request id and trace; the sandbox is used again."""
    spec = stand.function(
        "n = 0\ndef handler(e, c):\n  global n\n  n += 1\n  raise Exception(f'Handler fails {n}')"
    )
    assert error_of(stand.invoke(spec))["errorMessage"] == "Handler fails 1"
    error = error_of(outcome := stand.invoke(spec))
    assert error["errorMessage"] == "Handler fails 2"
    assert error["errorType"] == "Exception"
    assert f"START RequestId: {error['requestId']} " in text_of(outcome)
    assert error["stackTrace"][0].startswith('  File "/var/task/app.py", line 5, in handler\n')


@pytest.mark.parametrize(
    ("source", "handler", "kind"),
    [
        ("import nothing_of_this_name", "app.handler", "Runtime.ImportModuleError"),
        ("x = 1", "app.handler", "Runtime.HandlerNotFound"),
        ("def handler(:", "app.handler", "Runtime.UserCodeSyntaxError"),
        ("x = 1", "app", "Runtime.MalformedHandlerName"),
        ("x = 1", "../app.handler", "Runtime.MalformedHandlerName"),
    ],
)
def test_f06_an_error_of_the_start_is_the_payload(stand: Stand, source: str, handler: str, kind: str) -> None:
    """What cannot be loaded has the type that Lambda gives it, and an empty request id."""
    error = error_of(stand.invoke(stand.function(source, handler=handler)))
    assert error["errorType"] == kind
    assert error["requestId"] == ""


def _exits(how: str) -> str:
    return f"import os, signal\ndef handler(e, c): {how}"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (_exits("os._exit(0)"), "Runtime exited without providing a reason"),
        (_exits("os._exit(127)"), "Runtime exited with error: exit status 127"),
        (_exits("os.kill(os.getpid(), signal.SIGKILL)"), "Runtime exited with error: signal: killed"),
        ("import os; os._exit(3)", "Runtime exited with error: exit status 3"),
    ],
)
def test_the_end_of_the_process_is_the_error(stand: Stand, source: str, message: str) -> None:
    """How the process ended is said in the words of Lambda, and the next invocation has a new one."""
    spec = stand.function(source)
    for _ in range(2):
        error = error_of(outcome := stand.invoke(spec))
        assert error["errorType"] == "Runtime.ExitError"
        assert re.fullmatch(rf"RequestId: \S+ Error: {re.escape(message)}", error["errorMessage"])
        assert outcome.init_ms is not None


def test_a_function_that_takes_too_long_is_ended(stand: Stand) -> None:
    """The error is the timeout's, after that time."""
    outcome = stand.invoke(stand.function("import time\ndef handler(e, c): time.sleep(60)", timeout_s=1))
    assert error_of(outcome)["errorType"] == "Sandbox.Timedout"
    assert re.fullmatch(
        r"RequestId: \S+ Error: Task timed out after 1\.00 seconds", error_of(outcome)["errorMessage"]
    )
    assert 1_000 <= outcome.duration_ms < 3_000
    assert "Task timed out after 1.00 seconds\n" in text_of(outcome)


def test_an_answer_that_is_too_large_is_an_error(stand: Stand) -> None:
    """The limit is Lambda's; what is just within it passes."""
    source = "def handler(e, c): return 'x' * e"
    assert len(stand.run(source, 6_291_554)) == 6_291_554
    outcome = stand.invoke(stand.function(source), 6_291_555)
    assert error_of(outcome) == {
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
        "errorType": "Function.ResponseSizeTooLarge",
    }


def test_an_unknown_runtime_is_refused(stand: Stand) -> None:
    """What cannot be run says so."""
    with pytest.raises(RunnerUnavailable, match=r"java21 cannot be run"):
        stand.invoke(stand.function(ANSWERS, runtime="java21"))


def test_the_client_context_reaches_the_function(stand: Stand) -> None:
    """What a client says about itself is in the context, on whatever lines it was written."""
    source = "def handler(e, c): return c.client_context.custom"
    outcome = stand.invoke(stand.function(source), client_context=Plaintext(b'{"custom":\n{"a": "b"}}'))
    assert msgspec.json.decode(outcome.payload.reveal()) == {"a": "b"}


WARM = """
import os
n = 0
def handler(e, c):
    global n
    n += 1
    open('/tmp/left', 'a').write('x')
    return [n, os.path.getsize('/tmp/left')]
"""


@pytest.mark.parametrize(
    ("spec_changes", "invocation_changes"),
    [
        ({"version": "1"}, {}),
        ({"revision_id": "another"}, {}),
        ({"role_id": "AROAOTHER"}, {}),
        ({"account": "210987654321"}, {}),
        ({"region": "eu-west-1"}, {}),
        ({"environment": HiddenTexts({"A": "b"})}, {}),
        ({}, {"scope": "arn:aws:secretsmanager:us-east-1:123456789012:secret:other"}),
        ({}, {"hosts": (("192.0.2.1", 5432),)}),
    ],
)
def test_f05_a_sandbox_is_used_again_for_the_same_only(
    stand: Stand, spec_changes: dict[str, Any], invocation_changes: dict[str, Any]
) -> None:
    """Neither the process nor its /tmp is shared across versions, roles, accounts, scopes or reach."""
    read: Callable[[Any], Any] = lambda outcome: msgspec.json.decode(outcome.payload.reveal())  # noqa: E731
    spec = stand.function(WARM)
    stand.invoke(spec)
    count = read(stand.invoke(spec))
    assert count[0] >= 2
    assert count[0] == count[1]
    other = msgspec.structs.replace(spec, **spec_changes)
    assert read(stand.invoke(other, **invocation_changes)) == [1, 1]
    assert read(stand.invoke(spec)) == [count[0] + 1, count[1] + 1]


def test_f05_a_sandbox_whose_credentials_are_old_is_not_used_again(stand: Stand) -> None:
    """A process cannot get new credentials, so it ends before its own do."""
    from strongroom.clock import system_clock
    from strongroom.functions.invocation import FunctionCredentials

    spec = stand.function(WARM + "# old")
    soon = FunctionCredentials("ASIAEXAMPLE", SECRET_KEY, SESSION_TOKEN, system_clock() + 14_000)
    assert msgspec.json.decode(stand.invoke(spec, credentials=soon).payload.reveal()) == [1, 1]
    assert msgspec.json.decode(stand.invoke(spec).payload.reveal()) == [1, 1]


def test_between_invocations_nothing_runs(stand: Stand) -> None:
    """A thread that the handler left behind stands still until the next event."""
    source = """
import threading, time
ticks = 0
def tick():
    global ticks
    while True:
        ticks += 1
        time.sleep(0.01)
threading.Thread(target=tick, daemon=True).start()
def handler(e, c):
    time.sleep(e)
    return [ticks, time.monotonic()]
"""
    spec = stand.function(source)
    ticks, at = msgspec.json.decode(stand.invoke(spec, 0.05).payload.reveal())
    stand.run("import time\ndef handler(e, c): time.sleep(1)")  # meanwhile another one
    more, later = msgspec.json.decode(stand.invoke(spec, 0).payload.reveal())
    assert later - at > 1
    assert more - ticks < 30


def test_f04_what_is_printed_is_scrubbed(stand: Stand) -> None:
    """Credentials and values that it may read are not in the log: as they are, quoted, or encoded."""
    value = b'pa"ss\nwo\xc3\xb6rd-of-the-secret'
    source = """
import base64, json, os, sys, urllib.parse
def handler(e, c):
    value, key = e, os.environ["AWS_SECRET_ACCESS_KEY"]
    print("plain", value, key, os.environ["AWS_SESSION_TOKEN"])
    print("json", json.dumps(value), json.dumps(value, ensure_ascii=False), repr(value))
    print("base64", base64.b64encode(value.encode()).decode(), urllib.parse.quote(value, safe=""))
    for letter in value + "\\n":
        sys.stdout.write(letter)
        sys.stdout.flush()
    print("end")
"""
    outcome = stand.invoke(stand.function(source), value.decode(), scrub=(Plaintext(value),))
    text = text_of(outcome)
    for part in (SECRET_KEY, SESSION_TOKEN, 'pa"ss', "pa\\", "rd-of-the-secret"):
        assert part not in text
    assert text.count("****") >= 9
    assert "end\n" in text


def test_f04_nothing_secret_stands_in_arguments(stand: Stand) -> None:
    """No process of the machine has credentials, the environment or the event in its command line."""
    from pathlib import Path

    source = "import time\ndef handler(e, c): time.sleep(0.5)"
    seen: list[bytes] = []
    import threading

    def look() -> None:
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                seen.append(path.read_bytes())
            except OSError:
                continue

    timer = threading.Timer(0.0, look)
    spec = stand.function(source, environment=HiddenTexts({"OWN": "value-of-the-environment"}))
    stand.invoke(spec)  # warm, so that it certainly runs while the others look
    running = threading.Thread(target=stand.invoke, args=(spec, "value-of-the-event"))
    running.start()
    timer.start()
    timer.join()
    running.join()
    assert any(b"python_start.py" in line for line in seen)
    for value in (SECRET_KEY, SESSION_TOKEN, "value-of-the-environment", "value-of-the-event"):
        assert not [line for line in seen if value.encode() in line and b"pytest" not in line]
