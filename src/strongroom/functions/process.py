"""The runner's process: ``python -m strongroom.functions.process LISTENING LIFE CONFIGURATION``.

Rules (threat model F-01):
 - It holds no key and opens no store; where it may, it hides the data directory from itself.
 - Who speaks to it is the server's user or root: the socket is closed to others, and the other side's id is checked.
 - It ends when the server does, and every sandbox with it.
 - Why functions cannot be run here is said to everybody who asks, not only in a log.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import select
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from strongroom.errors import StrongroomError
from strongroom.functions import bubblewrap, ground, seccomp
from strongroom.functions.messages import (
    CODE_PART_BYTES,
    MOST_CODE_BYTES,
    Answered,
    CodeWanted,
    ConversationEnded,
    Refused,
    receive_asked,
    receive_frame,
    send,
)
from strongroom.functions.reach import parse_listed
from strongroom.functions.runner import Runner, RunnerRefuses, RunnerSettings

log = logging.getLogger(__name__)

CONVERSATIONS_MOST: Final = 256
NICENESS: Final = 5
_PR_SET_PDEATHSIG: Final = 1  # <linux/prctl.h>
_PEER: Final = struct.Struct("iII")


def main() -> None:
    """Run functions until the server has ended."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    life = int(sys.argv[2])
    settings = msgspec.json.decode(sys.argv[3], type=RunnerSettings)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s")
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for descriptor in (listening.fileno(), life):
        os.set_inheritable(descriptor, False)
    # The server's lets nobody else read; the users of sandboxes must read what is made for them.
    os.umask(0o022)
    _use_less()
    try:
        runner: Runner | None = _make_runner(settings)
        reason = ""
    except StrongroomError as problem:
        runner, reason = None, str(problem)
        log.warning("functions cannot be run: %s", reason)
    Desk(runner, reason).serve(listening, life)
    os._exit(0)


def _make_runner(settings: RunnerSettings) -> Runner:
    directory = Path(settings.directory)
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700, parents=True)
    ca = _authorities(settings)
    ready = ground.prepare(
        directory,
        Path(settings.runtime),
        None if settings.hidden is None else Path(settings.hidden),
        has_sandboxes=not settings.unsandboxed,
        is_open=settings.is_open,
        authorities=ca,
    )
    instructions = b""
    if not settings.unsandboxed:
        problem = bubblewrap.find_problem(ready.user_of(0))
        if problem is not None:
            raise RunnerRefuses(problem)
        instructions = seccomp.build_filter()
    inside = ready.work / "etc" / ground.AUTHORITIES_NAME if ca is not None else None
    return Runner(settings, ready, instructions, parse_listed(settings.listed), inside)


def _authorities(settings: RunnerSettings) -> bytes | None:
    """Put together what functions trust, before the data directory is hidden; None for the system's alone."""
    if not settings.authorities:
        return None
    own = [Path(path).read_bytes() for path in settings.authorities if os.path.exists(path)]
    system = ground.system_authorities()
    if system is not None:
        own.append(system.read_bytes())
    return b"\n".join(own)


def _use_less() -> None:
    """Give way to the server, as much as functions do at first."""
    with contextlib.suppress(OSError):  # only root may take back what the keeper gave
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
    with contextlib.suppress(OSError):  # the scheduler does not share between sessions here
        Path("/proc/self/autogroup").write_text(str(NICENESS))


class Desk:
    """Answers on the runner's socket.

    Args:
        runner: Runs functions; None when they cannot be run here.
        reason: Why not.
    """

    def __init__(self, runner: Runner | None, reason: str) -> None:
        self._runner = runner
        self._reason = reason
        self._places = threading.BoundedSemaphore(CONVERSATIONS_MOST)

    def serve(self, listening: socket.socket, life: int) -> None:
        """Answer until the server has ended."""
        waiting = select.poll()
        waiting.register(life, select.POLLIN)
        waiting.register(listening, select.POLLIN)
        while life not in {number for number, _ in waiting.poll()}:
            connection, _ = listening.accept()
            if _may_speak(connection) and self._places.acquire(blocking=False):
                threading.Thread(target=self._converse, args=(connection,), name="desk", daemon=True).start()
            else:
                connection.close()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection:
                self._answer(connection)
        except ConversationEnded:
            log.info("who asked for a function went away")
        except Exception as problem:  # noqa: BLE001 - a defect in one invocation must not end the others
            log.error("an invocation failed: %s: %s", type(problem).__name__, _place_of(problem))
        finally:
            self._places.release()

    def _answer(self, connection: socket.socket) -> None:
        asked = receive_asked(connection)
        if self._runner is None:
            send(connection, Refused(self._reason))
            return
        with tempfile.TemporaryDirectory(prefix="archives-", dir=self._runner.work) as place:

            def fetch(digest: bytes) -> Path:
                return _fetch(connection, digest, Path(place) / digest.hex())

            self._runner.run(asked, fetch, _quietly(connection))


def _quietly(connection: socket.socket) -> Callable[[Answered | Refused], None]:
    def answer(reply: Answered | Refused) -> None:
        try:
            send(connection, reply)
        except ConversationEnded:
            log.info("who asked for a function went away before it ended")

    return answer


def _fetch(connection: socket.socket, digest: bytes, place: Path) -> Path:
    send(connection, CodeWanted(digest))
    total = 0
    with place.open("wb") as file:
        while part := receive_frame(connection, CODE_PART_BYTES):
            total += len(part)
            if total > MOST_CODE_BYTES:
                raise ConversationEnded
            file.write(part)
    return place


def _may_speak(connection: socket.socket) -> bool:
    _, user, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    return user in (os.geteuid(), 0)


def _place_of(problem: BaseException) -> str:
    trace = problem.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return "" if trace is None else f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


if __name__ == "__main__":
    main()
