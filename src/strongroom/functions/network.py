"""The way out of a sandbox: the runner connects, and hands the connected socket in.

A sandbox has a network namespace of its own with nothing in it. Its ``connect`` calls stop in the kernel until the
runner has answered them. Rules (threat model F-03):

 - The address is read from the function's memory once. What was judged is what is connected to: the function can
   change its copy meanwhile, and nothing comes of it. No call is ever let through to the kernel ("continue").
 - Only a socket whose connection stands is handed in, in place of the function's own, with its flags and options. A
   connection that fails leaves the function with the socket that it had, which leads nowhere.
 - ``connect`` takes as long as the connection takes, for a non-blocking socket too.
 - The Runtime API is such a connection as well: a pair that ends in the runner, so nobody else can reach it.
 - What is not allowed is said in the function's log: functions take it for a database that does not answer, and
   whoever runs them would look there.
 - A function that asks for what it must not have, or what does not answer, waits for that longer each time: asking is
   work for the runner, and others wait for it too.

Source: seccomp_unotify(2); linux/seccomp.h.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import logging
import os
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address
from typing import Final, NamedTuple

from strongroom.functions.reach import INSIDE_ADDRESS, INSIDE_LOOPBACK, RUNTIME_PORT, Reach

log = logging.getLogger(__name__)

CONNECT_S: Final = 10.0
FAILURE_PAUSE_S: Final = 0.005
FAILURE_PAUSE_MOST_S: Final = 0.1
"""What a sandbox waits for the answer that it may not, or cannot, connect: longer each time, up to this."""
CONNECTING_MOST: Final = 8
_RECEIVE: Final = 0xC0502100  # SECCOMP_IOCTL_NOTIF_RECV and so on of <linux/seccomp.h>
_SEND: Final = 0xC0182101
_IS_VALID: Final = 0x40082102
_ADD_FD: Final = 0x40182103
_ADD_SET_FD: Final = 1
_ASKED: Final = struct.Struct("=QIIiIQ6Q")
_ANSWER: Final = struct.Struct("=QqiI")
_ADDED: Final = struct.Struct("=QIIII")
_PIDFD_GETFD: Final = 438  # the same number on every architecture
_ADDRESS_BYTES_MOST: Final = 128
_NOT_ALLOWED: Final = "Not allowed: a connection to {} port {}. See functions_egress, rotate_local_targets."
_OPTIONS: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE),
    (socket.IPPROTO_TCP, socket.TCP_NODELAY),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
)
_TIMES: Final = (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO)
_TIME_BYTES: Final = 16
_libc = ctypes.CDLL(None, use_errno=True)


class _Call(NamedTuple):
    """One ``connect`` that waits."""

    number: int
    thread: int
    descriptor: int
    address: int
    length: int


class Gate:
    """Answers the ``connect`` calls of one sandbox until it ends.

    Args:
        listener: The descriptor of its filter; closed at the end.
        reach: What it may connect to.
        take_runtime: Gets the runner's end of a connection to the Runtime API.
        note: Gets a line for the function's log.
    """

    def __init__(
        self,
        listener: int,
        reach: Reach,
        take_runtime: Callable[[socket.socket], None],
        note: Callable[[str], None],
    ) -> None:
        self._note = note
        self._listener = listener
        self._reach = reach
        self._take_runtime = take_runtime
        self._failures = 0
        self._connecting = ThreadPoolExecutor(CONNECTING_MOST, thread_name_prefix="connect")
        self._thread = threading.Thread(target=self._run, name="gate", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def _run(self) -> None:
        waiting = select.poll()
        waiting.register(self._listener, select.POLLIN)
        try:
            while True:
                (_, events), *_ = waiting.poll() or [(0, 0)]
                if not events & select.POLLIN:
                    return  # every process of the sandbox has ended
                call = self._receive()
                if call is not None:
                    self._connecting.submit(self._answer, call)
        finally:
            self._connecting.shutdown(wait=True, cancel_futures=True)
            os.close(self._listener)

    def _receive(self) -> _Call | None:
        buffer = bytearray(_ASKED.size)
        try:
            fcntl.ioctl(self._listener, _RECEIVE, buffer)
        except OSError:
            return None  # who called has ended meanwhile
        number, thread, _, _, _, _, descriptor, address, length, *_ = _ASKED.unpack(buffer)
        return _Call(number, thread, descriptor & 0xFFFFFFFF, address, length & 0xFFFFFFFF)

    def _answer(self, call: _Call) -> None:
        try:
            self._connect(call)
            result = 0
        except OSError as problem:
            result = -(problem.errno or errno.EACCES)
            self._failures += 1
            time.sleep(min(FAILURE_PAUSE_MOST_S, FAILURE_PAUSE_S * self._failures))
        except Exception as problem:  # noqa: BLE001 - the call must be answered, or it would wait for ever
            log.error("a connection of a function failed: %s", type(problem).__name__)
            result = -errno.EACCES
        try:
            fcntl.ioctl(self._listener, _SEND, _ANSWER.pack(call.number, 0, result, 0))
        except OSError:
            return  # who called has ended meanwhile

    def _connect(self, call: _Call) -> None:
        """Make the connection and put it in the place of the function's socket.

        Raises:
            OSError: What the function's ``connect`` fails with.
        """
        address, port, family = self._read_address(call)
        with _theirs(call.thread, call.descriptor) as theirs:
            if theirs.family != family:
                raise OSError(errno.EAFNOSUPPORT, "another family")
            _flags, is_nonblocking, closes = _descriptor_flags(call)
            if theirs.type == socket.SOCK_STREAM and (address, port) == (INSIDE_ADDRESS, RUNTIME_PORT):
                ours, runners = _pair()
                self._take_runtime(runners)
            else:
                found = self._reach.find(address, port, theirs.type)
                if found is None:
                    if (
                        theirs.type == socket.SOCK_STREAM
                    ):  # datagrams: the C library, which looks for a route or a name
                        self._note(_NOT_ALLOWED.format(address, port))
                    raise OSError(errno.EACCES, "not allowed")
                ours = _open(theirs, found)
            with ours:
                _copy_options(theirs, ours)
                ours.setblocking(not is_nonblocking)
                self._check(call)
                close_on_exec = os.O_CLOEXEC if closes else 0
                added = _ADDED.pack(call.number, _ADD_SET_FD, ours.fileno(), call.descriptor, close_on_exec)
                fcntl.ioctl(self._listener, _ADD_FD, added)

    def _read_address(self, call: _Call) -> tuple[str, int, int]:
        if call.length > _ADDRESS_BYTES_MOST:
            raise OSError(errno.EINVAL, "too long")
        try:
            memory = os.open(f"/proc/{call.thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
        except OSError as problem:
            raise OSError(errno.EACCES, "unreadable") from problem
        try:
            # The id of the thread may have been given to another since: only now is it known whose memory is open.
            self._check(call)
            try:
                raw = os.pread(memory, call.length, call.address)
            except (OSError, OverflowError) as problem:
                raise OSError(errno.EFAULT, "no address") from problem
        finally:
            os.close(memory)
        return _parse_address(raw)

    def _check(self, call: _Call) -> None:
        try:
            fcntl.ioctl(self._listener, _IS_VALID, struct.pack("=Q", call.number))
        except OSError as problem:
            raise OSError(errno.EINTR, "the call is gone") from problem


def _parse_address(raw: bytes) -> tuple[str, int, int]:
    if len(raw) < 2:
        raise OSError(errno.EINVAL, "too short")
    (family,) = struct.unpack_from("=H", raw)
    if family == socket.AF_INET and len(raw) >= 8:
        port, packed = struct.unpack_from("!H4s", raw, 2)
        return str(ip_address(packed)), port, family
    if family == socket.AF_INET6 and len(raw) >= 24:
        port, _, packed = struct.unpack_from("!HI16s", raw, 2)
        return str(ip_address(packed)), port, family
    if family == socket.AF_UNIX:
        raise OSError(errno.ENOENT, "there are none")
    # AF_UNSPEC among them: a socket of the machine's network must not be let loose.
    raise OSError(errno.EACCES, "no address of the internet")


def _theirs(thread: int, descriptor: int) -> socket.socket:
    """Get the function's own socket, to look at it."""
    process = os.pidfd_open(_process_of(thread))
    try:
        copied = _libc.syscall(_PIDFD_GETFD, process, ctypes.c_int(descriptor), 0)
        if copied < 0:
            raise OSError(ctypes.get_errno(), "no such descriptor")
    finally:
        os.close(process)
    try:
        return socket.socket(fileno=copied)
    except OSError:
        os.close(copied)
        raise


def _process_of(thread: int) -> int:
    with open(f"/proc/{thread}/status") as file:
        for line in file:
            if line.startswith("Tgid:"):
                return int(line.split()[1])
    raise OSError(errno.ESRCH, "no such thread")


def _descriptor_flags(call: _Call) -> tuple[int, bool, bool]:
    with open(f"/proc/{call.thread}/fdinfo/{call.descriptor}") as file:
        for line in file:
            if line.startswith("flags:"):
                flags = int(line.split()[1], 8)
                return flags, bool(flags & os.O_NONBLOCK), bool(flags & os.O_CLOEXEC)
    raise OSError(errno.EBADF, "no such descriptor")


def _open(theirs: socket.socket, place: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in place[0] else socket.AF_INET
    made = socket.socket(family, theirs.type | socket.SOCK_CLOEXEC)
    try:
        made.settimeout(CONNECT_S)
        made.connect(place)
    except TimeoutError as problem:
        made.close()
        raise OSError(errno.ETIMEDOUT, "no answer") from problem
    except BaseException:
        made.close()
        raise
    return made


def _pair() -> tuple[socket.socket, socket.socket]:
    """Make two ends of a connection over loopback that nobody else can have got between.

    Not a pair of local sockets: clients set options of TCP on it.
    """
    with socket.create_server((INSIDE_LOOPBACK, 0), backlog=1) as listening:
        theirs = socket.create_connection(listening.getsockname(), CONNECT_S)
        try:
            while True:
                listening.settimeout(CONNECT_S)
                ours, peer = listening.accept()
                if peer == theirs.getsockname():
                    return theirs, ours
                ours.close()  # somebody of this machine was quicker
        except BaseException:
            theirs.close()
            raise


def _copy_options(theirs: socket.socket, ours: socket.socket) -> None:
    for level, name in _OPTIONS if ours.type == socket.SOCK_STREAM else ():
        ours.setsockopt(level, name, theirs.getsockopt(level, name))
    for name in _TIMES:
        ours.setsockopt(socket.SOL_SOCKET, name, theirs.getsockopt(socket.SOL_SOCKET, name, _TIME_BYTES))
