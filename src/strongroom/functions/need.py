"""How much the server wants for processors: the time that its processes waited for one, read from ``/proc``.

Rules:
 - Only the first thread of a process is looked at: it is the one that reads requests and answers reads.
 - What gives way to the server by itself (a greater niceness) is not waited for: nobody's answer depends on it.
 - The keepers, the runner and its sandboxes descend from the server and are not part of it: they have a session of
   their own.
"""

from __future__ import annotations

import contextlib
import os

from strongroom.functions.procfs import children_of, read


class Need:
    """What the server's processes waited for.

    Args:
        server: Process id of the server's first process.
    """

    def __init__(self, server: int) -> None:
        self._server = server
        self._own_session = os.getsid(0)
        self._waited: dict[int, int] = {}
        self._total = 0

    def find_processes(self) -> None:
        """Find the processes of the server that there are now; to be called now and then."""
        found: list[int] = []
        waiting = [self._server]
        for pid in waiting:
            with contextlib.suppress(OSError):  # it ended
                if os.getsid(pid) == self._own_session:
                    continue
                if _niceness(pid) <= _niceness(self._server):
                    found.append(pid)
                waiting.extend(children_of(pid))
        self._waited = {pid: self._waited.get(pid, _waited_ns(pid)) for pid in found}

    def waited_ns(self) -> int:
        """Give how long they waited since this was made, all together: it only grows."""
        for pid, before in self._waited.items():
            now = _waited_ns(pid)
            self._total += max(0, now - before)
            self._waited[pid] = now
        return self._total


def _niceness(pid: int) -> int:
    return os.getpriority(os.PRIO_PROCESS, pid)


def _waited_ns(pid: int) -> int:
    """Read how long a process was ready and did not run; 0 for one that ended, or where no kernel counts it."""
    try:
        return int(read(f"/proc/{pid}/schedstat").split()[1])
    except (OSError, IndexError):
        return 0
