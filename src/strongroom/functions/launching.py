"""Starts the function runner's keeper, and ends it: the server's side.

Called before the root key is opened (threat model F-01). What is imported here is on the way of every start.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from strongroom.config import Settings

SOCKET_NAME: Final = "functions.sock"
DIRECTORY_NAME: Final = "functions"
END_S: Final = 4.0
_WAITING_MOST: Final = 128
_WHEN_TOLD: Final = 'read -r go && exec "$0" "$@" </dev/null'
"""What a shell does until ``Keeper.begin``: a program that starts in no time, before the root key is opened."""


class Keeper:
    """The keepers' processes, and the connection whose end tells them to end.

    Args:
        begin: Where a line makes the first one begin; an end without one makes it end.
        life: Our end. The other one is held by every keeper and by the runner, and by nobody else.
        directory: Of the runner's files.

    Attributes:
        pid: Of the first keeper that was started; another one may have taken its place.
    """

    def __init__(self, pid: int, begin: int, life: socket.socket, directory: Path) -> None:
        self.pid = pid
        self._begin = begin
        self._life = life
        self._directory = directory

    @property
    def is_alive(self) -> bool:
        """Whether there is a keeper; in every process that was forked from the one that started it."""
        return not _ends_within(self._life, 0.0)

    def begin(self) -> None:
        """Let it begin, when the server has started. Who calls a function before waits in the socket's queue."""
        with contextlib.suppress(BrokenPipeError):  # it was ended by somebody: ``is_alive`` says so
            os.write(self._begin, b"\n")

    def stop(self) -> None:
        """End them, and the runner and every sandbox with them; the code that was unpacked for them goes as well."""
        with contextlib.suppress(ChildProcessError):  # one that was waited for; its number may be another's
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
            _set_niceness(self.pid, 0)  # now the server waits for them
        os.close(self._begin)
        self._life.shutdown(socket.SHUT_WR)
        in_time = _ends_within(self._life, END_S)
        with contextlib.suppress(ChildProcessError):  # the supervisor has waited for it already
            if not in_time and os.waitpid(self.pid, os.WNOHANG) == (0, 0):
                os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        self._life.close()
        _remove(self._directory)


def start_keeper(settings: Settings, *, is_dev: bool) -> Keeper:
    """Start the keeper.

    Args:
        settings: What is in force; they hold no secret, and go to the keeper in its arguments.
        is_dev: Whether functions may use the host's network.
    """
    listening = _listen(settings.data_dir)
    directory = settings.data_dir.absolute() / DIRECTORY_NAME
    _remove(directory)  # left by a server that was killed
    life, alive = socket.socketpair()
    message = msgspec.json.encode(
        {
            "directory": str(directory),
            "runtime": str(runtime_of(settings)),
            "hidden": str(settings.data_dir.absolute()),
            "listed": settings.functions_egress,
            "is_open": is_dev,
            "is_local": is_dev or settings.rotate_local_targets,
            "unsandboxed": settings.functions_unsandboxed,
            "most_sandboxes": settings.functions_sandboxes,
            "idle_s": settings.functions_idle_s,
            "authorities": [
                str(path.absolute()) for path in (settings.tls_cert, settings.egress_ca) if path is not None
            ],
            "server": os.getpid(),
        }
    ).decode()
    told, begin = os.pipe()
    with listening, alive, open(told, "rb", buffering=0):
        process = subprocess.Popen(  # noqa: S603 - our own words
            [
                *("/bin/sh", "-c", _WHEN_TOLD),
                *(sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py"))),
                *(str(listening.fileno()), str(alive.fileno()), message),
            ],
            stdin=told,
            stdout=subprocess.DEVNULL,
            pass_fds=(listening.fileno(), alive.fileno()),
            close_fds=True,
            env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
            cwd="/",
            start_new_session=True,
        )
    # Even so it begins when the server leaves it time: on one processor a request would wait for it.
    _set_niceness(process.pid, 19)
    process.returncode = 0  # whoever waits for children of this process may wait for this one too
    return Keeper(process.pid, begin, life, directory)


def _ends_within(life: socket.socket, limit_s: float) -> bool:
    """Wait until nobody holds the other end; False when somebody still does after so long."""
    waiting = select.poll()
    waiting.register(life, select.POLLIN)  # nothing is ever sent
    return bool(waiting.poll(limit_s * 1_000))


def _remove(directory: Path) -> None:
    """Remove the runner's files: unpacked code lies there as functions read it, in plain."""
    if directory.exists():
        import shutil

        shutil.rmtree(directory, ignore_errors=True)


def _set_niceness(pid: int, niceness: int) -> None:
    """Set the niceness of a keeper, and of its session if the scheduler looks at those first."""
    if os.geteuid() == 0:  # nobody else can take back what was given away
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, niceness)
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))


def runtime_of(settings: Settings) -> Path:
    """Say where the runtime of functions is: the client of their Runtime API, and boto3."""
    if settings.functions_runtime is not None:
        return settings.functions_runtime.absolute()
    return Path(sys.prefix) / "functions"


def _listen(data_dir: Path) -> socket.socket:
    path = data_dir / SOCKET_NAME
    path.unlink(missing_ok=True)  # left by a server that was killed: the claim on the directory is ours
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    directory = os.open(data_dir, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        # Through a descriptor: the address of a local socket is short, and a data directory may lie deep.
        listening.bind(f"/proc/self/fd/{directory}/{SOCKET_NAME}")
        os.chmod(path, 0o600)
        listening.listen(_WAITING_MOST)
    except BaseException:
        listening.close()
        raise
    finally:
        os.close(directory)
    return listening
