"""Starts the function runner's keeper, and ends it: the server's side.

Called before the root key is opened (threat model F-01). What is imported here is on the way of every start.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from strongroom.config import Settings

SOCKET_NAME: Final = "functions.sock"
DIRECTORY_NAME: Final = "functions"
END_S: Final = 4.0
_WAITING_MOST: Final = 128


class Keeper:
    """The keeper's process, and the pipe whose end tells it to end."""

    def __init__(self, pid: int, life: int, directory: Path) -> None:
        self._pid = pid
        self._life = life
        self._directory = directory

    def stop(self) -> None:
        """End it, and the runner and every sandbox with it; the code that was unpacked for them goes as well."""
        os.close(self._life)
        self._wait()
        _remove(self._directory)

    def _wait(self) -> None:
        limit = time.monotonic() + END_S
        try:
            while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
                if time.monotonic() > limit:
                    os.kill(self._pid, signal.SIGKILL)
                time.sleep(0.005)
        except ChildProcessError:
            return  # the supervisor has waited for it already


def start_keeper(settings: Settings, *, is_dev: bool) -> Keeper:
    """Start the keeper.

    Args:
        settings: What is in force; they hold no secret, and go to the keeper in its arguments.
        is_dev: Whether functions may use the host's network.
    """
    listening = _listen(settings.data_dir)
    directory = settings.data_dir.absolute() / DIRECTORY_NAME
    _remove(directory)  # left by a server that was killed
    alive, life = os.pipe()
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
        }
    ).decode()
    with listening:
        try:
            process = subprocess.Popen(  # noqa: S603 - our own words
                [
                    *(sys.executable, "-I", "-S", str(Path(__file__).with_name("keeper.py"))),
                    *(str(listening.fileno()), str(alive), message),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(listening.fileno(), alive),
                close_fds=True,
                env={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
                cwd="/",
                start_new_session=True,
            )
        finally:
            os.close(alive)
    _let_wait(process.pid)
    process.returncode = 0  # whoever waits for children of this process may wait for this one too
    return Keeper(process.pid, life, directory)


def _remove(directory: Path) -> None:
    """Remove the runner's files: unpacked code lies there as functions read it, in plain."""
    if directory.exists():
        import shutil

        shutil.rmtree(directory, ignore_errors=True)


def _let_wait(pid: int) -> None:
    """Let the keeper start when the server leaves it time: on one processor the first answer would wait for it."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text("19")
    if os.geteuid() == 0:  # nobody else can take it back, as the runner must
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, pid, 19)


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
