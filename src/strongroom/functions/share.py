"""What share of the processor a sandbox has.

A scheduler that shares between sessions first (autogroup) looks at the session's niceness alone; elsewhere each
thread has its own. Both are set, and all of it can be given away by anybody: no right of root, no control group.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

from strongroom.functions.procfs import threads_of
from strongroom.functions.usage import processes_below

NICENESS: Final = 5
BURNING_NICENESS: Final = 19
BURNING_S: Final = 0.5
"""Who has taken so much processor time in one invocation gives way to every other function."""


def set_share(pid: int, niceness: int) -> bool:
    """Set the niceness of a sandbox: of the session of its first process, and of every thread in it.

    Returns:
        Whether that is done. False when the kernel wants to be asked again: from who is not root it takes ten changes
        of sessions a second, of the whole machine (autogroup; EAGAIN).
    """
    for process in processes_below(pid):
        with contextlib.suppress(OSError):  # it ended
            for thread in threads_of(process):
                with contextlib.suppress(OSError):  # it ended, or only root may give it back what it had
                    os.setpriority(os.PRIO_PROCESS, thread, niceness)
    try:
        with open(f"/proc/{pid}/autogroup", "w") as file:
            file.write(str(niceness))
    except BlockingIOError:
        return False
    except OSError:
        return True  # it ended, or the scheduler does not share between sessions here
    return True
