"""The first process of a sandbox: closes the last doors, starts the function's runtime, freezes and reaps.

It is started by bubblewrap as process 1 of the sandbox, runs on the standard library alone, and imports nothing of
Strongroom: this file is all of it that a function can see. What it is told comes over one socket, never in arguments.

Order: limits, then no new privileges, then the filter of system calls with its listener, which goes to the runner,
then the function's process. From there on: ``f`` stops every process but this one, ``t`` lets them go on; the end
of the function's process is reported, and the end of the socket ends the sandbox.

Messages, from the runner: four bytes of length and JSON (the start), then single letters. To the runner: lines of
JSON, the first with the listener's descriptor.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import signal
import socket
import struct
import sys

TYPE_CHECKING = False  # typing itself is not imported: a sandbox starts sooner
if TYPE_CHECKING:
    from typing import Any

_PR_SET_DUMPABLE = 4  # <linux/prctl.h>
_PR_SET_NO_NEW_PRIVS = 38
_SET_MODE_FILTER = 1  # <linux/seccomp.h>
_NEW_LISTENER = 8
_SECCOMP_CALLS = {"x86_64": 317, "aarch64": 277, "riscv64": 277, "s390x": 348, "ppc64le": 358}
"""The number of seccomp(2): the C library has no function for it."""


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def main() -> None:
    """Run the sandbox until the runner or the function ends it."""
    control = socket.socket(fileno=int(sys.argv[1]))
    control.set_inheritable(False)
    start = _read_start(control)
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno())
    for name, most in start["limits"].items():
        resource.setrlimit(getattr(resource, name), (most, most))
    listener = _close_doors(bytes.fromhex(start["filter"]))
    child = _start(start)
    socket.send_fds(control, [b'{"started": true}\n'], [listener])
    os.close(listener)
    _serve(control, woken, child)


def _serve(control: socket.socket, woken: socket.socket, child: int) -> None:
    ends = select.poll()
    ends.register(control, select.POLLIN)
    ends.register(woken, select.POLLIN)
    while True:
        ready = {number for number, _ in ends.poll()}
        if woken.fileno() in ready:
            woken.recv(4096)
            _reap(control, child)
        if control.fileno() in ready:
            order = control.recv(1)
            if order == b"f":
                # Every process of this namespace but the caller, at once: none can fork its way out.
                _signal_all(signal.SIGSTOP)
                control.sendall(b'{"frozen": true}\n')
            elif order == b"t":
                _signal_all(signal.SIGCONT)
            else:
                os._exit(0)  # and with process 1 everything ends


def _signal_all(number: int) -> None:
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        return  # there is none


def _reap(control: socket.socket, child: int) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid == child:
            ended = {"ended": os.waitstatus_to_exitcode(status)}
            control.sendall(json.dumps(ended).encode() + b"\n")


def _read_start(control: socket.socket) -> dict[str, Any]:
    (length,) = struct.unpack("!I", _read(control, 4))
    start: dict[str, Any] = json.loads(_read(control, length))
    return start


def _read(control: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        part = control.recv(length - len(data))
        if not part:
            os._exit(1)
        data += part
    return data


def _close_doors(instructions: bytes) -> int:
    libc = ctypes.CDLL(None, use_errno=True)
    # Nobody in the sandbox may look into this process.
    if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) or libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    program = _Program(len(instructions) // 8, instructions)
    call = _SECCOMP_CALLS[os.uname().machine]
    listener: int = libc.syscall(call, _SET_MODE_FILTER, _NEW_LISTENER, ctypes.byref(program))
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return listener


def _start(start: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        os.chdir(start["directory"])
        os.execve(start["arguments"][0], start["arguments"], start["environment"])  # noqa: S606
    finally:
        os._exit(127)


if __name__ == "__main__":
    main()
