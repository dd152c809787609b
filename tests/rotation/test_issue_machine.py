"""Every order of events in a small world of issued tokens: crashes, lost answers, late requests, people.

Tried by hand: promoting what is refused, revoking the old token before the promotion, and ending a displaced rotation
though AWSCURRENT is refused each make a test fail.
"""

from __future__ import annotations

from collections import deque
from itertools import product

import pytest

from strongroom.rotation.issue_machine import IssueStep, next_issue_step
from strongroom.rotation.machine import Aim, Evidence, Standing, State
from tests.rotation.issue_world import Limits, Memory, World, events, replace
from tests.support.scale import rounds

KINDS = ("one", "several", "replaces")
Explored = dict[World, tuple[World | None, str]]


def explore(limits: Limits) -> Explored:
    """Find every world that can come about, each with the event that first led to it."""
    queue = deque(World(kind) for kind in KINDS)
    found: Explored = dict.fromkeys(queue, (None, "the beginning"))
    while queue:
        world = queue.popleft()
        for what, after in events(world, limits):
            if after.is_broken_by_people and after.job is None and after.is_current_accepted:
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
        told.append(f"{what:40} live={set(step.live)} current={step.current} {step.values} {step.job}")
        step = before
    return "\n".join(reversed(told))


@pytest.fixture(scope="module")
def alone() -> Explored:
    """Crashes, lost answers and late requests; nobody interferes."""
    return explore(Limits(crashes=2, losses=2))


@pytest.fixture(scope="module")
def with_people() -> Explored:
    """People who put values, move labels, cancel and revoke, at every moment."""
    return explore(Limits(crashes=1, losses=1, acts=rounds(1, 2)))


def test_the_worlds_are_many(alone: Explored, with_people: Explored) -> None:
    """The exploration is not empty, and reaches the ends it should."""
    assert len(alone) > 500
    assert len(with_people) > 1_000
    assert {"succeeded"} <= {world.ends for world in alone}
    assert {"succeeded", "stopped"} <= {world.ends for world in with_people}


def test_with_room_for_two_the_current_token_always_works(alone: Explored) -> None:
    """At every instant, whatever is lost."""
    for world in alone:
        if world.kind == "several":
            assert world.is_current_accepted, story(alone, world)


def test_while_the_current_token_does_not_work_a_rotation_is_at_it(alone: Explored) -> None:
    """A provider with one token: the outage is known to the journal, and ends."""
    for world in alone:
        if not world.is_current_accepted:
            assert world.job is not None, story(alone, world)
            assert world.job.state is State.APPLYING, story(alone, world)


def test_what_has_ended_agrees_with_the_provider(with_people: Explored) -> None:
    """Once no rotation is under way AWSCURRENT works, unless people broke it."""
    for world in with_people:
        if world.job is None and not world.is_broken_by_people:
            assert world.is_current_accepted, story(with_people, world)


def test_the_old_token_is_refused_in_the_end(alone: Explored) -> None:
    """And a rotation that succeeded leaves the new one."""
    for world in alone:
        if world.ends == "succeeded":
            assert 0 not in world.live, story(alone, world)


@pytest.mark.parametrize("which", ["alone", "with_people"])
def test_every_rotation_ends(which: str, request: pytest.FixtureRequest) -> None:
    """From wherever a crash left it, if nothing more goes wrong; or it is held because of people."""
    explored: Explored = request.getfixturevalue(which)
    for world in explored:
        runs = replace(world, memory=Memory(), late=frozenset())
        for _ in range(40):
            ahead = [after for _, after in events(runs, Limits(0, 0, 0))]
            if not ahead:
                break
            runs = ahead[0]
        if world.issued >= 5:
            continue  # the world has no more tokens to give
        assert runs.job is None or (runs.job.is_held and world.is_broken_by_people), story(explored, world)
        if not world.is_broken_by_people:
            assert runs.is_current_accepted, story(explored, world)


def test_a_rotation_is_held_only_because_of_people(with_people: Explored) -> None:
    """The key pair heals everything else."""
    for world in with_people:
        if world.job is not None and world.job.is_held:
            assert world.acts, story(with_people, world)


# The table


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("standing", list(Standing))
@pytest.mark.parametrize("aim", [Aim.STAGE, Aim.FORWARD, Aim.RESTORE])
def test_only_evidence_moves_anything(state: State, standing: Standing, aim: Aim) -> None:
    """What is unknown waits; nothing is promoted that was not accepted; nothing is asked for twice."""
    for pending, current in product((None, *Evidence), Evidence):
        step = next_issue_step(state, aim, standing, pending, current)
        decisive = current if aim is Aim.RESTORE or pending is None else pending
        assert (step is IssueStep.WAIT) == (decisive is Evidence.UNKNOWN)
        if step in (IssueStep.PROMOTE, IssueStep.CONFIRM):
            assert pending is Evidence.ACCEPTED
            assert (step is IssueStep.CONFIRM) == (standing is Standing.PROMOTED)
        if step is IssueStep.OBTAIN:
            assert pending is None
            assert aim is not Aim.RESTORE
        if step is IssueStep.RETREAT:
            assert current is Evidence.ACCEPTED
        if step is IssueStep.RENEW:
            assert pending is Evidence.REFUSED
            assert state in (State.APPLYING, State.COMMITTED)
