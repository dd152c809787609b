"""A small world in which every order of events is tried: a target, labels, a journal, two runners, and people.

The runners take their decisions from ``strongroom.rotation.machine``; the rules of the transactions (fence, compare
and swap, the quiet time of an intent) are those of the real runner, written down a second time.

Values are letters: ``o`` is the old one, ``1`` and ``2`` are the values of the first and second rotation, ``m`` is
put by hand and was never in the target.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from strongroom.rotation.machine import (
    Aim,
    Evidence,
    Standing,
    State,
    Step,
    aim_at,
    best,
    is_contested,
    may_be_touched,
    next_step,
)

Tuple = TypeVar("Tuple", "Job", "Runner", "World")


def replace(before: Tuple, **changes: Any) -> Tuple:
    """Give a value with some members changed."""
    return before._replace(**changes)


class Job(NamedTuple):
    """A row of the journal."""

    token: str
    state: State
    base: str
    is_held: bool = False
    asked: frozenset[str] = frozenset()
    """Versions that the target was asked to take."""


class Runner(NamedTuple):
    """What one runner has in its memory."""

    plan: Step | None = None
    token: str = ""
    value: str = ""
    """The value that an apply wants in the target."""
    has_intent: bool = False
    is_sole: bool = False
    """Nothing else was under way when the intent was made durable."""
    is_clean: bool = False
    """The target answered, and nothing else was under way: the quiet time need not be waited for."""


class World(NamedTuple):
    """One state of everything."""

    target: str = "o"
    current: str = "o"
    previous: str | None = None
    pending: str | None = None
    values: frozenset[str] = frozenset("o")
    """Versions whose value is durable."""
    job: Job | None = None
    owner: int | None = None
    """The runner whose lease was given out last: the fence."""
    in_flight: frozenset[str] = frozenset()
    """Values that a sent statement may still put into the target."""
    is_loud: bool = False
    """The quiet time after the last intent has not passed yet."""
    asked: frozenset[str] = frozenset()
    """Of the last rotation, when it ended."""
    is_enabled: bool = True
    is_deleted: bool = False
    puts: str = ""
    """Which values were put by hand, in order."""
    was_moved_back: bool = False
    acts: int = 0
    """How often people interfered."""
    is_broken_by_people: bool = False
    """Somebody let AWSCURRENT say what the target does not know, while no rotation was touching it."""
    rotations: int = 0
    crashes: int = 0
    runners: tuple[Runner, Runner] = (Runner(), Runner())

    def standing(self, job: Job) -> Standing:
        """How the labels stand to the job."""
        if self.current == job.token:
            return Standing.PROMOTED
        if self.pending != job.token or self.current != job.base:
            return Standing.DISPLACED
        if not self.is_enabled or self.is_deleted:
            return Standing.CANCELLED
        return Standing.PENDING


Event = tuple[str, World]


class Limits(NamedTuple):
    """How much may happen."""

    rotations: int = 2
    crashes: int = 1
    puts: tuple[str, ...] = ("m", "o2")
    acts: int = 0
    """How often people may interfere."""


def events(world: World, limits: Limits) -> Iterator[Event]:
    """Give everything that may happen next."""
    yield from _service(world, limits)
    for number in (0, 1):
        yield from _runner(world, number)
        if world.crashes < limits.crashes and world.runners[number] != Runner():
            yield f"crash {number}", replace(_with_runner(world, number, Runner()), crashes=world.crashes + 1)
    for value in world.in_flight:
        yield f"a late answer: {value}", replace(world, target=value)
    if world.is_loud:
        # Time passes: what was sent has arrived or never will, and runners without a lease have noticed.
        quiet = replace(world, is_loud=False, in_flight=frozenset())
        for number in (0, 1):
            if number != world.owner and quiet.runners[number].has_intent:
                quiet = _with_runner(quiet, number, Runner())
        if not any(runner.has_intent for runner in quiet.runners):
            yield "the quiet time passes", quiet
    if world.acts < limits.acts:
        for what, after in _people(world, limits):
            untouched = world.job is None or not may_be_touched(world.job.state)
            breaks = after.current != world.current and untouched
            is_broken = after.is_broken_by_people or breaks
            yield what, replace(after, is_broken_by_people=is_broken, acts=world.acts + 1)


def _service(world: World, limits: Limits) -> Iterator[Event]:
    ready = world.job is None and world.pending in (None, world.current)
    if ready and world.is_enabled and not world.is_deleted and world.rotations < limits.rotations:
        token = str(world.rotations + 1)
        job = Job(token, State.PLANNED, world.current, asked=world.asked if world.is_loud else frozenset())
        yield f"rotation {token}", replace(world, job=job, pending=token, rotations=world.rotations + 1)


def _people(world: World, limits: Limits) -> Iterator[Event]:
    for value in limits.puts:
        if value not in world.puts and not world.is_deleted:
            yield (
                f"put {value}",
                replace(
                    world,
                    current=value,
                    previous=world.current,
                    pending=None,
                    values=world.values | {value},
                    puts=world.puts + value,
                ),
            )
    if world.is_enabled:
        yield "cancel", replace(world, is_enabled=False)
    if not world.is_deleted:
        yield "delete", replace(world, is_deleted=True)
    if world.pending is not None and not world.is_deleted and not world.was_moved_back:
        yield "the label is taken away", replace(world, pending=None, was_moved_back=True)
    if world.previous in ("o", "1") and not world.was_moved_back and not world.is_deleted:
        moved = replace(world, current=world.previous, previous=world.current, was_moved_back=True)
        yield "moved back", moved


def secret_of(version: str) -> str:
    """Give the password of a version; ``o2`` is the old password, put by hand again."""
    return version[0]


def _runner(world: World, number: int) -> Iterator[Event]:
    runner = world.runners[number]
    if runner.plan is None:
        if world.job is not None:
            yield f"{number} looks", _look(world, number)
        return
    is_mine = world.owner == number and world.job is not None and world.job.token == runner.token
    if runner.plan is Step.APPLY and runner.has_intent:
        # The statement is sent. It arrives, it arrives and the answer is lost, or it is on its way still.
        done = _with_runner(world, number, Runner(is_clean=runner.is_sole and world.owner == number))
        lost = _with_runner(world, number, Runner())
        yield f"{number} applies {runner.value}", replace(done, target=runner.value)
        yield f"{number} applies {runner.value}, the answer is lost", replace(lost, target=runner.value)
        yield f"{number} sends {runner.value}", replace(lost, in_flight=world.in_flight | {runner.value})
        return
    idle = _with_runner(world, number, Runner())
    if not is_mine or world.job is None:
        yield f"{number} lost its lease", idle
        return
    yield from _commit(world, idle, number, world.job)


def _look(world: World, number: int) -> World:
    """Take the lease, read, log in, decide."""
    job = world.job
    assert job is not None
    claimed = replace(world, owner=number)
    is_clean = world.runners[number].is_clean and world.owner == number
    standing = world.standing(job)
    aim = aim_at(job.state, standing)
    if aim in (Aim.STOP, Aim.STAGE):
        return _with_runner(claimed, number, Runner(Step(aim.value), job.token, is_clean=is_clean))
    wanted = job.token if aim is Aim.FORWARD else world.current
    if world.is_loud and not is_clean and is_contested(job.asked, wanted):
        return _with_runner(claimed, number, Runner(Step.WAIT, job.token, is_clean=is_clean))
    wanted = job.token if aim is Aim.FORWARD else world.current
    others = {version for version in (world.current, job.base, job.token, world.previous) if version} - {
        wanted
    }
    step = next_step(
        aim,
        standing,
        _evidence(world, wanted),
        best([_evidence(world, version) for version in others & world.values]),
    )
    return _with_runner(claimed, number, Runner(step, job.token, secret_of(wanted), is_clean=is_clean))


def _evidence(world: World, version: str) -> Evidence:
    return Evidence.ACCEPTED if world.target == secret_of(version) else Evidence.REFUSED


def _commit(world: World, idle: World, number: int, job: Job) -> Iterator[Event]:
    """Commit a step of the runner that holds the lease, if the labels still allow it."""
    runner = world.runners[number]
    plan = runner.plan
    if runner.is_clean:
        world, idle = replace(world, is_loud=False), replace(idle, is_loud=False)
    standing = world.standing(job)
    aim = aim_at(job.state, standing)
    contested = world.is_loud and is_contested(job.asked, job.token if aim is Aim.FORWARD else world.current)
    if plan is Step.STAGE and aim is Aim.STAGE:
        staged = replace(job, state=State.STAGED)
        yield f"{number} stages", replace(idle, job=staged, values=world.values | {job.token})
    elif plan is Step.APPLY and aim in (Aim.FORWARD, Aim.RESTORE):
        wanted = job.token if aim is Aim.FORWARD else world.current
        if secret_of(wanted) != runner.value or (world.is_loud and is_contested(job.asked, wanted)):
            yield f"{number} waits", idle
            return
        state = job.state if may_be_touched(job.state) else State.APPLYING
        intent = replace(job, state=state, asked=job.asked | {wanted})
        intending = replace(world, job=intent, is_loud=True)
        yield (
            f"{number} intends {runner.value}",
            _with_runner(intending, number, replace(runner, has_intent=True, is_sole=not world.is_loud)),
        )
    elif (
        plan is Step.PROMOTE
        and aim is Aim.FORWARD
        and not contested
        and standing in (Standing.PENDING, Standing.CANCELLED)
    ):
        yield (
            f"{number} promotes",
            replace(
                idle,
                current=job.token,
                previous=world.current,
                job=replace(job, state=State.COMMITTED),
            ),
        )
    elif plan is Step.CONFIRM and aim is Aim.FORWARD and not contested and standing is Standing.PROMOTED:
        yield f"{number} confirms", replace(idle, job=None, pending=None, owner=None, asked=job.asked)
    elif plan is Step.STOP and (
        aim is Aim.STOP or (aim is Aim.RESTORE and runner.value == secret_of(world.current) and not contested)
    ):
        ended = replace(idle, job=None, owner=None, pending=_left(world, job), asked=job.asked)
        yield f"{number} stops", ended
    elif plan is Step.HOLD:
        yield f"{number} holds", replace(idle, job=replace(job, is_held=True))
    else:
        yield f"{number} finds it changed", idle


def _left(world: World, job: Job) -> str | None:
    return None if world.standing(job) is Standing.DISPLACED and world.pending == job.token else world.pending


def _with_runner(world: World, number: int, runner: Runner) -> World:
    first, second = world.runners
    return replace(world, runners=(runner, second) if number == 0 else (first, runner))
