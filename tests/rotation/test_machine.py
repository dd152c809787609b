"""Every order of events in a small world: crashes, lost answers, two runners, and people who interfere.

Tried by hand: each of these makes a test fail: promoting when the evidence is unknown or refused, stopping an
APPLYING rotation that was displaced, forgetting the quiet time before a rotation stops, forgetting it before the
next one's intent, letting a runner without the lease commit.
"""

from __future__ import annotations

from collections import deque
from itertools import product

import pytest

from strongroom.rotation.machine import (
    AIMS,
    Aim,
    Evidence,
    Standing,
    State,
    Step,
    aim_at,
    best,
    may_be_touched,
    next_step,
)
from tests.rotation.world import Limits, Runner, World, events, replace, secret_of
from tests.support.scale import rounds

Explored = dict[World, tuple[World | None, str]]


def explore(limits: Limits) -> Explored:
    """Find every world that can come about, each with the event that first led to it."""
    first = World()
    found: Explored = {first: (None, "the beginning")}
    queue = deque([first])
    while queue:
        world = queue.popleft()
        for what, after in events(world, limits):
            if after.is_broken_by_people and after.target == secret_of(after.current):
                after = replace(after, is_broken_by_people=False)
            if after not in found:
                found[after] = (world, what)
                queue.append(after)
    return found


def story(explored: Explored, world: World) -> str:
    """Tell how a world came about."""
    told: list[str] = []
    step: World | None = world
    while step is not None:
        before, what = explored[step]
        told.append(f"{what:40} {step.target} current={step.current} pending={step.pending} {step.job}")
        step = before
    return "\n".join(reversed(told))


@pytest.fixture(scope="module")
def without_people() -> Explored:
    """Two rotations, two runners, a crash, lost and late answers; nobody interferes."""
    return explore(Limits(rotations=2, crashes=rounds(1, 2)))


@pytest.fixture(scope="module")
def with_people() -> Explored:
    """One rotation, and people who put values, move labels, cancel and delete, at every moment."""
    return explore(Limits(rotations=1, crashes=rounds(0, 1), acts=2))


def test_the_worlds_are_many(without_people: Explored, with_people: Explored) -> None:
    """The exploration is not empty, and reaches the ends it should."""
    assert len(without_people) > 1_000
    assert len(with_people) > 20_000
    assert any(world.current == "2" and world.job is None for world in without_people)
    assert any(world.target == "m" and world.job is None for world in with_people)


def test_at_every_instant_current_or_pending_logs_in(without_people: Explored) -> None:
    """Promise 5: the value under AWSCURRENT, or failing that under AWSPENDING, is the one in the target."""
    for world in without_people:
        pending = world.pending if world.pending in world.values else None
        assert world.target in (world.current, pending), story(without_people, world)


def test_r03_what_the_target_has_or_may_get_is_durable(with_people: Explored) -> None:
    """No value is in the target, or on its way, that is not stored."""
    for world in with_people:
        known = {secret_of(version) for version in world.values}
        assert {world.target, *world.in_flight} <= known, story(with_people, world)


@pytest.mark.parametrize("which", ["without_people", "with_people"])
def test_what_has_ended_agrees_with_current(which: str, request: pytest.FixtureRequest) -> None:
    """Once no rotation is under way, AWSCURRENT logs in, unless people broke it when none was."""
    explored: Explored = request.getfixturevalue(which)
    for world in explored:
        if world.job is None and not world.is_broken_by_people:
            assert world.target == secret_of(world.current), story(explored, world)
            assert not world.in_flight - {world.target}, story(explored, world)


@pytest.mark.parametrize("which", ["without_people", "with_people"])
def test_every_rotation_ends(which: str, request: pytest.FixtureRequest) -> None:
    """From wherever a crash left it, one runner brings each rotation to its end, if any known value logs in."""
    explored: Explored = request.getfixturevalue(which)
    for world in explored:
        if world.job is None:
            continue
        runs = replace(world, runners=(Runner(), Runner()), in_flight=frozenset(), is_loud=False)
        for _ in range(40):
            if runs.job is None:
                break
            ahead = [after for what, after in events(runs, Limits(rotations=0, crashes=0)) if what[0] == "0"]
            if not ahead or (runs.job is not None and runs.job.is_held):
                break
            runs = ahead[0]
            if runs.is_loud and not any(runner.has_intent for runner in runs.runners):
                runs = replace(runs, is_loud=False)
        versions = {runs.current, runs.previous, runs.pending}
        is_lost = runs.target not in {secret_of(version) for version in versions if version}
        assert runs.job is None or is_lost, story(explored, world)


def test_a_held_rotation_is_held_for_a_reason(with_people: Explored) -> None:
    """Nothing is held while AWSCURRENT, AWSPREVIOUS or the pending value logs in and nobody interfered."""
    for world in with_people:
        if world.job is not None and world.job.is_held and not world.puts and not world.was_moved_back:
            raise AssertionError(story(with_people, world))


# The tables


def test_every_pair_has_an_aim() -> None:
    """No state of affairs is undefined."""
    assert set(AIMS) == set(product(State, Standing))


def test_a_touched_target_is_never_left_alone() -> None:
    """Only a secret that is gone ends a rotation that may have touched the target."""
    for (state, standing), aim in AIMS.items():
        if may_be_touched(state) and standing is not Standing.GONE:
            assert aim in (Aim.FORWARD, Aim.RESTORE)


@pytest.mark.parametrize("aim", [Aim.FORWARD, Aim.RESTORE])
@pytest.mark.parametrize("standing", list(Standing))
def test_only_evidence_moves_anything(aim: Aim, standing: Standing) -> None:
    """What is unknown waits; what is refused everywhere is held; nothing is promoted that was not accepted."""
    for wanted, others in product(Evidence, Evidence):
        step = next_step(aim, standing, wanted, others)
        if wanted is Evidence.UNKNOWN:
            assert step is Step.WAIT
        elif wanted is Evidence.REFUSED:
            expected = {
                Evidence.ACCEPTED: Step.APPLY,
                Evidence.REFUSED: Step.HOLD,
                Evidence.UNKNOWN: Step.WAIT,
            }
            assert step is expected[others]
        else:
            assert step in (Step.PROMOTE, Step.CONFIRM, Step.STOP)


def test_a_cancelled_rotation_stops_before_the_target_and_goes_on_after_it() -> None:
    """CancelRotateSecret never leaves AWSCURRENT with a value that does not log in."""
    assert aim_at(State.STAGED, Standing.CANCELLED) is Aim.STOP
    assert aim_at(State.APPLYING, Standing.CANCELLED) is Aim.FORWARD


def test_several_values_together() -> None:
    """One accepted value is enough; only refusals together are a refusal; no value at all is refused."""
    assert best([Evidence.REFUSED, Evidence.ACCEPTED, Evidence.UNKNOWN]) is Evidence.ACCEPTED
    assert best([Evidence.REFUSED, Evidence.UNKNOWN]) is Evidence.UNKNOWN
    assert best([Evidence.REFUSED]) is Evidence.REFUSED
    assert best([]) is Evidence.REFUSED
