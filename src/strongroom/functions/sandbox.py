"""One sandbox: a function's runtime in its namespaces, from its start to its end.

Rules:
 - It is started by a thread that lives as long as the runner: bubblewrap ends with the thread that made it.
 - Between invocations it is frozen: nothing in it runs, and nothing of one invocation goes on outside of another.
 - Within an invocation it may be held for moments (``hold.py``): its first process is not, it hears orders then too.
 - Its end is the end of every process in it. ``kill`` returns when they are gone.
 - What it gets to know (environment, credentials) goes over a socket to its first process, never into arguments.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import signal
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import msgspec

from strongroom.errors import StrongroomError
from strongroom.functions import bubblewrap
from strongroom.functions.ground import Ground
from strongroom.functions.network import Gate
from strongroom.functions.output import Output
from strongroom.functions.reach import INSIDE_ADDRESS, RUNTIME_PORT, Reach
from strongroom.functions.runtime_api import RuntimeAPI
from strongroom.functions.share import BURNING_NICENESS, BURNING_S, NICENESS, set_share
from strongroom.functions.usage import Usage, shared_fairly_mb, usage_of

log = logging.getLogger(__name__)

MEMORY_SLACK_MB: Final = 16
"""What a sandbox may have above its memory: its first process and pages that are counted twice."""
START_S: Final = 20.0
FREEZE_S: Final = 2.0
END_S: Final = 5.0
PROCESSES_MOST: Final = 256
FILES_MOST: Final = 1_024
PROCESSOR_S: Final = 1_800
STACK_BYTES: Final = 8_388_608
_DATA_SLACK_MB: Final = 64


class SandboxFailed(StrongroomError):
    """The sandbox could not be started; the sentence is for operators."""


class Wish(msgspec.Struct, frozen=True):
    """What a sandbox is to be.

    Attributes:
        slot: Its place among the sandboxes; it decides the user id.
        arguments: The command of the function's process.
        environment: Of that process; credentials are in it.
        code: The unpacked code.
        layers: The unpacked layers, if there are any.
        hosts: The file of hosts.
        ca: What clients in it trust, if our endpoint speaks TLS.
        memory_mb: Its memory.
        ephemeral_mb: Size of its ``/tmp``.
        reach: What it may connect to.
    """

    slot: int
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    code: Path
    layers: Path | None
    hosts: Path
    ca: Path | None
    memory_mb: int
    ephemeral_mb: int
    reach: Reach


class Spawner:
    """Starts processes on a thread that does not end before the runner does."""

    def __init__(self) -> None:
        self._wanted: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        threading.Thread(target=self._run, name="spawner", daemon=True).start()

    def run(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """Start a process."""
        done: Future[Any] = Future()
        self._wanted.put((start, done))
        started: subprocess.Popen[bytes] = done.result(START_S)
        return started

    def _run(self) -> None:
        while True:
            start, done = self._wanted.get()
            try:
                done.set_result(start())
            except Exception as problem:  # noqa: BLE001 - raised where it is waited for
                done.set_exception(problem)


class Sandbox:
    """A sandbox that was started.

    Attributes:
        runtime: Its Runtime API.
        output: What it prints.
        exit_code: How the function's process ended: a status, a negative signal, None while it lives.
        peak_mb: The most memory seen so far.
        was_too_large: Whether it was ended because of its memory.
    """

    def __init__(self, ground: Ground, spawner: Spawner, instructions: bytes, wish: Wish) -> None:
        self.runtime = RuntimeAPI()
        self.exit_code: int | None = None
        self.peak_mb = 0.0
        self.was_too_large = False
        self.memory_mb = wish.memory_mb
        self._frozen = threading.Event()
        self._started = threading.Event()
        self._ended = threading.Event()
        self._init = 0
        self._wanted_niceness = NICENESS
        self._niceness: int | None = None
        self._used_before_s = 0.0
        self._share = threading.Lock()  # one thread looks while another one lets it go on
        self._is_hungry = False
        self._measured: tuple[Usage, float] | None = None
        self._is_resting = False
        self._signals = threading.Lock()  # who holds it back must not wake what was frozen meanwhile
        ours, theirs = socket.socketpair()
        self._control = ours
        reading, writing = os.pipe()
        self.output = Output(reading)
        try:
            self._process = spawner.run(lambda: _call_bubblewrap(ground, wish, theirs, writing))
        except OSError as problem:
            ours.close()
            os.close(reading)
            raise SandboxFailed(f"bubblewrap cannot be called: {problem.strerror}.") from problem
        finally:
            theirs.close()
            os.close(writing)
        self.output.start()
        self._reach = wish.reach
        threading.Thread(target=self._listen, name="sandbox", daemon=True).start()
        start = {
            "limits": limits_of(wish),
            "filter": instructions.hex(),
            "directory": "/var/task",
            "arguments": wish.arguments,
            "environment": dict(wish.environment),
        }
        message = json.dumps(start).encode()
        with contextlib.suppress(OSError):  # its end is noticed below
            ours.sendall(struct.pack("!I", len(message)) + message)
        if not self._started.wait(START_S) or self._ended.is_set():
            self.kill()
            said = b"".join(piece for _, piece in self.output.take()[0]).decode("utf-8", errors="replace")
            lines = said.strip().splitlines()
            raise SandboxFailed(f"The sandbox did not start: {lines[-1] if lines else 'it says nothing'}.")

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._ended.is_set()

    @property
    def is_hungry(self) -> bool:
        """Whether it burned much of a processor in this invocation."""
        return self._is_hungry

    def freeze(self) -> bool:
        """Stop everything in it; False when that failed and it is of no use any more."""
        with self._signals:
            self._is_resting = True
        self._frozen.clear()
        return self._order(b"f") and self._frozen.wait(FREEZE_S) and not self._ended.is_set()

    def thaw(self) -> bool:
        """Let everything in it go on; False when it has ended."""
        with self._share:
            self._used_before_s = usage_of(self._init).processor_s
            self._is_hungry = False
            self._give_way(NICENESS)
        with self._signals:
            self._is_resting = False
        return self._order(b"t") and not self._ended.is_set()

    def hold(self) -> None:
        """Stop everything in it but its first process, if it is hungry and an invocation is under way."""
        if self._is_hungry:
            self._signal_group(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let everything in it go on that was held, unless it was frozen meanwhile."""
        self._signal_group(signal.SIGCONT)

    def kill(self) -> None:
        """End every process in it, and wait until they are gone."""
        watch = _watch(self._init)
        for pid in (self._init, self._process.pid):
            if pid and self._process.poll() is None:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            log.error("a sandbox does not end")
        if watch is not None:
            select.select([watch], [], [], END_S)  # process 1 ends after every other process of its namespace
            os.close(watch)
        self._end()

    def look(self) -> None:
        """Look at what its processes use, and end it when that is too much memory."""
        with self._share:
            usage = usage_of(self._init)
            self._is_hungry = usage.processor_s - self._used_before_s > BURNING_S
            self._give_way(BURNING_NICENESS if self._is_hungry else self._wanted_niceness)
        used = usage.resident_mb
        if used > self.memory_mb:
            used = self._without_what_is_shared(usage)
        self.peak_mb = max(self.peak_mb, used)
        if used > self.memory_mb + MEMORY_SLACK_MB:
            self.was_too_large = True
            self.kill()

    def _without_what_is_shared(self, usage: Usage) -> float:
        """Give its memory; measured anew, which takes long, only where it can be too much by now."""
        if self._measured is not None:
            before, measured_mb = self._measured
            grown_mb = usage.grown_mb(before)
            if grown_mb is not None and measured_mb + grown_mb < self.memory_mb:
                return measured_mb
        measured_mb = shared_fairly_mb(self._init)
        self._measured = usage, measured_mb
        return measured_mb

    def _signal_group(self, number: signal.Signals) -> None:
        """Send a signal to every process in it at once, but for the first one.

        All are in the group of the first process, and stay there: neither ``setpgid`` nor ``setsid`` exist inside.
        One call reaches all of a group, so none can fork its way out.
        """
        with self._signals:
            if self._is_resting or self._ended.is_set() or self._process.poll() is not None:
                return
            try:
                if self._init and os.getpgid(self._init) == self._init:
                    os.killpg(self._init, number)
                    os.kill(self._init, signal.SIGCONT)
            except ProcessLookupError:
                return

    def _give_way(self, niceness: int) -> None:
        """Set its niceness, unless it has it; what failed is tried again with the next look."""
        self._wanted_niceness = niceness
        if self._init and self._niceness != niceness:
            self._niceness = niceness if set_share(self._init, niceness) else None

    def _order(self, letter: bytes) -> bool:
        try:
            self._control.sendall(letter)
        except OSError:
            return False
        return True

    def _listen(self) -> None:
        """Hear what the first process says, until it ends."""
        buffer = b""
        try:
            while True:
                data, descriptors, _, _ = socket.recv_fds(self._control, 4096, 1)
                if not data:
                    return
                for descriptor in descriptors:
                    with self._share:
                        self._init = _child_of(self._process.pid)
                        self._give_way(NICENESS)  # from outside: inside nothing of /proc can be written to
                    Gate(descriptor, self._reach, self.runtime.take_connection, self.output.note).start()
                buffer += data
                *lines, buffer = buffer.split(b"\n")
                for line in lines:
                    self._hear(json.loads(line))
        except (OSError, ValueError):
            return
        finally:
            self._end()

    def _hear(self, said: Mapping[str, Any]) -> None:
        if "started" in said:
            self._started.set()
        elif "frozen" in said:
            self._frozen.set()
        elif "ended" in said:
            self.exit_code = int(said["ended"])
            self.output.drain(0.2)
            self.runtime.end()

    def _end(self) -> None:
        self._ended.set()
        self._started.set()
        self._frozen.set()
        self.runtime.end()
        try:
            self._control.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


def runtime_address() -> str:
    """Give what ``AWS_LAMBDA_RUNTIME_API`` says in every sandbox."""
    return f"{INSIDE_ADDRESS}:{RUNTIME_PORT}"


def _call_bubblewrap(
    ground: Ground, wish: Wish, control: socket.socket, writing: int
) -> subprocess.Popen[bytes]:
    user = ground.user_of(wish.slot)
    who: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": ()}
    command = bubblewrap.arguments(
        ground,
        code=wish.code,
        layers=wish.layers,
        hosts=wish.hosts,
        ca=wish.ca,
        ephemeral_mb=wish.ephemeral_mb,
        control=control.fileno(),
    )
    return subprocess.Popen(  # noqa: S603 - our own words
        command,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        pass_fds=(control.fileno(),),
        close_fds=True,
        env={"PATH": "/usr/bin:/bin"},
        cwd="/",
        **who,
    )


def limits_of(wish: Wish) -> dict[str, int]:
    return {
        "RLIMIT_CORE": 0,
        "RLIMIT_NPROC": PROCESSES_MOST,
        "RLIMIT_NOFILE": FILES_MOST,
        "RLIMIT_FSIZE": wish.ephemeral_mb * 1_048_576,
        "RLIMIT_DATA": (wish.memory_mb + _DATA_SLACK_MB) * 1_048_576,
        "RLIMIT_CPU": PROCESSOR_S,
        "RLIMIT_STACK": STACK_BYTES,
        "RLIMIT_MEMLOCK": 65_536,
        "RLIMIT_MSGQUEUE": 0,
    }


def _child_of(pid: int) -> int:
    """Find process 1 of the sandbox: the only child of bubblewrap's first process."""
    try:
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    except (OSError, IndexError):
        return 0


def _watch(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid) if pid else None
    except OSError:
        return None
