"""The servers that are compared: Strongroom, moto_server, and an empty handler on granian."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bench import processes
from bench.filling import Deployment
from bench.processes import SERVER_CORE
from bench.signing import Signer

START_WITHIN_S: Final = 60.0
READY: Final = b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
ROOT: Final = Path(__file__).parent.parent
_BIN: Final = Path(sys.executable).parent
_METRIC: Final = re.compile(r"^(strongroom_\w+?)(?:_total)?(?:\{[^}]*\})? ([0-9.e+]+)$", re.MULTILINE)


class ServerFailed(Exception):
    """A server did not start, or answered what it must not; the ends of the logs are its notes."""


@dataclass(frozen=True)
class Server:
    """A running server.

    Attributes:
        name: As the report calls it.
        port: On 127.0.0.1.
        pid: Of its first process.
        signer: Signs requests for it.
    """

    name: str
    port: int
    pid: int
    signer: Signer

    def send(self, request: bytes) -> tuple[int, bytes]:
        """Send one whole request on a connection of its own; return status and body."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(request)
            reply = http.client.HTTPResponse(connection)
            reply.begin()
            return reply.status, reply.read()

    def call(self, operation: str, members: Mapping[str, Any]) -> dict[str, Any]:
        """Call Secrets Manager once.

        Raises:
            ServerFailed: The answer is not a success.
        """
        status, body = self.send(self.signer.secretsmanager(operation, members))
        if status != 200:
            raise ServerFailed(f"{self.name} answered {operation} with {status}: {body[:300]!r}")
        answer: dict[str, Any] = json.loads(body)
        return answer

    def metrics(self) -> dict[str, float]:
        """Read ``/metrics``: totals by name, labels added up."""
        _, body = self.send(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        totals: dict[str, float] = {}
        for name, value in _METRIC.findall(body.decode()):
            totals[name] = totals.get(name, 0.0) + float(value)
        return totals

    def processor_seconds(self) -> float:
        """Give the processor time of all its processes so far."""
        return processes.processor_seconds(self.pid)


def free_port() -> int:
    """Find a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def unrecorded_command(deployment: Deployment, port: int) -> list[str]:
    """Give the command that starts one worker, with a setting that ``serve`` refuses."""
    return [sys.executable, "-m", "bench.unrecorded", str(deployment.directory), str(port)]


def strongroom_command(deployment: Deployment, port: int, workers: int, *, is_dev: bool) -> list[str]:
    """Give the command that starts Strongroom."""
    command = [str(_BIN / "strongroom"), "dev" if is_dev else "serve"]
    command += ["--data-dir", str(deployment.directory), "--listen", f"127.0.0.1:{port}"]
    return command if is_dev else [*command, "--workers", str(workers)]


def moto_command(port: int) -> list[str]:
    """Give the command that starts moto_server."""
    return [str(_BIN / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]


def granian_command(port: int) -> list[str]:
    """Give the command that starts the empty handler."""
    command = [str(_BIN / "granian"), "--interface", "rsgi", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--workers", "1", "--no-ws", "--log-level", "error", "--loop", "uvloop"]
    return [*command, "bench.granian_empty:app"]


@contextmanager
def strongroom(
    deployment: Deployment,
    *,
    name: str = "strongroom",
    workers: int = 1,
    cores: Iterable[int] = (SERVER_CORE,),
    is_audit_optional: bool = False,
    settings: Mapping[str, object] | None = None,
) -> Iterator[Server]:
    """Run Strongroom over a deployment.

    Args:
        deployment: Its directory.
        name: As the report calls it.
        workers: Request workers.
        cores: Where it runs.
        is_audit_optional: Whether the setting ``audit_reads`` may be used; see ``bench.unrecorded``.
        settings: Settings that differ from the defaults, by name.
    """
    port = free_port()
    environment = {f"STRONGROOM_{key.upper()}": str(value) for key, value in (settings or {}).items()}
    environment["PYTHONPATH"] = os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))
    signer = Signer(f"127.0.0.1:{port}", deployment.access_key_id, deployment.secret_access_key)
    command = strongroom_command(deployment, port, workers, is_dev=False)
    if is_audit_optional:
        command = unrecorded_command(deployment, port)
    with _running(name, command, port, signer, cores, environment) as server:
        _await_answer(server, READY)
        yield server


@contextmanager
def moto(cores: Iterable[int] = (SERVER_CORE,)) -> Iterator[Server]:
    """Run moto_server."""
    port = free_port()
    signer = Signer(f"127.0.0.1:{port}", "AKIAIOSFODNN7EXAMPLE", "0" * 40)
    with _running("moto_server", moto_command(port), port, signer, cores, {}) as server:
        _await_answer(server, signer.caller_identity())
        yield server


@contextmanager
def granian(cores: Iterable[int] = (SERVER_CORE,)) -> Iterator[Server]:
    """Run the empty handler."""
    port = free_port()
    signer = Signer(f"127.0.0.1:{port}", "AKIAIOSFODNN7EXAMPLE", "0" * 40)
    environment = {"PYTHONPATH": str(ROOT)}
    with _running("empty handler", granian_command(port), port, signer, cores, environment) as server:
        _await_answer(server, signer.caller_identity())
        yield server


def seconds_to_first_answer(
    command: Sequence[str], port: int, request: bytes, environment: Mapping[str, str] | None = None
) -> float:
    """Start a server, ask until ``request`` is answered with 200, end the server; return how long it took."""
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        process = processes.start(command, (SERVER_CORE,), log, environment)
        try:
            server = Server(command[0], port, process.pid, Signer("", "", ""))
            _await_answer(server, request, process, log)
            return time.perf_counter() - began
        finally:
            processes.stop(process)


@contextmanager
def _running(
    name: str,
    command: Sequence[str],
    port: int,
    signer: Signer,
    cores: Iterable[int],
    environment: Mapping[str, str],
) -> Iterator[Server]:
    with tempfile.TemporaryFile() as log:
        process = processes.start(command, cores, log, environment)
        try:
            yield Server(name, port, process.pid, signer)
        except ServerFailed as problem:
            problem.add_note(f"The log of {name} ends:\n{_tail(log)}")
            raise
        finally:
            processes.stop(process)


def _await_answer(
    server: Server, request: bytes, process: subprocess.Popen[bytes] | None = None, log: Any = None
) -> None:
    """Ask again and again until the answer is 200."""
    deadline = time.perf_counter() + START_WITHIN_S
    while time.perf_counter() < deadline:
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, _ = server.send(request)
            if status == 200:
                return
        if process is not None and process.poll() is not None:
            raise ServerFailed(f"{server.name} did not start:\n{_tail(log)}")
        time.sleep(0.002)
    raise ServerFailed(f"{server.name} did not answer within {START_WITHIN_S:.0f} s")


def _tail(log: Any) -> str:
    log.seek(0)
    text: str = log.read().decode(errors="replace")
    return text[-800:]
