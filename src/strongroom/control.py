"""The local socket of a running deployment: ``control.sock`` in its data directory.

Rules:
 - Mode 0600, and the caller's uid is checked: it must be the server's own or root's (design section 6).
 - One request and one answer on a connection, each a line of JSON of at most 64 KiB.
 - What a client of the API can do is not done here; only what concerns the deployment as a whole.
 - Both sides name the socket through a descriptor of its directory: the address of a local socket has at most
   108 bytes, and a data directory may lie deeper.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from strongroom.administration import COMMANDS
from strongroom.clock import Clock
from strongroom.errors import StrongroomError
from strongroom.opening import Opened
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
    """Answers on the socket, on a thread of its own.

    Args:
        opened: The deployment.
        writer: Makes the changes.
        clock: "Now" for the domain.
        run_jobs: Runs every background job once and says which failed; None outside of ``dev``.
        socket_name: The name of the socket in the data directory.
        own: Commands of this process, which are no changes of the store: each gets the details and answers by itself.
    """

    def __init__(
        self,
        opened: Opened,
        writer: Writer,
        clock: Clock,
        run_jobs: Callable[[], list[str]] | None = None,
        *,
        socket_name: str = SOCKET_NAME,
        own: Mapping[str, Callable[[Mapping[str, Any]], Any]] | None = None,
    ) -> None:
        self._opened = opened
        self._writer = writer
        self._clock = clock
        self._run_jobs = run_jobs
        self._own = own or {}
        self._path = opened.settings.data_dir / socket_name
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._socket: socket.socket | None = None
        self._is_stopping = False

    def start(self) -> None:
        """Bind the socket and start to answer."""
        # Left by a process that was killed: the claim on the directory is ours.
        self._path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with _address(self._path) as address:
            listening.bind(address)
        os.chmod(self._path, 0o600)
        listening.listen(8)
        self._socket = listening
        self._thread.start()

    def stop(self) -> None:
        """End and remove the socket."""
        self._is_stopping = True
        if self._socket is not None:
            self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread out of accept
            self._thread.join(timeout=5)
            self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        assert self._socket is not None
        with self._socket:
            while not self._is_stopping:
                try:
                    connection, _ = self._socket.accept()
                except OSError as problem:
                    if not self._is_stopping:
                        log.warning("a control connection was not accepted: %s", type(problem).__name__)
                    continue
                with connection:
                    connection.settimeout(5)
                    try:
                        self._serve(connection)
                    except OSError as problem:
                        log.warning("a control connection ended early: %s", type(problem).__name__)

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
            return {"result": self._do(str(request.get("command")), request)}
        except msgspec.DecodeError:
            return {"error": "The request is not a line of JSON."}
        except StrongroomError as problem:
            return {"error": str(problem)}
        except Exception as problem:  # noqa: BLE001 - a defect in one command must not end the socket
            log.error("a control command failed: %s", type(problem).__name__)
            return {"error": "The deployment failed to do this; its log says where."}

    def _do(self, name: str, request: dict[str, Any]) -> Any:
        if name == "ping":
            return {"pid": os.getpid()}
        if name == "background-run":
            if self._run_jobs is None:
                raise ControlRefused("Only a dev server runs its background jobs on demand.")
            return {"failed": self._run_jobs()}
        if name in self._own:
            return self._own[name](request)
        command = COMMANDS.get(name)
        if command is None:
            raise ControlRefused("The running deployment does not know this command.")
        now_ms = self._clock()
        return run_change(
            self._writer, lambda transaction: command(transaction, self._opened, now_ms, request)
        )


def ask(data_dir: Path, command: str, *, socket_name: str = SOCKET_NAME, **details: Any) -> Any:
    """Ask the running deployment in ``data_dir``; return its result.

    Raises:
        NotRunning: Nothing listens there.
        ControlRefused: It answered with an error, or not at all.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(ANSWER_WITHIN_S)
        try:
            with _address(data_dir / socket_name) as address:
                connection.connect(address)
        except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as problem:
            raise NotRunning(f"No deployment is running in {data_dir}.") from problem
        except PermissionError as problem:
            raise ControlRefused(f"The deployment in {data_dir} belongs to another user.") from problem
        try:
            connection.sendall(msgspec.json.encode({"command": command, **details}) + b"\n")
            answer = msgspec.json.decode(_read_line(connection), type=dict[str, Any])
        except (OSError, msgspec.DecodeError) as problem:
            raise ControlRefused(
                f"The deployment in {data_dir} did not answer; whether it did what was asked is not known."
            ) from problem
    if "error" in answer:
        raise ControlRefused(answer["error"])
    return answer["result"]


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    descriptor = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)


def _read_line(connection: socket.socket) -> bytes:
    line = b""
    while not line.endswith(b"\n") and len(line) <= LINE_BYTES_MOST:
        part = connection.recv(LINE_BYTES_MOST)
        if not part:
            break
        line += part
    return line
