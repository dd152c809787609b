"""A function's process without a sandbox, where the operator's configuration says so (``functions_unsandboxed``).

It has the rights of the server's user and the machine's network: whoever may deploy a function owns the server.
What is left are its own process group, which ends with it, limits of the kernel, and the Runtime API on a port of
loopback.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import subprocess
import threading
from typing import Any

from strongroom.functions.output import Output
from strongroom.functions.runtime_api import RuntimeAPI
from strongroom.functions.sandbox import (
    END_S,
    MEMORY_SLACK_MB,
    SandboxFailed,
    Spawner,
    Wish,
    limits_of,
)
from strongroom.functions.usage import usage_of


class BareProcess:
    """A function's process; to be used as a ``Sandbox`` is."""

    def __init__(self, spawner: Spawner, wish: Wish) -> None:
        self.runtime = RuntimeAPI()
        self.exit_code: int | None = None
        self.peak_mb = 0.0
        self.was_too_large = False
        self._memory_mb = wish.memory_mb
        self._listening = socket.create_server(("127.0.0.1", 0))
        port = self._listening.getsockname()[1]
        reading, writing = os.pipe()
        self.output = Output(reading)
        environment = {**wish.environment, "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{port}"}
        try:
            self._process = spawner.run(lambda: _start(wish, environment, writing))
        except OSError as problem:
            self._listening.close()
            raise SandboxFailed(f"The function's process cannot be started: {problem.strerror}.") from problem
        finally:
            os.close(writing)
        for name, most in limits_of(wish).items():
            if name != "RLIMIT_NPROC":  # it would count every process of the server's user
                resource.prlimit(self._process.pid, getattr(resource, name), (most, most))
        self.output.start()
        threading.Thread(target=self._accept, name="runtime-api", daemon=True).start()
        threading.Thread(target=self._wait, name="function", daemon=True).start()

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    @property
    def is_hungry(self) -> bool:
        """Never said of it: without a sandbox nothing holds it back."""
        return False

    def hold(self) -> None:
        """Do nothing: it is never hungry."""

    def go_on(self) -> None:
        """Do nothing: it was not held."""

    def freeze(self) -> bool:
        """Stop it and its group."""
        return self._signal(signal.SIGSTOP)

    def thaw(self) -> bool:
        """Let it go on."""
        return self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it and its group."""
        self._signal(signal.SIGKILL)
        self._process.wait(END_S)
        self.runtime.end()

    def look(self) -> None:
        """Look at what it uses, and end it when that is too much memory."""
        used = usage_of(self._process.pid).resident_mb
        self.peak_mb = max(self.peak_mb, used)
        if used > self._memory_mb + MEMORY_SLACK_MB:
            self.was_too_large = True
            self.kill()

    def _signal(self, number: signal.Signals) -> bool:
        try:
            os.killpg(self._process.pid, number)
        except ProcessLookupError:
            return False
        return not self.is_over

    def _accept(self) -> None:
        with self._listening:
            while not self.runtime.is_over:
                if select.select([self._listening], [], [], 0.5)[0]:
                    connection, _ = self._listening.accept()
                    self.runtime.take_connection(connection)

    def _wait(self) -> None:
        self.exit_code = self._process.wait()
        self.output.drain(0.2)
        self.runtime.end()


def _start(wish: Wish, environment: dict[str, str], writing: int) -> subprocess.Popen[Any]:
    return subprocess.Popen(  # noqa: S603 - the operator wants it so
        wish.arguments,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        close_fds=True,
        env=environment,
        cwd=wish.code,
        start_new_session=True,
    )
