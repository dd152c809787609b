"""Whose turn it is: a few rotations run at a time, and fewer at each target.

Rules:
 - Targets take turns: one that is slow, or has a thousand secrets that are due, holds no other up.
 - Urgent rotations, whose target may have been asked for something, go before all others of any target.
 - A place is held for a whole run: between the target and the label nobody waits for his turn.
 - What waits here is a hint. Rows decide: whoever's turn it is looks at its row first, and nothing is lost with this.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from typing import Final, NamedTuple

from strongroom.services.secretsmanager.rotation_rows import Due

WAITING_MOST: Final = 64
"""How many rotations of one target wait here; the others wait in the store."""


class Limits(NamedTuple):
    """How many rotations run at a time.

    Attributes:
        at_once: In all.
        at_one_target: At one server.
    """

    at_once: int = 16
    at_one_target: int = 4


class Backlog:
    """Rotations that wait for their turn, and the places of those that run.

    Args:
        limits: How many run at a time.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._changed = threading.Condition()
        self._urgent: OrderedDict[str, deque[int]] = OrderedDict()
        self._waiting: OrderedDict[str, deque[int]] = OrderedDict()
        self._offered: set[int] = set()
        self._places: dict[int, str] = {}
        self._taken: Counter[str] = Counter()
        self._is_closed = False

    def offer(self, found: Iterable[Due]) -> None:
        """Let rotations wait that are due; those that wait or run already are left as they are."""
        with self._changed:
            for due in found:
                if due.secret_id in self._offered or due.secret_id in self._places:
                    continue
                queues = self._urgent if due.is_urgent else self._waiting
                queue = queues.setdefault(due.target, deque())
                if len(queue) < WAITING_MOST:
                    queue.append(due.secret_id)
                    self._offered.add(due.secret_id)
            self._changed.notify_all()

    def take(self) -> tuple[int, str] | None:
        """Wait for a rotation whose turn it is, and hold a place for it.

        Returns:
            The secret and the target at which it has its place; None when nothing is begun any more.
        """
        with self._changed:
            while not self._is_closed:
                for queues in (self._urgent, self._waiting):
                    found = self._next(queues)
                    if found is not None:
                        return found
                self._changed.wait()
            return None

    def move(self, secret_id: int, target: str) -> bool:
        """Let a rotation that runs have its place at another target.

        Returns:
            Whether one is free there; if not it is to be given up.
        """
        with self._changed:
            held = self._places[secret_id]
            if held == target:
                return True
            if self._taken[target] >= self.limits.at_one_target:
                return False
            self._places[secret_id] = target
            self._taken[target] += 1
            self._give_back(held)
            return True

    def done(self, secret_id: int) -> None:
        """Give the place of a rotation back."""
        with self._changed:
            self._give_back(self._places.pop(secret_id))

    def targets_with_enough(self) -> list[str]:
        """Name the targets for which no more are to be looked for."""
        with self._changed:
            return [target for target, queue in self._waiting.items() if len(queue) >= WAITING_MOST]

    def running(self) -> int:
        """Count those that run."""
        with self._changed:
            return len(self._places)

    def close(self) -> None:
        """Begin nothing more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _next(self, queues: OrderedDict[str, deque[int]]) -> tuple[int, str] | None:
        for target in queues:
            if self._is_full(target):
                continue
            secret_id = queues[target].popleft()
            if queues[target]:
                queues.move_to_end(target)  # the other targets come first now
            else:
                del queues[target]
            self._offered.discard(secret_id)
            self._places[secret_id] = target
            self._taken[target] += 1
            return secret_id, target
        return None

    def _is_full(self, target: str) -> bool:
        # Of an unknown target nothing is known to be shared; whoever looks finds out, and moves.
        most = self.limits.at_one_target if target else self.limits.at_once
        return len(self._places) >= self.limits.at_once or self._taken[target] >= most

    def _give_back(self, target: str) -> None:
        self._taken[target] -= 1
        if not self._taken[target]:
            del self._taken[target]
        self._changed.notify_all()
