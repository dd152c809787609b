"""Whose turn it is: bounds at each target and in all, fairness, and urgent ones first."""

from __future__ import annotations

import threading
from collections import Counter

from strongroom.rotation.backlog import WAITING_MOST, Backlog, Limits
from strongroom.services.secretsmanager.rotation_rows import Due


def due(target: str, *ids: int, is_urgent: bool = False) -> list[Due]:
    """Write what a look finds."""
    return [Due(number, target, is_urgent) for number in ids]


def test_a_target_with_a_thousand_holds_no_other_up() -> None:
    """Of eight places one target gets three, and the other has its turn before the first one's second."""
    backlog = Backlog(Limits(at_once=8, at_one_target=3))
    backlog.offer(due("busy", *range(1_000)))
    backlog.offer(due("other", 2_000, 2_001))
    taken = [backlog.take() for _ in range(5)]
    assert [target for _, target in filter(None, taken)] == ["busy", "other", "busy", "other", "busy"]
    assert backlog.running() == 5
    assert backlog.targets_with_enough() == []
    backlog.offer(due("busy", *range(1_000)))
    assert backlog.targets_with_enough() == ["busy"]


def test_urgent_ones_go_first_and_nobody_runs_twice() -> None:
    """What an application may wait for is not behind what is merely due."""
    backlog = Backlog(Limits(at_once=2, at_one_target=2))
    backlog.offer(due("a", 1, 2, 3))
    backlog.offer(due("b", 9, is_urgent=True))
    assert backlog.take() == (9, "b")
    assert backlog.take() == (1, "a")
    backlog.offer(due("a", 1, 2) + due("b", 9))
    backlog.done(1)
    assert backlog.take() == (2, "a")
    backlog.done(9)
    assert backlog.take() == (3, "a")


def test_all_places_are_bounded_and_given_back() -> None:
    """Threads that take and give back are never more than allowed, and all get their turn."""
    limits = Limits(at_once=4, at_one_target=2)
    backlog = Backlog(limits)
    lock, begun = threading.Lock(), threading.Barrier(8)
    running: Counter[str] = Counter()
    seen: list[int] = []
    worst: Counter[str] = Counter()

    def work() -> None:
        begun.wait()
        while (taken := backlog.take()) is not None:
            secret_id, target = taken
            with lock:
                running[target] += 1
                worst[target] = max(worst[target], running[target])
                worst["all"] = max(worst["all"], sum(running.values()))
            with lock:
                running[target] -= 1
                seen.append(secret_id)
                if len(seen) == 3 * WAITING_MOST:
                    backlog.close()
            backlog.done(secret_id)

    for number in range(3):
        backlog.offer(due(f"t{number}", *range(number * 100, number * 100 + WAITING_MOST)))
    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(seen) == len(set(seen)) == 3 * WAITING_MOST
    assert all(worst[f"t{number}"] <= limits.at_one_target for number in range(3))
    assert worst["all"] <= limits.at_once


def test_one_whose_target_was_not_known_moves_or_is_given_up() -> None:
    """Unknown targets share nothing; the bound holds from the first look on."""
    backlog = Backlog(Limits(at_once=4, at_one_target=1))
    backlog.offer(due("", 1, 2, 3))
    assert [backlog.take() for _ in range(3)] == [(1, ""), (2, ""), (3, "")]
    assert backlog.move(1, "a")
    assert backlog.move(1, "a"), "it is there already"
    assert not backlog.move(2, "a")
    assert backlog.move(3, "b")
    backlog.done(1)
    assert backlog.move(2, "a")


def test_a_closed_backlog_begins_nothing() -> None:
    """Whoever waits is told."""
    backlog = Backlog(Limits())
    found: list[object] = ["waits"]
    thread = threading.Thread(target=lambda: found.append(backlog.take()))
    thread.start()
    backlog.close()
    thread.join(30)
    backlog.offer(due("a", 1))
    assert found == ["waits", None]
    assert backlog.take() is None
