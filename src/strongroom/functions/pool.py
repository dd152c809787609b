"""The sandboxes that there are: which one is used again, which one ends, and how many there may be.

Rules (threat model F-05):
 - A sandbox is used again only for the same function version, role, account, scope and hosts: the whole key is
   compared.
 - One invocation at a time in each. An idle one ends after a while, before its credentials do, or to make room.
 - A sandbox that ended, or that may not be used again, keeps its room until every process of it is gone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from typing import Final, Protocol

from strongroom.functions.hold import Held, Hold
from strongroom.functions.output import Output
from strongroom.functions.runtime_api import RuntimeAPI

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.1
IDLE_WAIT_S: Final = 0.1
LOOKS_LEFT_OUT: Final = 4
"""Between two looks at what is held: it does not get far meanwhile."""


class Place(Held, Protocol):
    """Where a function's process runs: a ``Sandbox``, or a process without one."""

    runtime: RuntimeAPI
    output: Output
    exit_code: int | None
    peak_mb: float
    was_too_large: bool

    @property
    def is_over(self) -> bool:
        """Whether it has ended."""
        ...

    def freeze(self) -> bool:
        """Stop everything in it; False when it is of no use any more."""
        ...

    def thaw(self) -> bool:
        """Let everything in it go on; False when it has ended."""
        ...

    def kill(self) -> None:
        """End everything in it."""
        ...

    def look(self) -> None:
        """Look at what it uses, and end it when that is too much memory."""
        ...


class Room:
    """One of the sandboxes that there may be.

    Attributes:
        slot: Its number; no two that are in use have the same.
        key: What must be the same for it to be used again.
        place: The sandbox, once it was started.
        usable_until: When its credentials are too old, by the wall clock.
        log_stream: Where its output goes.
        secrets: Values that must not be seen in its output.
        give_back: Called when it has ended.
    """

    def __init__(self, slot: int, key: Hashable) -> None:
        self.slot = slot
        self.key = key
        self.place: Place | None = None
        self.usable_until = 0.0
        self.log_stream = ""
        self.secrets: dict[bytes, None] = {}
        self.idle_since = 0.0
        self.give_back: list[Callable[[], None]] = []


class Pool:
    """Holds the rooms.

    Args:
        most: How many there may be.
        idle_s: After what time of rest a sandbox ends.
        hold: Holds back those that burn processors.
    """

    def __init__(self, most: int, idle_s: float, hold: Hold) -> None:
        self._most = most
        self._idle_s = idle_s
        self._hold = hold
        self._looks = 0
        self._changed = threading.Condition()
        self._idle: list[Room] = []
        self._busy: set[Room] = set()
        self._free = list(range(most - 1, -1, -1))
        threading.Thread(target=self._watch, name="watch", daemon=True).start()

    def take(self, key: Hashable, needed_until: float, limit: float) -> Room | None:
        """Take a room for an invocation: one that was used for the same key, or an empty one.

        Args:
            key: What must be the same.
            needed_until: Until when its credentials must be good, by the wall clock.
            limit: How long to wait for room, by the monotonic clock.

        Returns:
            A room; its ``place`` is None when a sandbox must be started. None when there was no room in time.
        """
        with self._changed:
            while True:
                for room in reversed(self._idle):
                    if room.key == key and room.usable_until >= needed_until:
                        self._idle.remove(room)
                        self._busy.add(room)
                        return room
                if self._free:
                    room = Room(self._free.pop(), key)
                    self._busy.add(room)
                    return room
                if self._idle:
                    self._end_later(self._idle.pop(0))
                if not self._changed.wait(max(0.0, limit - time.monotonic())):
                    return None

    def release(self, room: Room) -> None:
        """Freeze the sandbox of a room and keep it for the next invocation."""
        place = room.place
        if place is None or place.is_over:
            self.discard(room)
            return
        place.runtime.wait_until_idle(time.monotonic() + IDLE_WAIT_S)
        if not place.freeze():
            self.discard(room)
            return
        with self._changed:
            self._busy.discard(room)
            room.idle_since = time.monotonic()
            self._idle.append(room)
            self._changed.notify_all()

    def discard(self, room: Room) -> None:
        """End the sandbox of a room; returns when it is gone."""
        try:
            if room.place is not None:
                room.place.kill()
        finally:
            for give_back in room.give_back:
                give_back()
            with self._changed:
                self._busy.discard(room)
                self._free.append(room.slot)
                self._changed.notify_all()

    def _end_later(self, room: Room) -> None:
        self._busy.add(room)
        threading.Thread(target=self.discard, args=(room,), name="end", daemon=True).start()

    def _watch(self) -> None:
        while True:
            time.sleep(LOOK_EVERY_S)
            try:
                self._look_around()
            except Exception as problem:  # noqa: BLE001 - without the watch nothing would bound memory
                log.error("the watch of the sandboxes failed: %s", type(problem).__name__)

    def _look_around(self) -> None:
        now, wall = time.monotonic(), time.time()
        with self._changed:
            busy = list(self._busy)
            for room in list(self._idle):
                if now - room.idle_since > self._idle_s or wall > room.usable_until:
                    self._idle.remove(room)
                    self._end_later(room)
        self._looks += 1
        places = [room.place for room in busy if room.place is not None and not room.place.is_over]
        for place in places:
            if not (self._hold.is_on and place.is_hungry) or self._looks % (LOOKS_LEFT_OUT + 1) == 0:
                place.look()
        self._hold.look(places)
