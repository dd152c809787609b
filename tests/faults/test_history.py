"""The checker of histories, against histories whose verdict is plain."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.faults.history import Step, contradictions


def w(value: str, start: float, end: float = float("inf")) -> Step:
    """Write; without an end nobody answered."""
    return Step("write", value, start, end)


def r(value: str, start: float, end: float) -> Step:
    """Read."""
    return Step("read", value, start, end)


FIRST = w("a", 0, 1)


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("a read after the write", [FIRST, r("a", 2, 3)]),
        ("a read during the write sees the new", [FIRST, w("b", 2, 9), r("b", 3, 4)]),
        ("a read during the write sees the old", [FIRST, w("b", 2, 9), r("a", 3, 4)]),
        ("concurrent writes settle either way", [FIRST, w("b", 0, 1), r("a", 2, 3)]),
        ("an unanswered write is seen late", [FIRST, w("b", 2), r("a", 3, 4), r("b", 8, 9)]),
        ("an unanswered write is never seen", [FIRST, w("b", 2), r("a", 8, 9)]),
        ("two reads during a write, new after old", [FIRST, w("b", 2, 9), r("a", 3, 4), r("b", 5, 6)]),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_a_register_could_show_is_accepted(name: str, steps: list[Step]) -> None:
    """Whatever the order in which the steps are told."""
    for order in itertools.permutations(steps):
        assert contradictions(order) == [], name


@pytest.mark.parametrize(
    ("name", "steps"),
    [
        ("a stale read after an acknowledged write", [FIRST, w("b", 2, 3), r("a", 4, 5)]),
        ("a read goes back", [FIRST, w("b", 2, 9), r("b", 3, 4), r("a", 5, 6)]),
        ("a read goes back behind an unanswered write", [FIRST, w("b", 2), r("b", 3, 4), r("a", 5, 6)]),
        ("a value from nowhere", [FIRST, r("z", 2, 3)]),
        ("a value from the future", [FIRST, r("b", 2, 3), w("b", 4, 5)]),
        ("an acknowledged write is lost", [FIRST, w("b", 2, 3), r("a", 4, 5), r("a", 6, 7)]),
        ("an overwritten write comes back", [FIRST, w("b", 2, 3), w("c", 4, 5), r("b", 6, 7)]),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_no_register_could_show_is_refused(name: str, steps: list[Step]) -> None:
    """Whatever the order in which the steps are told."""
    for order in itertools.permutations(steps):
        assert contradictions(order), name


def is_linearizable(steps: list[Step]) -> bool:
    """Try every order: the definition, word by word, for histories of a few steps."""
    answered = [step for step in steps if step.end != float("inf")]
    open_writes = [step for step in steps if step.end == float("inf")]
    for happened in range(len(open_writes) + 1):
        for chosen in itertools.combinations(open_writes, happened):
            for order in itertools.permutations([*answered, *chosen]):
                held = None
                for place, step in enumerate(order):
                    if any(later.end < step.start for later in order[place + 1 :]):
                        break
                    if step.kind == "read" and step.value != held:
                        break
                    held = step.value
                else:
                    return True
    return False


def test_the_checker_agrees_with_the_definition() -> None:
    """On random histories of up to six steps, where every order can be tried."""
    seed = random.SystemRandom().randrange(2**32)
    print("seed", seed)
    chance = random.Random(seed)
    verdicts = []
    for _ in range(400):
        times = chance.sample(range(40), 12)
        steps = []
        for place in range(chance.randrange(2, 7)):
            start, end = sorted(times[2 * place : 2 * place + 2])
            if chance.random() < 0.45:
                steps.append(
                    Step("write", f"v{place}", start, float("inf") if chance.random() < 0.2 else end)
                )
            else:
                steps.append(Step("read", f"v{chance.randrange(6)}", start, end))
        written = {step.value for step in steps if step.kind == "write"}
        steps = [step for step in steps if step.value in written]
        verdicts.append(is_linearizable(steps))
        assert (not contradictions(steps)) is verdicts[-1], steps
    assert 40 < sum(verdicts) < 390
