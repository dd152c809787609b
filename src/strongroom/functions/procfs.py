"""What ``/proc`` says of processes, by few system calls: the runner asks for it many times a second beside a server.

Source: proc(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

_MOST_READ: Final = 65_536
_LINKS_OF_ONE_THREAD: Final = 3
"""``/proc/PID/task`` is linked from above, from itself, and from each thread."""


def read(path: str) -> bytes:
    """Read the beginning of a file, at most 64 KB.

    Raises:
        OSError: There is none any more.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _MOST_READ)
    finally:
        os.close(descriptor)


def threads_of(pid: int) -> list[int]:
    """List the threads of a process.

    Raises:
        OSError: It ended.
    """
    if os.stat(f"/proc/{pid}/task").st_nlink == _LINKS_OF_ONE_THREAD:
        return [pid]
    return [int(thread) for thread in os.listdir(f"/proc/{pid}/task")]


def children_of(pid: int) -> Iterator[int]:
    """Give the children of a process, thread by thread.

    Raises:
        OSError: It ended, or one of its threads; what was given before holds.
    """
    for thread in threads_of(pid):
        yield from map(int, read(f"/proc/{pid}/task/{thread}/children").split())
