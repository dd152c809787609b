"""A watch over a connection: a server that falls silent holds nobody up."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from typing import Final

OPEN_MOST_S: Final = 8.0
"""How long a connection is open at most; what is not answered by then is cut off."""


class Watch:
    """Cuts a connection that is still open after a while.

    Args:
        descriptor: Of its socket; the watch keeps a duplicate, so that it never cuts a successor of the number.
    """

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=os.dup(descriptor))
        self._timer = threading.Timer(OPEN_MOST_S, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def end(self) -> None:
        """Watch it no longer."""
        self._timer.cancel()
        self._socket.close()

    def _cut(self) -> None:
        # Whoever waits for an answer gets an error; closing itself belongs to the thread that uses it.
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
