"""What hostile functions cost others: reads of the server, and other people's functions.

The server has one core, and its functions have the same. Measured in turn: at rest, and while one of four hostile
functions runs: one burns processors in as many processes as it gets, one prints without end, one fills its memory
and its disk, and one asks for connections that it must not have. For information: a cold start, a warm invocation.
"""

from __future__ import annotations

import io
import statistics
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Final

import msgspec

from bench.filling import Deployment, new_deployment, secret_name
from bench.measuring import Load, Plan, Report, interleave, measure, ratios, spread
from bench.servers import Server, ServerFailed, strongroom
from strongroom.clock import system_clock
from strongroom.crypto.material import Plaintext
from strongroom.errors import StrongroomError
from strongroom.functions.client import RunnerClient
from strongroom.functions.invocation import Code, FunctionCredentials, FunctionSpec, HiddenTexts, Invocation
from strongroom.ids import new_uuid

CONNECTIONS: Final = 8
WARM: Final = 20
ATTACK_S: Final = 5
_GOOD: Final = "def handler(event, context): return event"
_HOSTILE: Final = {
    "burns": "import os\ndef handler(e, c):\n  for _ in range(6): os.fork()\n  while True: pass",
    "prints": "def handler(e, c):\n  while True: print('x' * 1000)",
    "fills": (
        "import os\ndef handler(e, c):\n  held = bytearray(100 << 20)\n  while True:\n    try:\n"
        "      with open('/tmp/x', 'wb') as file:\n        while True: file.write(held)\n    except OSError: pass"
    ),
    "connects": (
        "import socket, threading\ndef ask():\n  while True:\n    with socket.socket() as one:\n"
        "      one.connect_ex(('10.0.0.1', 80))\n"
        "def handler(e, c):\n  for _ in range(20): threading.Thread(target=ask).start()\n  ask()"
    ),
}


def run(plan: Plan, report: Report) -> None:
    """Measure at rest and under each attack."""
    report.title("functions", "what hostile functions cost others, on the same core")
    deployment = new_deployment(plan.place / "functions", 100)
    with strongroom(deployment) as server:
        runner = RunnerClient(deployment.directory, lambda: None, system_clock)
        cold = _seconds(runner, _function("cold", _GOOD))
        warm = [_seconds(runner, _function("cold", _GOOD)) for _ in range(WARM)]
        report.note(
            f"a cold start {cold * 1_000:.0f} ms, a warm invocation {statistics.median(warm) * 1_000:.1f} ms"
        )
        for name, source in list(_HOSTILE.items())[: plan.attacks]:
            _attack(name, source, server, deployment, plan, report)


def _attack(
    name: str, source: str, server: Server, deployment: Deployment, plan: Plan, report: Report
) -> None:
    runner = RunnerClient(deployment.directory, lambda: None, system_clock)
    good = _function("good", _GOOD)
    _seconds(runner, good)
    reads = [
        server.signer.secretsmanager("GetSecretValue", {"SecretId": secret_name(number)})
        for number in range(100)
    ]
    quiet_calls: list[float] = []
    busy_calls: list[float] = []

    def read() -> Load:
        return measure(server, reads, seconds=plan.seconds, connections=CONNECTIONS)

    def at_rest() -> Load:
        quiet_calls.append(statistics.median(_seconds(runner, good) for _ in range(WARM)))
        return read()

    def attacked() -> Load:
        with _running(runner, _function(name, source, timeout_s=ATTACK_S)):
            busy_calls.append(statistics.median(_seconds(runner, good) for _ in range(WARM)))
            return read()

    quiet, busy = interleave(plan.rounds, at_rest, attacked)
    report.load(f"reads, one that {name}", busy)
    report.note(
        f"another function: {spread([one * 1_000 for one in quiet_calls], '{:.1f}')} ms at rest, "
        f"{spread([one * 1_000 for one in busy_calls], '{:.1f}')} ms beside it"
    )
    for part in ("p50_ms", "p99_ms"):
        sides = ([getattr(load, part) for load in one] for one in (busy, quiet))
        report.at_most(
            f"functions: {part[:3]} of reads beside one that {name}, to at rest", ratios(*sides), 2
        )
    report.at_most(
        f"functions: another function beside one that {name}, to at rest", ratios(busy_calls, quiet_calls), 2
    )


@contextmanager
def _running(runner: RunnerClient, hostile: FunctionSpec) -> Iterator[None]:
    """Run a hostile function meanwhile, again and again."""
    failed: list[str] = []
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            try:
                runner.invoke(hostile, _invocation(60))  # until its time is over, and again
            except StrongroomError as problem:
                failed.append(str(problem))
                return

    attack = threading.Thread(target=work)
    attack.start()
    time.sleep(1.5)  # until it is at work
    try:
        yield
    finally:
        over.set()
        attack.join()
    if failed:
        raise ServerFailed(failed[0])


def _seconds(runner: RunnerClient, spec: FunctionSpec) -> float:
    began = time.perf_counter()
    outcome = runner.invoke(spec, _invocation(60))
    if outcome.function_error is not None:
        raise ServerFailed(f"a function failed: {outcome.payload.reveal()!r}")
    return time.perf_counter() - began


def _function(name: str, source: str, timeout_s: int = 30) -> FunctionSpec:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("app.py", source)
    data = made.getvalue()
    return FunctionSpec(
        arn=f"arn:aws:lambda:us-east-1:123456789012:function:{name}",
        name=name,
        version="$LATEST",
        account="123456789012",
        region="us-east-1",
        revision_id=name,
        role_id="AROAEXAMPLE",
        runtime="python3.12",
        handler="app.handler",
        memory_mb=256,
        timeout_s=timeout_s,
        environment=HiddenTexts({}),
        code=Code(sha256(data).digest(), lambda: data),
    )


def _invocation(seconds: int) -> Invocation:
    now = system_clock()
    return Invocation(
        request_id=new_uuid(),
        invoked_arn="arn:aws:lambda:us-east-1:123456789012:function:any",
        payload=Plaintext(msgspec.json.encode({})),
        credentials=FunctionCredentials(
            "ASIAEXAMPLE", "no-secret-of-anybody", "no-token-of-anybody", now + 900_000
        ),
        scope="",
        deadline_ms=now + seconds * 1_000,
    )
