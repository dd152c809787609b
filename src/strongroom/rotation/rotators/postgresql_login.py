"""The log-in to PostgreSQL itself: what libpq does, with the SQLSTATE of a refusal.

libpq tells of a log-in that failed in the server's words only, and those are in the server's language. Told to be
verbose it says the SQLSTATE as well. psycopg has no way to tell it so before a connection is made, so that it is
told here; where libpq is not found the words have to do.

A log-in can be begun before it is known whether it will succeed: up to where the server hears who logs in. By then it
has a process for the connection and TLS is agreed on, which is about half of what a log-in takes.
"""

from __future__ import annotations

import ctypes
import re
import select
import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from psycopg.conninfo import make_conninfo
from psycopg.pq import ConnStatus, PGconn, PollingStatus, abc

_VERBOSE: Final = 2  # PQERRORS_VERBOSE, <libpq-fe.h>
_STATE: Final = re.compile(r"failed: \w+: +([0-9A-Z]{5}): ")
"""The first one is libpq's; words of the server, which may repeat names of the secret, come after it."""


class Refusal(NamedTuple):
    """Why no connection was made.

    Attributes:
        state: The SQLSTATE; empty when the server said none.
        words: Those of libpq and the server: for judging only, they may repeat what was sent.
    """

    state: str
    words: str


def log_in(settings: Mapping[str, Any], within_s: float) -> abc.PGconn | Refusal:
    """Log in.

    Args:
        settings: libpq's parameters.
        within_s: How long it may take.

    Returns:
        The connection, which does not block; or why there is none.
    """
    return finish(_begin(settings), within_s)


def begin(settings: Mapping[str, Any], within_s: float) -> abc.PGconn | None:
    """Begin a log-in and hold it before the server hears who logs in.

    Args:
        settings: libpq's parameters.
        within_s: How long it may take.

    Returns:
        What ``finish`` takes; None when it cannot be held there.
    """
    made = _begin(settings)
    is_agreed = settings["sslmode"] == "disable"  # whether there is anything left to be said about TLS

    def is_at_the_name() -> bool:
        nonlocal is_agreed
        is_agreed = is_agreed or made.status == ConnStatus.SSL_STARTUP
        return is_agreed and made.status == ConnStatus.MADE

    if _drive(made, time.monotonic() + within_s, is_at_the_name) and is_at_the_name():
        return made
    made.finish()
    return None


def finish(made: abc.PGconn, within_s: float) -> abc.PGconn | Refusal:
    """Go on with a log-in that was begun; as ``log_in``."""
    in_time = _drive(made, time.monotonic() + within_s)
    if in_time and made.status == ConnStatus.OK:
        made.nonblocking = 1
        return made
    words = made.get_error_message("utf-8") if in_time else "timeout expired"
    made.finish()
    found = _STATE.search(words)
    return Refusal(found.group(1) if found else "", words)


def _begin(settings: Mapping[str, Any]) -> abc.PGconn:
    made = PGconn.connect_start(make_conninfo(**settings).encode())
    library, pointer = _library(), getattr(made, "pgconn_ptr", None)
    if library is not None and pointer is not None:
        library.PQsetErrorVerbosity(pointer, _VERBOSE)
    return made


def _drive(connecting: abc.PGconn, deadline: float, is_far_enough: Callable[[], bool] = bool) -> bool:
    """Let libpq go on whenever the socket is ready, to the end or so far; False when it takes too long."""
    if connecting.status == ConnStatus.BAD:
        return True
    wanted: int = PollingStatus.WRITING
    while wanted in (PollingStatus.READING, PollingStatus.WRITING) and not is_far_enough():
        waiting = select.poll()  # anew: the socket is another one after libpq tried again
        waiting.register(
            connecting.socket, select.POLLIN if wanted == PollingStatus.READING else select.POLLOUT
        )
        if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1_000):
            return False
        wanted = connecting.connect_poll()
    return True


@cache
def _library() -> Any:
    """Find the libpq that psycopg has loaded; None when there is none, or several."""
    mapped = {line.split(maxsplit=5)[-1] for line in Path("/proc/self/maps").read_text().splitlines()}
    found = [path for path in mapped if re.fullmatch(r"libpq[-.\w]*\.so[.\d]*", path.rpartition("/")[2])]
    if len(found) != 1:
        return None
    library = ctypes.CDLL(found[0])
    library.PQsetErrorVerbosity.argtypes = (ctypes.c_void_p, ctypes.c_int)
    return library
