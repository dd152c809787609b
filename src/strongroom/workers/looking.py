"""Looking for what is due: when something was committed, and once a second anyway, because time passes too.

Rules:
 - Nothing hangs on the timer alone: what is due stands in rows, so an error, and a restart, lose nothing.
 - The rows belong to the thread that looks. After an error they are opened anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from strongroom.gateway.failures import describe_problem
from strongroom.store.rows import Rows

log = logging.getLogger(__name__)

ANYWAY_AFTER_S: Final = 1.0


def look_until(
    stopping: threading.Event,
    open_rows: Callable[[], Rows],
    look: Callable[[Rows], None],
    *,
    first: Callable[[Rows], None] | None,
    every_s: float,
    what: str,
) -> None:
    """Look again and again until told to stop.

    Args:
        stopping: Tells to stop.
        open_rows: Opens the connection that looks; called on this thread.
        look: Finds and starts what is due.
        first: Done once, before the first look; None for nothing.
        every_s: How often it is asked whether something was committed.
        what: What is looked for, for the log.
    """
    rows: Rows | None = None
    seen, looked = -1, 0.0
    while not stopping.wait(every_s):
        try:
            if rows is None:
                rows = open_rows()
            if first is not None:
                first(rows)
                first = None
            version = int(rows.connection.pragma("data_version"))
            if version != seen or time.monotonic() - looked >= ANYWAY_AFTER_S:
                seen, looked = version, time.monotonic()
                look(rows)
        except Exception as problem:  # noqa: BLE001 - the loop goes on: rows say what is still due
            log.error("looking for %s failed: %s", what, describe_problem(problem))
            rows = None
            stopping.wait(ANYWAY_AFTER_S)
