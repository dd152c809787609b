"""Keeps a function runner alive: ``keeper.py LISTENING LIFE CONFIGURATION``, started before the root key is opened.

Two processes of this program watch each other::

    server ──starts──▶ first keeper ──starts──▶ second keeper ──starts──▶ runner ──starts──▶ sandboxes

Rules (threat model F-01):
 - They are executed anew, never forked from a process that holds keys, and so is every runner that they start: by the
   time one must be started again the server holds the root key, and these processes do not.
 - When the second keeper dies the first one starts another. When the first one dies the second one takes its place,
   and starts a second one. Only when both are killed at once there is none any more; the server says so then.
 - The runner is started when somebody wants a function to run, so that it costs a start of the server nothing. It is
   started again when it died and somebody wants one again; connections wait in the socket's queue meanwhile.
 - All end with the server: LIFE, a connection to it, ends. The runner watches it as well. What a runner leaves
   behind ends with it: a function that runs without a sandbox, and is frozen, would stay for ever.

It runs on the standard library alone and imports as little as it can: a start of the server waits for none of it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time

PAUSE_S = 0.5
END_S = 3.0
FIRST_S = 1.0
"""The first keeper is alone for so long, while the server starts."""
_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def main() -> None:
    """Keep a runner, or who keeps it, until the server has ended."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the server says when it ends
    listening, life = int(sys.argv[1]), int(sys.argv[2])
    if len(sys.argv) > 4:
        _keep_runner(listening, life, int(sys.argv[4]))
    else:
        _keep_second(listening, life)


def _keep_second(listening: int, life: int) -> None:
    """Be the first keeper."""
    _poll(FIRST_S, life, listening)
    _adopt()
    started = 0.0
    while not _poll(max(0.0, started + PAUSE_S - time.monotonic()), life):
        started = time.monotonic()
        second = _start("-S", __file__, *sys.argv[1:4], str(os.getpid()))
        if life in _wait(second, life):
            return


def _keep_runner(listening: int, life: int, first: int) -> None:
    """Be the second keeper; ``first`` is the process id of the other one."""
    watched = os.pidfd_open(os.getppid())
    if os.getppid() != first:  # it died before it could be watched
        _take_the_place_of_the_first()
    _adopt()
    started = 0.0
    while True:
        ended = _poll(None, life, watched, listening)
        if listening in ended and life not in ended and watched not in ended:
            ended = _poll(max(0.0, started + PAUSE_S - time.monotonic()), life, watched)
            if not ended:
                started = time.monotonic()
                _hurry()
                ended = _wait(_start("-m", "strongroom.functions.process", *sys.argv[1:4]), life, watched)
        if life in ended:
            return
        if watched in ended:
            _take_the_place_of_the_first()


def _take_the_place_of_the_first() -> None:
    """Become the first keeper; whose invocations were under way has lost them."""
    os.execv(sys.executable, [sys.executable, "-I", "-S", __file__, *sys.argv[1:4]])  # noqa: S606 - our own words


def _poll(limit_s: float | None, *descriptors: int) -> set[int]:
    """Wait until one of these is ready, at most for so long."""
    waiting = select.poll()
    for descriptor in descriptors:
        waiting.register(descriptor, select.POLLIN)
    return {number for number, _ in waiting.poll(None if limit_s is None else limit_s * 1_000)}


def _hurry() -> None:
    """Take back what was given away while the server started: now somebody waits."""
    if os.geteuid() == 0:  # only root may, and only then it was given away
        os.setpriority(os.PRIO_PROCESS, 0, 0)
    try:
        with open("/proc/self/autogroup", "w") as file:
            file.write("0")
    except OSError:
        return  # the scheduler does not share between sessions here


def _adopt() -> None:
    """Become the parent of what a process that was started from here leaves behind."""
    import ctypes  # a start of the server waits for none of it

    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _start(*arguments: str) -> int:
    program = [sys.executable, "-I", *arguments]
    return os.posix_spawn(sys.executable, program, {"PATH": os.environ.get("PATH", "/usr/bin:/bin")})


def _wait(child: int, *others: int) -> set[int]:
    """Wait until a child has ended, or something else has; end the child then, and what it leaves behind.

    Returns:
        Which of the others have.
    """
    ended = os.pidfd_open(child)
    try:
        found = _poll(None, *others, ended) - {ended}
        if found:
            _poll(END_S, ended)  # it watches the server's end itself
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        _end_what_is_left()
    finally:
        os.close(ended)
    return found


def _end_what_is_left() -> None:
    """End every child; what they leave behind comes here as well."""
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            for child in file.read().split():
                os.kill(int(child), signal.SIGKILL)  # ours and not waited for, so the number is still its own
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


if __name__ == "__main__":
    main()
