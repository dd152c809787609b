"""The local socket of a running deployment: ``control.sock`` in its data directory.

Rules:
 - Mode 0600, and the caller's uid is checked: it must be the server's own or root's (design section 6).
 - One request and one answer on a connection, each a line of JSON of at most 64 KiB.
 - What a client of the API can do is not done here; only what concerns the deployment as a whole.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from strongroom.arn import is_account_id, is_region
from strongroom.clock import Clock
from strongroom.errors import StrongroomError
from strongroom.ids import draw
from strongroom.opening import Opened
from strongroom.services.iam.accounts import add_region, create_account, list_accounts, list_regions
from strongroom.store.writer import Writer
from strongroom.workers.background import run_change

log = logging.getLogger(__name__)

SOCKET_NAME: Final = "control.sock"
LINE_BYTES_MOST: Final = 65_536
ANSWER_WITHIN_S: Final = 15.0
_PEER = struct.Struct("iII")


class ControlRefused(StrongroomError):
    """The deployment does not do what was asked; the message says why."""


class NotRunning(StrongroomError):
    """No deployment answers on the data directory's socket."""


class ControlServer:
    """Answers on the socket, on a thread of its own."""

    def __init__(self, opened: Opened, writer: Writer, clock: Clock) -> None:
        self._opened = opened
        self._writer = writer
        self._clock = clock
        self._path = opened.settings.data_dir / SOCKET_NAME
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._socket: socket.socket | None = None
        self._is_stopping = False
        self._commands: dict[str, Callable[[dict[str, Any]], Any]] = {
            "account-create": self._create_account,
            "account-list": self._list_accounts,
            "region-add": self._add_region,
            "region-list": self._list_regions,
        }

    def start(self) -> None:
        """Bind the socket and start to answer."""
        self._path.unlink(
            missing_ok=True
        )  # left by a process that was killed; the claim on the directory is ours
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listening.bind(str(self._path))
        os.chmod(self._path, 0o600)
        listening.listen(8)
        listening.settimeout(0.5)
        self._socket = listening
        self._thread.start()

    def stop(self) -> None:
        """End and remove the socket."""
        self._is_stopping = True
        self._thread.join(timeout=5)
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        assert self._socket is not None
        while not self._is_stopping:
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                try:
                    self._serve(connection)
                except OSError as problem:
                    log.warning("a control connection ended early: %s", type(problem).__name__)
        self._socket.close()

    def _serve(self, connection: socket.socket) -> None:
        peer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
        _, uid, _ = _PEER.unpack(peer)
        if uid not in (os.getuid(), 0):
            answer: dict[str, Any] = {"error": "This socket belongs to another user."}
        else:
            answer = self._answer(_read_line(connection))
        connection.sendall(msgspec.json.encode(answer) + b"\n")

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = msgspec.json.decode(line, type=dict[str, Any])
            command = self._commands.get(str(request.get("command")))
            if command is None:
                raise ControlRefused("The running deployment does not know this command.")
            return {"result": command(request)}
        except msgspec.DecodeError:
            return {"error": "The request is not a line of JSON."}
        except StrongroomError as problem:
            return {"error": str(problem)}

    def _create_account(self, request: dict[str, Any]) -> dict[str, Any]:
        account = str(request.get("account") or draw("123456789", 1) + draw("0123456789", 11))
        if not is_account_id(account):
            raise ControlRefused("An account id has exactly 12 digits.")
        keyring, now_ms = self._opened.keyring, self._clock()
        made: Any = run_change(self._writer, lambda tx: create_account(tx, keyring, account, now_ms))
        return {
            "account_id": made.account_id,
            "access_key_id": made.access_key_id,
            "secret_access_key": made.secret_access_key,
        }

    def _list_accounts(self, _: dict[str, Any]) -> list[str]:
        return self._read(list_accounts)

    def _add_region(self, request: dict[str, Any]) -> list[str]:
        region = str(request.get("region"))
        if not is_region(region):
            raise ControlRefused("A Region has a name like eu-central-1.")
        now_ms = self._clock()
        run_change(self._writer, lambda tx: add_region(tx, region, now_ms))
        return self._read(list_regions)

    def _list_regions(self, _: dict[str, Any]) -> list[str]:
        return self._read(list_regions)

    def _read(self, what: Callable[[Any], Any]) -> list[str]:
        found: Any = run_change(self._writer, lambda transaction: list(what(transaction)))
        return list(found)


def ask(data_dir: Path, command: str, **details: Any) -> Any:
    """Ask the running deployment in ``data_dir``; return its result.

    Raises:
        NotRunning: Nothing listens there.
        ControlRefused: It answered with an error.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_WITHIN_S)
        try:
            connection.connect(str(data_dir / SOCKET_NAME))
        except (FileNotFoundError, ConnectionRefusedError) as problem:
            raise NotRunning(f"No deployment is running in {data_dir}.") from problem
        connection.sendall(msgspec.json.encode({"command": command, **details}) + b"\n")
        answer = msgspec.json.decode(_read_line(connection), type=dict[str, Any])
    if "error" in answer:
        raise ControlRefused(answer["error"])
    return answer["result"]


def _read_line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) <= LINE_BYTES_MOST:
        part = connection.recv(LINE_BYTES_MOST)
        if not part:
            break
        line += part
    return line
