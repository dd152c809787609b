"""Which system calls a function may make: a filter by libseccomp, as the program that the kernel loads.

Rules (threat model F-02):
 - What is not listed does not exist (ENOSYS): a call that a later kernel brings is closed until somebody looks at it.
 - Another architecture's calls, x32's among them, end the process: their numbers would mean something else.
 - ``clone`` makes no namespace; ``clone3``, whose flags no filter can read, is answered with ENOSYS, and the C
   library takes ``clone``.
 - ``connect`` is asked of the runner (``network.py``). Nothing listens, and nothing connects in other ways: a socket
   that the runner gave away and that has ended is one of the machine's network, and must never begin anew.
 - No session of its own: with a scheduler that shares the processor between sessions, each would be worth as much as
   the server. No group of processes of its own: the signal that holds all of them must reach them in one call.
 - Memory that no process maps cannot be counted, so there is none of it: no memfd, no System V memory, no queues.

libseccomp is loaded from the system; without it functions are refused.
"""

from __future__ import annotations

import errno
import socket
import tempfile
from typing import Any, Final

from strongroom.errors import StrongroomError

_NAMESPACES: Final = 0x7E020080
"""CLONE_NEWTIME (0x80), NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET of <linux/sched.h>."""
_MSG_FASTOPEN: Final = 0x20000000
"""Sends and connects at once (<linux/socket.h>)."""
_TYPE_BITS: Final = 0xF
"""Of the second argument of ``socket``; the other bits are flags."""
_UNKNOWN: Final = -1
"""libseccomp's number for a name that it does not know (__NR_SCMP_ERROR)."""

_ALLOWED: Final = """
    accept accept4 access alarm arch_prctl bind brk capget chdir chmod chown clock_getres clock_gettime
    clock_nanosleep close close_range copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
    epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2
    fadvise64 fallocate fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync fgetxattr flistxattr
    flock fork fstat fstatfs fsync ftruncate futex futex_waitv get_robust_list getcpu getcwd getdents
    getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid
    getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid
    gettimeofday getuid getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl kill
    lchown lgetxattr link linkat listxattr llistxattr lseek lstat madvise membarrier mincore mkdir mkdirat
    mlock mmap mprotect mremap msync munlock munmap nanosleep newfstatat open openat openat2 pause pidfd_open
    pidfd_send_signal pipe pipe2 poll ppoll prctl pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev
    pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg rename renameat renameat2
    restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn
    rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max sched_get_priority_min
    sched_getaffinity sched_getattr sched_getparam sched_getscheduler sched_setaffinity sched_yield select
    sendfile set_robust_list set_tid_address setitimer setpriority setrlimit setsockopt shutdown
    sigaltstack signalfd signalfd4 socketpair splice stat statfs statx symlink symlinkat sync_file_range
    sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime
    timerfd_create timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat utime
    utimensat utimes vfork vmsplice wait4 waitid write writev
"""


class FilterUnavailable(StrongroomError):
    """The machine cannot filter system calls; the sentence says what is missing."""


def build_filter() -> bytes:
    """Make the program: an array of ``struct sock_filter``.

    Raises:
        FilterUnavailable: libseccomp is not there, or too old.
    """
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError, AttributeError) as problem:
        raise FilterUnavailable(
            "libseccomp is missing, so system calls cannot be filtered. On Debian: apt-get install libseccomp2"
        ) from problem
    try:
        with tempfile.TemporaryFile() as file:
            _rules(pyseccomp).export_bpf(file)
            file.seek(0)
            return file.read()
    except OSError as problem:
        raise FilterUnavailable(
            f"The filter of system calls cannot be made: {problem.strerror}."
        ) from problem


def _rules(library: Any) -> Any:
    made = library.SyscallFilter(library.ERRNO(errno.ENOSYS))
    made.set_attr(library.Attr.ACT_BADARCH, library.KILL_PROCESS)

    def add(action: int, name: str, *arguments: Any) -> None:
        number = library.resolve_syscall(library.Arch.NATIVE, name)
        if number != _UNKNOWN:  # else newer than the library: it does not exist
            made.add_rule(action, number, *arguments)

    for name in _ALLOWED.split():
        add(library.ALLOW, name)
    masked = library.MASKED_EQ
    add(library.ALLOW, "clone", library.Arg(0, masked, _NAMESPACES, 0))
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            of_family, of_kind = library.Arg(0, library.EQ, family), library.Arg(1, masked, _TYPE_BITS, kind)
            add(library.ALLOW, "socket", of_family, of_kind)
    add(library.NOTIFY, "connect")
    for name, position in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        add(library.ALLOW, name, library.Arg(position, masked, _MSG_FASTOPEN, 0))
    add(library.ERRNO(errno.EACCES), "listen")
    return made
