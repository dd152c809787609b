"""Where the time of GetSecretValue goes: the server's own pipeline, in this process, without sockets.

    python -m bench --profile get       cProfile over steps 2 to 10
    python -m bench --profile steps     each step alone, by the clock: cProfile makes many small calls look dear

The worker is the real one, with its journal on disk. Requests come as a group of 64, as from 64 clients that wait
for their answers. The edge is measured on its own, by bytes in and bytes out over a transport that goes nowhere.
"""

from __future__ import annotations

import asyncio
import cProfile
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec

from bench.filling import new_deployment, secret_name
from bench.signing import Signer
from strongroom.clock import system_clock
from strongroom.gateway.authorisation import authorise
from strongroom.gateway.call import Call
from strongroom.gateway.connection import Connection
from strongroom.gateway.counters import SharedCounters
from strongroom.gateway.exchange import Application, Exchange
from strongroom.gateway.framing import frame_reply, parse_head
from strongroom.gateway.head_forms import HeadForms
from strongroom.gateway.recording import written
from strongroom.gateway.speech import parse_request, success_reply
from strongroom.http_message import RawReply, RawRequest
from strongroom.ids import new_uuid
from strongroom.services.table import SERVICES
from strongroom.worker import Worker

GROUP: Final = 64
SECRETS: Final = 500


class Replies:
    """Takes the replies of one group; stands where a connection would."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._missing = 0
        self._done = loop.create_future()

    def expect(self, number: int) -> asyncio.Future[None]:
        """Wait for so many."""
        self._missing = number
        self._done = self._loop.create_future()
        return self._done

    def answer(self, exchange: Exchange, reply: RawReply) -> None:
        """Take one."""
        if reply.status != 200:
            raise RuntimeError(f"the answer was {reply.status}: {reply.body!r}")
        exchange.framed = b"."
        self._missing -= 1
        if not self._missing:
            self._done.set_result(None)


@contextmanager
def serving(*, starts_writer: bool = True) -> Iterator[tuple[Worker, Signer]]:
    """Give a worker over a small store, and who signs requests for it."""
    with tempfile.TemporaryDirectory(prefix="strongroom-bench-") as place:
        deployment = new_deployment(Path(place) / "store", SECRETS)
        signer = Signer("127.0.0.1:7327", deployment.access_key_id, deployment.secret_access_key)
        counters = SharedCounters(1)
        worker = Worker(0, deployment.open(), SERVICES, counters, system_clock, None)
        if starts_writer:
            worker.writer.start()
        asyncio.set_event_loop(worker.loop)
        try:
            yield worker, signer
        finally:
            worker.writer.stop()
            worker.loop.run_until_complete(worker.journal.close(system_clock()))
            worker.loop.close()


@contextmanager
def _worker() -> Iterator[tuple[Worker, list[bytes]]]:
    """Give a worker, and signed requests to read each of its secrets."""
    with serving() as (worker, signer):
        yield (
            worker,
            [
                signer.secretsmanager("GetSecretValue", {"SecretId": secret_name(number)})
                for number in range(SECRETS)
            ],
        )


def raw_request(heads: HeadForms, wire: bytes) -> RawRequest:
    """Read a whole request as the edge does."""
    end = wire.index(b"\r\n\r\n") + 4
    head = heads.read(wire[:end])
    return RawRequest(
        head.method,
        head.path,
        head.query,
        head.headers,
        wire[end:],
        "127.0.0.1",
        False,
        new_uuid(),
        head.named,
        head.form,
        head.values,
    )


def heads_of(worker: Worker) -> HeadForms:
    """Give what a worker knows of heads."""
    board: Any = worker.edge._board
    heads: HeadForms = board.heads
    return heads


async def _drive(application: Application, heads: HeadForms, wires: list[bytes], total: int) -> float:
    """Feed ``total`` requests in groups; return the processor's time, in seconds."""
    replies = Replies(asyncio.get_running_loop())
    taken = 0
    spent = 0.0
    while taken < total:
        raw = [raw_request(heads, wires[(taken + offset) % len(wires)]) for offset in range(GROUP)]
        began = time.process_time()
        answered = replies.expect(GROUP)
        application.handle_batch([Exchange(request, replies, is_last=False) for request in raw])
        await answered
        spent += time.process_time() - began
        taken += GROUP
    return spent / taken


def profile_get(requests: int) -> None:
    """Print cProfile's view of the pipeline."""
    with _worker() as (worker, wires):
        plain = _cpu_of_pipeline(worker, wires, requests)
        profile = cProfile.Profile()
        profile.enable()
        worker.loop.run_until_complete(_drive(worker.pipeline, heads_of(worker), wires, requests))
        profile.disable()
        sys.stdout.write(f"steps 2 to 10, journal thread included: {plain * 1e6:.1f} us of CPU a request\n\n")
        pstats.Stats(profile, stream=sys.stdout).sort_stats("tottime").print_stats(40)


def profile_steps(requests: int) -> None:
    """Print what each step takes alone; the least of several medians, in microseconds."""
    with _worker() as (worker, wires):
        whole = _cpu_of_pipeline(worker, wires, requests)
        for name, work in _steps(worker, wires).items():
            sys.stdout.write(f"{name:<44} {_microseconds(work, requests // 5):8.2f} us\n")
        sys.stdout.write(f"{'pipeline, groups of 64, journal included':<44} {whole * 1e6:8.2f} us of CPU\n")


def _cpu_of_pipeline(worker: Worker, wires: list[bytes], requests: int) -> float:
    """Give the processor time of one request, in seconds: the least of five runs, after one to warm up."""
    drive, heads = worker.loop.run_until_complete, heads_of(worker)
    drive(_drive(worker.pipeline, heads, wires, 4 * SECRETS))
    return min(drive(_drive(worker.pipeline, heads, wires, requests // 5)) for _ in range(5))


def _steps(worker: Worker, wires: list[bytes]) -> dict[str, Callable[[], Any]]:
    pipeline: Any = worker.pipeline
    wire = wires[7]
    heads = heads_of(worker)
    request = raw_request(heads, wire)
    unknown = msgspec.structs.replace(request, form=None)
    route = pipeline._router.find(request)
    operation = route.operation
    credential, claim = pipeline._authenticator.authenticate(request, route, worker.rows)
    exchange = Exchange(request, Replies(worker.loop), is_last=False)
    call = Call(exchange, route, credential.caller, claim.region, system_clock())
    call.request = parse_request(route, request)
    pipeline.steps.perform(call, worker.rows)
    context = call.context
    assert context is not None
    target = operation.target(context, call.request)
    [record] = written(pipeline.steps.events_of(call))
    reply = success_reply(route, call.response, request.request_id)
    head = wire[: wire.index(b"\r\n\r\n") + 4]
    board = worker.edge._board

    def over_the_edge() -> None:
        connection = Connection(_Silent(board, reply))  # type: ignore[arg-type]  # stands in for the switchboard
        connection._transport = _NOWHERE  # type: ignore[assignment]  # a transport that goes nowhere
        connection.data_received(wire)

    return {
        "1  edge: head like one before": lambda: heads.read(head),
        "1  edge: any other head": lambda: parse_head(head, 64, 1_048_576),
        "1  edge: bytes in, reply out (connection)": over_the_edge,
        "   rows.refresh (once a group)": worker.rows.refresh,
        "2  router.find": lambda: pipeline._router.find(request),
        "3  authenticate": lambda: pipeline._authenticator.authenticate(request, route, worker.rows),
        "3  authenticate, any other head": lambda: pipeline._authenticator.authenticate(
            unknown, route, worker.rows
        ),
        "4  parse_request": lambda: parse_request(route, request),
        "5  target": lambda: operation.target(context, call.request),
        "6  authorise": lambda: authorise(context, operation.action, target),
        "7  handle": lambda: operation.handle(context, call.request, target),
        "8  record, like one before": lambda: pipeline.steps.records_of(call),
        "8  record, any other": lambda: written(pipeline.steps.events_of(call)),
        "8  journal.append and commit, a group of 64": _commit_of(worker, record),
        "10 success_reply": lambda: success_reply(route, call.response, request.request_id),
        "10 frame_reply": lambda: frame_reply(reply, board.date_line(0.0), closes=False, without_body=False),
    }


def _commit_of(worker: Worker, record: bytes) -> Callable[[], Any]:
    """Append 64 records and wait until they are durable; shown as the time of one of them, disk included."""
    loop = worker.loop

    async def group() -> None:
        done = loop.create_future()
        for _ in range(GROUP - 1):
            worker.journal.append(record, lambda _: None)
        worker.journal.append(record, done.set_result)
        await done

    def run() -> int:
        loop.run_until_complete(group())
        return GROUP

    return run


def _microseconds(work: Callable[[], Any], repeats: int) -> float:
    medians = []
    for _ in range(5):
        times = []
        for _ in range(max(repeats // 5, 20)):
            began = time.perf_counter()
            made = work()
            times.append((time.perf_counter() - began) / (made if type(made) is int and made == GROUP else 1))
        times.sort()
        medians.append(times[len(times) // 2])
    return min(medians) * 1e6


class _Silent:
    """The switchboard of a connection whose requests are answered at once."""

    def __init__(self, board: Any, reply: RawReply) -> None:
        self._board = board
        self._reply = reply

    def __getattr__(self, name: str) -> Any:
        return getattr(self._board, name)

    def submit(self, exchange: Exchange) -> None:
        """Answer."""
        exchange.respond(self._reply)


class _Nowhere:
    """A transport that drops what is written."""

    def write(self, data: bytes) -> None:
        """Drop it."""

    def is_closing(self) -> bool:
        """Stay open."""
        return False


_NOWHERE: Final = _Nowhere()
