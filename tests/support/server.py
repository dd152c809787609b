"""A real server process on loopback with a data directory of its own, and the clients that talk to it."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any

import boto3
import botocore.session
from botocore.config import Config

from strongroom.control import ask
from tests.support.accounts import Account, Key
from tests.support.audit_reading import RecordReader
from tests.support.signed_http import RawAnswer, build_request, send

PROGRAM = Path(sys.executable).with_name("strongroom")
_resting: list[Any] = []
"""Clients whose connections may be closed: they open new ones when they are used again."""

READY_WITHIN_S = 30.0
END_WITHIN_S = 12.0
READY_MARK = " is ready at "


class ServerDidNotStart(Exception):
    """It ended, or said nothing, before it was ready; the text is what it wrote to standard error."""


def clean_environment(settings: Mapping[str, object] | None = None) -> dict[str, str]:
    """Return this process's environment without what would steer Strongroom or the AWS clients."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("STRONGROOM_", "AWS_"))}
    kept.update({f"STRONGROOM_{name.upper()}": str(value) for name, value in (settings or {}).items()})
    return kept


def run_program(
    *arguments: str | Path,
    cwd: Path | None = None,
    settings: Mapping[str, object] | None = None,
    standard_input: str | None = "",
    timeout_s: float = 60,
) -> subprocess.CompletedProcess[str]:
    """Run one command of the program to its end."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=cwd,
        env=clean_environment(settings),
        input=standard_input,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


@cache
def _session() -> Any:
    """Make the session of all clients of this process: it reads each service's model once."""
    core = botocore.session.Session()
    core.set_config_variable("config_file", os.devnull)
    core.set_config_variable("credentials_file", os.devnull)
    return boto3.session.Session(botocore_session=core)


def close_connections() -> None:
    """Close the connections of the clients that were made since the last time."""
    while _resting:
        _resting.pop().close()


class Server:
    """One ``strongroom dev`` or ``strongroom serve``.

    Attributes:
        data_dir: Where its deployment lies.
        endpoint: Where it answers.
        log_path: What it wrote to standard error, of all starts.
        process: The process that was started; with several workers the supervisor.
    """

    def __init__(
        self,
        data_dir: Path,
        arguments: Sequence[str | Path] = (),
        *,
        command: str = "dev",
        settings: Mapping[str, object] | None = None,
        first: Account | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.endpoint = ""
        self.log_path = data_dir.with_name(data_dir.name + ".log")
        self._arguments = list(arguments)
        self._command = command
        # Tests of other things than the limit are not to fail because the machine's disk was busy.
        self._settings = {"answer_within_ms": 30_000, **(settings or {})}
        self._first = first
        self._reader = RecordReader(data_dir)
        self._clients: weakref.WeakSet[Any] = weakref.WeakSet()
        self.process: subprocess.Popen[bytes] | None = None

    # The process

    def start(self, listen: str = "127.0.0.1:0") -> Server:
        """Start the process and wait until it answers."""
        self.begin_start(listen)
        assert self.process is not None
        assert self.process.stdout is not None
        self.endpoint = self._wait_until_ready(self.process.stdout)
        return self

    def begin_start(self, listen: str = "127.0.0.1:0") -> None:
        """Start the process."""
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [PROGRAM, self._command, "--data-dir", self.data_dir, "--listen", listen, *self._arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=clean_environment(self._settings),
                cwd=self.data_dir.parent,
            )

    def restart(self) -> Server:
        """End the process in order and start it again, on another port."""
        self.stop()
        return self.start()

    def stop(self) -> int:
        """Ask the process to end; return its exit status, which an orderly end makes 0."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.wait(END_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill9()
            raise

    def kill9(self) -> None:
        """Kill the process as the kernel does; with several workers also its children, by their ids."""
        if self.process is None:
            return
        children = self.children()
        self.process.kill()
        for pid in children:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.wait(END_WITHIN_S)
        deadline = time.monotonic() + END_WITHIN_S
        while any(Path(f"/proc/{pid}").exists() for pid in children) and time.monotonic() < deadline:
            time.sleep(0.005)

    def wait(self, timeout_s: float) -> int:
        """Wait for the end of the process."""
        assert self.process is not None
        status = self.process.wait(timeout_s)
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None
        return status

    def children(self) -> list[int]:
        """Return the ids of the child processes: workers and background loops, without the keeper of functions."""
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split() if int(pid) != self.keeper()]

    def keeper(self) -> int:
        """Return the id of the process that keeps the function runner; 0 when there is none."""
        assert self.process is not None
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in listed.split():
            if b"functions/keeper.py" in _arguments_of(int(pid)):
                return int(pid)
        return 0

    def close(self) -> None:
        """End everything; a server that was still running must end with status 0."""
        for client in self._clients:
            client.close()
        if self.process is not None:
            status = self.stop()
            assert status == 0, f"the server ended with status {status}:\n{self.log}"

    @property
    def log(self) -> str:
        """What it wrote to standard error."""
        return self.log_path.read_text(encoding="utf-8", errors="replace") if self.log_path.exists() else ""

    # Its clients

    @property
    def first(self) -> Account:
        """The first account."""
        if self._first is None:
            kept = json.loads((self.data_dir / "dev.json").read_text())
            self._first = Account(kept["account_id"], kept["access_key_id"], kept["secret_access_key"])
        return self._first

    def new_account(self, account_id: str | None = None) -> Account:
        """Make a fresh account."""
        made = ask(self.data_dir, "account-create", **({"account": account_id} if account_id else {}))
        return Account(made["account_id"], made["access_key_id"], made["secret_access_key"])

    def client(
        self,
        service: str,
        account: Account | None = None,
        region: str = "us-east-1",
        key: Key | Account | None = None,
        **config: Any,
    ) -> Any:
        """Make a boto3 client, without retries unless ``config`` wants some.

        Args:
            service: For example ``secretsmanager``.
            account: Whose administrator calls; by default the first account's.
            region: Of the client.
            key: Another key to sign with.
            config: Further members of botocore's ``Config``.
        """
        who = key or account or self.first
        members = {"retries": {"total_max_attempts": 1}, "connect_timeout": 10, "read_timeout": 30, **config}
        client = _session().client(
            service,
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=who.access_key_id,
            aws_secret_access_key=who.secret_access_key,
            aws_session_token=who.session_token if isinstance(who, Key) else None,
            config=Config(**members),
        )
        self._clients.add(client)
        _resting.append(client)
        return client

    def raw(
        self,
        service: str,
        target: str,
        body: bytes | Mapping[str, Any],
        *,
        account: Account | None = None,
        key: Key | Account | None = None,
        region: str = "us-east-1",
        headers: Mapping[str, str | None] | None = None,
        unsigned: Mapping[str, str | None] | None = None,
        signed: bool = True,
        method: str = "POST",
        path: str = "/",
    ) -> RawAnswer:
        """Send one signed request as it is; see ``signed_http.build_request``.

        Args:
            service: The signing name.
            target: The operation.
            body: Bytes, or a mapping to be written as the service wants it.
            account: Whose administrator signs; by default the first account's.
            key: Another key to sign with.
            region: Of the credential scope.
            headers: Set before signing; None leaves a header out.
            unsigned: Set after signing; None takes a header away.
            signed: False sends the request without a signature.
            method: Of HTTP.
            path: With its query.
        """
        who = key or account or self.first
        request = build_request(
            self.endpoint,
            who if signed else None,
            service,
            target,
            body,
            region=region,
            headers=headers,
            unsigned=unsigned,
            method=method,
            path=path,
        )
        return send(self.endpoint, request)

    def get(self, path: str) -> RawAnswer:
        """Ask for a path without a signature, for example ``/healthz``."""
        host = self.endpoint.partition("://")[2]
        return send(self.endpoint, ("GET", path, {"Host": host}, b""))

    # What it keeps

    def records(
        self,
        event_name: str | None = None,
        request_id: str | None = None,
        account: Account | str | None = None,
    ) -> list[dict[str, Any]]:
        """Return the audit records so far that match everything given, by time."""
        account_id = account.account_id if isinstance(account, Account) else account
        if request_id is not None:
            held = self._reader.of_request(request_id)
        elif account_id is not None:
            held = self._reader.of_account(account_id)
        else:
            held = self._reader.all()
        return [
            record
            for record in held
            if event_name in (None, record.get("eventName"))
            and account_id in (None, record.get("recipientAccountId"))
        ]

    def run_background(self) -> None:
        """Run every background job once, from its beginning to its end."""
        failed = ask(self.data_dir, "background-run")["failed"]
        assert failed == [], f"background jobs failed: {failed}\n{self.log}"

    def _wait_until_ready(self, output: IO[bytes]) -> str:
        said = b""
        deadline = time.monotonic() + READY_WITHIN_S
        poll = selectors.PollSelector()
        poll.register(output, selectors.EVENT_READ)
        while not said.endswith(b"\n"):
            ready = poll.select(max(0.0, deadline - time.monotonic()))
            piece = os.read(output.fileno(), 4096) if ready else b""
            if not piece:
                self.kill9()
                raise ServerDidNotStart(self.log)
            said += piece
        line = said.decode().splitlines()[0]
        assert READY_MARK in line, line
        return line.partition(READY_MARK)[2].strip()


def _arguments_of(pid: int) -> bytes:
    """Return the arguments of a process, nothing when it has ended."""
    try:
        while not (arguments := Path(f"/proc/{pid}/cmdline").read_bytes()):
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            if state in "ZX":
                break
            # It becomes another program at this very moment, as the one that waits to be the keeper does.
    except OSError:
        return b""
    return arguments


class MovedServer(Server):
    """A dev server whose clock the test moves."""

    def __init__(self, data_dir: Path, arguments: Sequence[str | Path] = (), **more: Any) -> None:
        self._clock_path = data_dir.with_name(data_dir.name + ".clock")
        self._offset_ms = 0
        self._write("+0ms")
        super().__init__(data_dir, [*arguments, "--clock", f"file:{self._clock_path}"], **more)

    def advance(self, *, days: float = 0, hours: float = 0, seconds: float = 0) -> None:
        """Move the clock on, from what was set with ``advance`` before."""
        self._offset_ms += round((days * 86_400 + hours * 3_600 + seconds) * 1_000)
        self._write(f"{'+' if self._offset_ms >= 0 else '-'}{abs(self._offset_ms)}ms")

    def set_time(self, instant: str) -> None:
        """Let it be ``instant`` (ISO) now; the clock runs on from there."""
        from datetime import datetime

        self._offset_ms = round((datetime.fromisoformat(instant).timestamp() - time.time()) * 1_000)
        self.advance()

    def _write(self, text: str) -> None:
        # Replaced whole: the server looks at it at every request.
        aside = self._clock_path.with_suffix(".new")
        aside.write_text(text)
        aside.replace(self._clock_path)
