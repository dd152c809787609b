"""Holds back the functions that burn processors, while the server waits for one.

A niceness says who gets more, not who gets it now. A kernel that preempts lazily (Linux 6.12 and later, PREEMPT_LAZY)
sends no interrupt to the core of a function when the server, woken from another core, is to run there: the function
goes on to the next tick, 4 ms later, whatever it weighs. Whoever is stopped is not in the way.

Rules:
 - Only who burns is held (``Held.is_hungry``), and only while the server waits for processors. Beside a server that
   has nothing to do a function runs at full speed.
 - It is held in turns: it runs for ``RUN_S``, and is stopped for ``STOPPED_S``. That is more than its weight would
   leave it beside a server that wants everything.
 - Whether the server still waits for it is seen in the moments in which it runs.
 - However this ends, all that was stopped goes on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from typing import Final, Protocol

from strongroom.functions.need import Need

log = logging.getLogger(__name__)

RUN_S: Final = 0.002
"""The server's answers wait no longer for it."""
SETTLE_S: Final = 0.002
"""The kernel counts a wait when it is over: by then who waited for it has run."""
STOPPED_S: Final = 0.036
SEEN_EVERY_S: Final = 0.01
"""So soon it is seen that the server waits, beside somebody who burns."""
WAITS_MOST: Final = 0.1
"""The server may wait for such a part of the time: its processes wait for each other as well."""
JUDGED_FIRST_S: Final = 0.1
JUDGED_EVERY_S: Final = 1.0
"""A wait that happened once holds nobody for long."""


class Held(Protocol):
    """What can be held."""

    @property
    def is_hungry(self) -> bool:
        """Whether it burns processors."""
        ...

    def hold(self) -> None:
        """Stop all of it, if it is hungry and an invocation is under way."""
        ...

    def go_on(self) -> None:
        """Let all of it go on, if an invocation is under way."""
        ...


class Hold:
    """Holds back whoever burns processors.

    Args:
        need: What the server waits for.
    """

    def __init__(self, need: Need) -> None:
        self._need = need
        self._hungry: tuple[Held, ...] = ()
        self._is_anybody_hungry = threading.Event()
        self._is_on = False
        threading.Thread(target=self._run, name="hold", daemon=True).start()

    @property
    def is_on(self) -> bool:
        """Whether somebody is held."""
        return self._is_on

    def look(self, places: Sequence[Held]) -> None:
        """Look who burns processors; to be called ten times a second.

        Args:
            places: All with an invocation under way.
        """
        self._hungry = tuple(place for place in places if place.is_hungry)
        if self._hungry:
            self._is_anybody_hungry.set()
        else:
            self._is_anybody_hungry.clear()

    def _run(self) -> None:
        while True:
            self._is_anybody_hungry.wait()
            try:
                self._is_on = self._does_the_server_wait()
                if self._is_on:
                    self._hold_in_turns()
            except Exception as problem:  # noqa: BLE001 - who burns next is to be held again
                self._is_on = False
                log.error("functions cannot be held back: %s", type(problem).__name__)
                time.sleep(JUDGED_EVERY_S)
            self._is_on = False

    def _does_the_server_wait(self) -> bool:
        """Look until it does, at most until its processes are to be found anew; False when nobody burns any more."""
        self._need.find_processes()
        until = time.monotonic() + JUDGED_EVERY_S
        seen_at, seen_ns = time.monotonic(), self._need.waited_ns()
        while self._is_anybody_hungry.is_set() and seen_at < until:
            time.sleep(SEEN_EVERY_S)
            now, now_ns = time.monotonic(), self._need.waited_ns()
            if _is_much(now_ns - seen_ns, now - seen_at):
                return True
            seen_at, seen_ns = now, now_ns
        return False

    def _hold_in_turns(self) -> None:
        """Stop them and let them go on, in turns, while the server waits for them where they run."""
        stopped: tuple[Held, ...] = ()
        judged_after_s = JUDGED_FIRST_S
        try:
            while self._is_anybody_hungry.is_set():
                ran_s, waited_ns = 0.0, 0
                judged_at = time.monotonic() + judged_after_s
                while self._is_anybody_hungry.is_set() and time.monotonic() < judged_at:
                    stopped = self._hungry
                    for place in stopped:
                        place.hold()
                    time.sleep(STOPPED_S)
                    began, before_ns = time.monotonic(), self._need.waited_ns()
                    for place in stopped:
                        place.go_on()
                    time.sleep(RUN_S)
                    for place in stopped:
                        place.hold()
                    time.sleep(SETTLE_S)
                    ran_s += time.monotonic() - began
                    waited_ns += self._need.waited_ns() - before_ns
                if not _is_much(waited_ns, ran_s):
                    return
                judged_after_s = JUDGED_EVERY_S
                self._need.find_processes()
        finally:
            for place in stopped:
                place.go_on()


def _is_much(waited_ns: int, of_s: float) -> bool:
    return waited_ns > of_s * 1e9 * WAITS_MOST
