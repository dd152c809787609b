"""Keeps a function runner alive: ``keeper.py LISTENING LIFE CONFIGURATION``, started before the root key is opened.

Rules (threat model F-01):
 - It is executed anew, never forked from a process that holds keys, and so is every runner that it starts: by the
   time one must be started again the server holds the root key, and this process does not.
 - The runner is started when somebody wants a function to run, so that it costs a start of the server nothing. It is
   started again when it died and somebody wants one again; connections wait in the socket's queue meanwhile.
 - Both end with the server: the pipe LIFE has no writer any more. The runner watches it as well. What a runner leaves
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
_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def main() -> None:
    """Keep a runner until the server has ended."""
    listening, life = int(sys.argv[1]), int(sys.argv[2])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the server says when it ends
    started = 0.0
    waiting = select.poll()
    waiting.register(life, select.POLLIN)
    waiting.register(listening, select.POLLIN)
    while life not in {number for number, _ in waiting.poll()}:
        time.sleep(max(0.0, started + PAUSE_S - time.monotonic()))
        started = time.monotonic()
        _hurry()
        _adopt()
        program = [sys.executable, "-I", "-m", "strongroom.functions.process", *sys.argv[1:]]
        runner = os.posix_spawn(sys.executable, program, {"PATH": os.environ.get("PATH", "/usr/bin:/bin")})
        if not _wait(runner, life):
            return


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
    """Become the parent of what a runner leaves behind."""
    import ctypes  # when somebody wants a function to run; a start of the server waits for none of it

    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


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


def _wait(runner: int, life: int) -> bool:
    """Wait until the runner has ended; False when the server has, and the runner after it."""
    ended = os.pidfd_open(runner)
    try:
        waiting = select.poll()
        waiting.register(life, select.POLLIN)
        waiting.register(ended, select.POLLIN)
        lasts = life not in {number for number, _ in waiting.poll()}
        if not lasts:
            select.select([ended], [], [], END_S)
            os.kill(runner, signal.SIGKILL)
        os.waitpid(runner, 0)
        _end_what_is_left()
    finally:
        os.close(ended)
    return lasts


if __name__ == "__main__":
    main()
