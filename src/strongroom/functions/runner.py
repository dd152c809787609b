"""Runs one invocation in a sandbox: start or reuse, event, answer, log, freeze.

Times are real: a timeout is a timeout also where the domain's clock is moved.

Source: Lambda developer guide, "Lambda execution environment lifecycle".
"""

from __future__ import annotations

import logging
import math
import re
import secrets
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec

from strongroom.errors import StrongroomError
from strongroom.functions import failures
from strongroom.functions.gate import InvocationGate
from strongroom.functions.ground import Ground
from strongroom.functions.hold import Hold
from strongroom.functions.invocation import LOG_TAIL_BYTES, OF_ACCOUNT, TooManyInvocations
from strongroom.functions.messages import Answered, Asked, Endpoint, Refused
from strongroom.functions.need import Need
from strongroom.functions.output import Scrubber, scrubbed_lines
from strongroom.functions.pool import Place, Pool, Room
from strongroom.functions.reach import INSIDE_LOOPBACK, Listed, Reach, is_address, make_reach
from strongroom.functions.sandbox import Sandbox, SandboxFailed, Spawner, Wish, runtime_address
from strongroom.functions.turn import EndedAtRest, Turn, failed_start, take_turn, timed_out
from strongroom.functions.unpacking import CodeRefused, Shelf
from strongroom.functions.unsandboxed import BareProcess

log = logging.getLogger(__name__)

INIT_S: Final = 10.0
ROOM_WAIT_S: Final = 10.0
SECRETS_MOST: Final = 256
CREDENTIALS_MARGIN_S: Final = 5.0
NO_SANDBOX: Final = "Every sandbox is in use; functions_sandboxes says how many there may be."
_HANDLER: Final = re.compile(r"[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_-]+)*", re.ASCII)
_DATA_MIB_OF_NODE: Final = 0.75


class RunnerSettings(msgspec.Struct, frozen=True):
    """What the server's settings say to the runner.

    Attributes:
        directory: For the runner's files.
        runtime: What functions find in ``/var/runtime``.
        hidden: The data directory.
        listed: What the operator allows functions to reach.
        is_open: Whether the host's network is allowed (``dev``).
        is_local: Whether a declared host may be on this machine.
        unsandboxed: Whether functions run without a sandbox.
        most_sandboxes: How many there may be.
        idle_s: After what time of rest one ends.
        authorities: Files of certificates in PEM that functions trust besides the system's.
        server: Process id of the server's first process.
    """

    directory: str
    runtime: str
    hidden: str | None
    listed: str
    is_open: bool
    is_local: bool
    unsandboxed: bool
    most_sandboxes: int
    idle_s: float
    authorities: tuple[str, ...]
    server: int


class RunnerRefuses(StrongroomError):
    """Functions cannot be run here; the sentence says why."""


class Runner:
    """Runs invocations; safe to be called from many threads.

    Args:
        settings: What is set.
        ground: Where sandboxes stand.
        instructions: The filter of system calls; empty without sandboxes.
        listed: What the operator allows functions to reach.
        ca: Certificates in PEM that functions trust, if there are any besides the system's.

    Attributes:
        work: Where its files lie; they are gone when the server has ended.
    """

    def __init__(
        self,
        settings: RunnerSettings,
        ground: Ground,
        instructions: bytes,
        listed: Sequence[Listed],
        ca: Path | None,
    ) -> None:
        self._settings = settings
        self._ground = ground
        self._instructions = instructions
        self._listed = listed
        self._ca = ca
        self._spawner = Spawner()
        self.work = ground.work
        self._shelf = Shelf(ground.work / "code")
        self._pool = Pool(settings.most_sandboxes, settings.idle_s, Hold(Need(settings.server)))
        self._gate = InvocationGate()

    def run(
        self, asked: Asked, fetch: Callable[[bytes], Path], answer: Callable[[Answered | Refused], None]
    ) -> None:
        """Run an invocation and answer; the sandbox is put to rest after the answer.

        Args:
            asked: The invocation.
            fetch: Gets an archive as a file.
            answer: Hears how it ended, once.
        """
        try:
            with self._gate.hold(asked.identity[0], asked.function_id, asked.reserved) as give_back:

                def answer_then(reply: Answered | Refused) -> None:
                    give_back()  # before the answer: who asks again at once is to have this place
                    answer(reply)

                self._run(asked, fetch, answer_then)
        except TooManyInvocations as problem:
            answer(Refused(str(problem), problem.reason))

    def _run(
        self, asked: Asked, fetch: Callable[[bytes], Path], answer: Callable[[Answered | Refused], None]
    ) -> None:
        language = _language(asked.runtime)
        if language is None:
            answer(Refused(f"Functions of the runtime {asked.runtime} cannot be run: only Python and Node."))
            return
        if language == "node" and self._ground.node is None:
            answer(Refused("Node is not installed on this machine, so nodejs functions cannot be run."))
            return
        if _HANDLER.fullmatch(asked.handler) is None:
            answer(_unstarted(asked, failures.malformed_handler(asked.handler)))
            return
        now, wall = time.monotonic(), time.time()
        limit = now + asked.deadline_ms / 1_000 - wall
        needed_until = wall + asked.timeout_s + CREDENTIALS_MARGIN_S
        while True:
            room = self._pool.take(_key(asked), needed_until, min(limit, now + ROOM_WAIT_S))
            if room is None:
                answer(Refused(NO_SANDBOX, OF_ACCOUNT))
                return
            is_settled = False
            try:
                reply, is_settled = self._run_in(room, asked, fetch, limit)
                if is_settled:
                    self._pool.release(
                        room
                    )  # before the answer: who asks again at once is to find this sandbox
                answer(reply)
            except EndedAtRest:
                continue  # the next one is another
            finally:
                if not is_settled:
                    self._pool.discard(room)
            return

    def _run_in(
        self, room: Room, asked: Asked, fetch: Callable[[bytes], Path], limit: float
    ) -> tuple[Answered | Refused, bool]:
        init_s: float | None = None
        lines: list[tuple[float, str]] = []
        place = room.place
        _remember(room, asked)
        scrubber = Scrubber(room.secrets)
        began = time.monotonic()
        turn: Turn | None = None
        try:
            if place is None:
                lines.append((time.time(), _init_line(asked)))
                place, turn = self._start(room, asked, fetch, limit)
                init_s = time.monotonic() - began
                lines += _taken(place, scrubber)
            elif not place.thaw():
                raise EndedAtRest
        except (SandboxFailed, CodeRefused) as problem:
            return Refused(str(problem)), False
        lines.append((time.time(), f"START RequestId: {asked.request_id} Version: {asked.version}\n"))
        if turn is None:
            turn = take_turn(place, asked, limit, is_new=init_s is not None)
        place.output.drain(0.2)
        if not place.is_over:
            place.look()
        lines += _taken(place, scrubber)
        if lines and not lines[-1][1].endswith("\n"):
            lines[-1] = (lines[-1][0], lines[-1][1] + "\n")
        if turn.note:
            lines.append((time.time(), turn.note))
        lines += _closing_lines(asked, turn, place, init_s)
        reply = Answered(
            payload=turn.payload,
            function_error=turn.function_error,
            log_stream=room.log_stream,
            log_lines=tuple((int(at * 1_000), text) for at, text in lines),
            log_tail=_tail(lines),
            duration_ms=turn.duration_s * 1_000,
            init_ms=None if init_s is None else init_s * 1_000,
            max_memory_mb=math.ceil(place.peak_mb),
        )
        return reply, turn.is_reusable

    def _start(
        self, room: Room, asked: Asked, fetch: Callable[[bytes], Path], limit: float
    ) -> tuple[Place, Turn | None]:
        """Start a sandbox and wait for its runtime; what ends the invocation already is a turn."""
        wish = self._wish(room, asked, fetch)
        room.usable_until = asked.expires_ms / 1_000 - CREDENTIALS_MARGIN_S
        room.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{asked.version}]{secrets.token_hex(16)}"
        began = time.monotonic()
        place = self._make(wish)
        room.place = place
        if place.runtime.wait_until_idle(min(began + INIT_S, limit)):
            return place, None
        turn = failed_start(place, asked, began)
        if turn is not None:
            return place, turn
        # The start took too long. As in Lambda it is tried once more, now within the function's own time.
        place.kill()
        began = time.monotonic()
        place = self._make(wish)
        room.place = place
        if place.runtime.wait_until_idle(min(began + asked.timeout_s, limit)):
            return place, None
        return place, failed_start(place, asked, began) or timed_out(place, asked, time.monotonic() - began)

    def _make(self, wish: Wish) -> Place:
        if self._settings.unsandboxed:
            return BareProcess(self._spawner, wish)
        return Sandbox(self._ground, self._spawner, self._instructions, wish)

    def _wish(self, room: Room, asked: Asked, fetch: Callable[[bytes], Path]) -> Wish:
        code = self._borrow(room, (asked.code,), fetch)
        layers = self._borrow(room, asked.layers, fetch) if asked.layers else None
        reach = self._reach(asked)
        hosts = self._ground.work / "hosts" / secrets.token_hex(8)
        hosts.write_text(_hosts_file(reach, self._settings))
        hosts.chmod(0o444)
        room.give_back.append(lambda: hosts.unlink(missing_ok=True))
        language = _language(asked.runtime)
        inside = self._inside(code, layers)
        if language == "node":
            heap_mb = int(asked.memory_mb * _DATA_MIB_OF_NODE)
            node = (self._ground.node or "", f"--max-old-space-size={heap_mb}")
            arguments: tuple[str, ...] = (*node, f"{inside.own}/node_start.mjs", asked.handler)
        else:
            arguments = (self._ground.python, f"{inside.own}/python_start.py", asked.handler)
        return Wish(
            slot=room.slot,
            arguments=arguments,
            environment=_environment(asked, room, inside, self._ca),
            code=code,
            layers=layers,
            hosts=hosts,
            ca=self._ca,
            memory_mb=asked.memory_mb,
            ephemeral_mb=asked.ephemeral_mb,
            reach=reach,
        )

    def _borrow(self, room: Room, digests: Sequence[bytes], fetch: Callable[[bytes], Path]) -> Path:
        place = self._shelf.borrow(digests, fetch)
        room.give_back.append(lambda: self._shelf.give_back(digests))
        return place

    def _inside(self, code: Path, layers: Path | None) -> _Inside:
        if self._settings.unsandboxed:
            own = str(self._ground.work / "inside")
            return _Inside(str(code), str(layers or self._ground.work / "etc"), self._settings.runtime, own)
        return _Inside("/var/task", "/opt", "/var/runtime", "/var/strongroom")

    def _reach(self, asked: Asked) -> Reach:
        endpoint = asked.endpoint
        seen, name = (None, None) if endpoint is None else _seen_endpoint(endpoint)
        declared = list(asked.hosts)
        listed = list(self._listed)
        if endpoint is not None and endpoint.listening is None:
            parts = urlsplit(endpoint.url)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            listed.append(Listed(parts.hostname or "", None, port))
        return make_reach(
            declared=declared,
            listed=listed,
            endpoint=seen,
            endpoint_name=name,
            is_open=self._settings.is_open,
            is_local=self._settings.is_local,
        )


class _Inside(msgspec.Struct, frozen=True):
    """Where things are for the function's process."""

    task: str
    layers: str
    runtime: str
    own: str


def _key(asked: Asked) -> Hashable:
    """What must be the same for a sandbox to be used again (F-05)."""
    return (
        *(asked.identity, asked.version, asked.scope, asked.hosts, asked.endpoint, asked.code, asked.layers),
        *(asked.runtime, asked.handler, asked.memory_mb, asked.ephemeral_mb),
        tuple(sorted(asked.environment.items())),
    )


def _language(runtime: str) -> str | None:
    if runtime.startswith("python3."):
        return "python"
    return "node" if runtime.startswith("nodejs") else None


def _seen_endpoint(endpoint: Endpoint) -> tuple[tuple[tuple[str, int], tuple[str, int]] | None, str | None]:
    """Say how a function sees our endpoint: its address there and here, and the name that leads to it."""
    if endpoint.listening is None:
        return None, None
    parts = urlsplit(endpoint.url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if is_address(host):
        return ((host, port), endpoint.listening), None
    return ((INSIDE_LOOPBACK, port), endpoint.listening), host


def _hosts_file(reach: Reach, settings: RunnerSettings) -> str:
    lines = [f"{address} {name}" for address, name in reach.names]
    lines.append(f"{INSIDE_LOOPBACK} localhost")
    if settings.is_open:
        try:
            lines.append(Path("/etc/hosts").read_text())
        except (OSError, UnicodeDecodeError):
            log.warning("the machine's file of hosts cannot be read")
    return "\n".join(lines) + "\n"


def _environment(asked: Asked, room: Room, inside: _Inside, ca: Path | None) -> Mapping[str, str]:
    key_id, secret, token = asked.credentials
    made = {
        "_HANDLER": asked.handler,
        "AWS_REGION": asked.region,
        "AWS_DEFAULT_REGION": asked.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{asked.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": asked.name,
        "AWS_LAMBDA_FUNCTION_VERSION": asked.version,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(asked.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": asked.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": room.log_stream,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_RUNTIME_API": runtime_address(),
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_SESSION_TOKEN": token,
        "LAMBDA_TASK_ROOT": inside.task,
        "LAMBDA_RUNTIME_DIR": inside.runtime,
        "_STRONGROOM_LAYERS": inside.layers,
    }
    wished = {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": f"/usr/local/bin:/usr/bin:/bin:{inside.layers}/bin",
        "LD_LIBRARY_PATH": f"{inside.task}:{inside.task}/lib:{inside.layers}/lib",
        "PYTHONPATH": inside.runtime,
        "PYTHONDONTWRITEBYTECODE": "1",
        "NODE_PATH": f"{inside.layers}/nodejs/node_modules:{inside.runtime}/node_modules",
    }
    if asked.endpoint is not None:
        wished["AWS_ENDPOINT_URL"] = wished["SECRETS_MANAGER_ENDPOINT"] = asked.endpoint.url
    if ca is not None:
        wished["AWS_CA_BUNDLE"] = wished["NODE_EXTRA_CA_CERTS"] = "/var/strongroom-ca.pem"
    # What its owner set wins over what is only offered, never over what says who and where it is.
    return {**wished, **asked.environment, **made}


def _remember(room: Room, asked: Asked) -> None:
    for value in (*(text.encode() for text in asked.credentials[1:]), *asked.scrub):
        room.secrets[value] = None
    while len(room.secrets) > SECRETS_MOST:
        del room.secrets[next(iter(room.secrets))]


def _unstarted(asked: Asked, payload: bytes) -> Answered:
    stream = f"{datetime.now(UTC):%Y/%m/%d}/[{asked.version}]{secrets.token_hex(16)}"
    return Answered(payload, failures.UNHANDLED, stream, (), b"", 0.0, None, 0)


def _init_line(asked: Asked) -> str:
    arn = f"arn:aws:lambda:{asked.region}::runtime:strongroom-{asked.runtime}"
    return f"INIT_START Runtime Version: {asked.runtime}\tRuntime Version ARN: {arn}\n"


def _taken(place: Place, scrubber: Scrubber) -> list[tuple[float, str]]:
    pieces, is_cut = place.output.take()
    return scrubbed_lines(pieces, scrubber, is_cut=is_cut) if pieces or is_cut else []


def _closing_lines(asked: Asked, turn: Turn, place: Place, init_s: float | None) -> list[tuple[float, str]]:
    now, took_ms = time.time(), turn.duration_s * 1_000
    report = (
        f"REPORT RequestId: {asked.request_id}\tDuration: {took_ms:.2f} ms\tBilled Duration: {math.ceil(took_ms)} ms"
        f"\tMemory Size: {asked.memory_mb} MB\tMax Memory Used: {math.ceil(place.peak_mb)} MB\t"
    )
    if init_s is not None:
        report += f"Init Duration: {init_s * 1_000:.2f} ms\t"
    return [(now, f"END RequestId: {asked.request_id}\n"), (now, f"{report}\n")]


def _tail(lines: Sequence[tuple[float, str]]) -> bytes:
    start = next(
        (number for number, (_, text) in enumerate(lines) if text.startswith("START RequestId: ")), 0
    )
    return "".join(text for _, text in lines[start:]).encode()[-LOG_TAIL_BYTES:]
