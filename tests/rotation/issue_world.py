"""A small world in which every order of events of an issued token is tried: a provider, labels, a journal, people.

The runner takes its decisions from ``strongroom.rotation.issue_machine``; how it asks and what its transactions check
is written down here a second time. A crash, or a lease that went to another runner, leaves the journal and what is
under way to the provider; so one runner that forgets stands for all of them.

Versions are letters: ``o`` is the old one, ``1`` to ``3`` are those of rotations, ``m`` is put by hand. Tokens are
numbers; 0 is the old one, and what was never issued is -1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from strongroom.rotation.issue_machine import IssueStep, next_issue_step
from strongroom.rotation.machine import Aim, Evidence, Standing, State, aim_at

TOKENS_MOST = 6
VERSIONS = "123"


class Job(NamedTuple):
    """A row of the journal."""

    version: str
    state: State
    base: str
    is_held: bool = False


class Memory(NamedTuple):
    """What the runner has in its memory: the request or commit that comes next."""

    next: str = "look"
    standing: Standing = Standing.PENDING
    token: int = -1


class World(NamedTuple):
    """One state of everything."""

    kind: str
    live: frozenset[int] = frozenset({0})
    issued: int = 1
    values: tuple[tuple[str, int], ...] = (("o", 0),)
    current: str = "o"
    pending: str | None = "1"
    job: Job | None = Job("1", State.PLANNED, "o")
    memory: Memory = Memory()
    late: frozenset[int] = frozenset()
    """Tokens that a request which is under way still may revoke."""
    is_loud: bool = False
    """The quiet time after the last intent has not passed yet."""
    is_enabled: bool = True
    crashes: int = 0
    losses: int = 0
    acts: int = 0
    is_broken_by_people: bool = False
    """Somebody put what the provider does not accept, or took labels away."""
    ends: str = ""

    def token_of(self, version: str) -> int | None:
        """The value of a version."""
        return dict(self.values).get(version)

    @property
    def is_current_accepted(self) -> bool:
        """Whether the token under AWSCURRENT works."""
        return self.token_of(self.current) in self.live

    def standing(self) -> Standing:
        """How the labels stand to the job."""
        assert self.job is not None
        if self.current == self.job.version:
            return Standing.PROMOTED
        if self.pending != self.job.version or self.current != self.job.base:
            return Standing.DISPLACED
        return Standing.PENDING if self.is_enabled else Standing.CANCELLED


class Limits(NamedTuple):
    """How much may go wrong."""

    crashes: int = 1
    losses: int = 1
    acts: int = 0


Event = tuple[str, World]


def events(world: World, limits: Limits) -> Iterator[Event]:
    """Give every event that may come next, and the world after it."""
    if world.job is not None:
        yield from _runner(world, limits)
        if world.memory.next != "look" and world.crashes < limits.crashes:
            yield "crash", replace(world, memory=Memory(), crashes=world.crashes + 1)
    for token in world.late:
        yield (
            f"late: {token} is revoked",
            replace(world, live=world.live - {token}, late=world.late - {token}),
        )
    if world.is_loud and world.memory.next == "look":
        yield "it is quiet", replace(world, is_loud=False, late=frozenset())
    if world.acts < limits.acts:
        yield from _people(replace(world, acts=world.acts + 1))


def replace(world: World, **changes: Any) -> World:
    """Give the world with some members changed."""
    return world._replace(**changes)


def _people(world: World) -> Iterator[Event]:
    if world.kind == "several" and world.issued < TOKENS_MOST:
        issued = world.issued
        put = {"values": (*world.values, ("m", issued)), "live": world.live | {issued}, "issued": issued + 1}
        yield "a token is put by hand", replace(world, current="m", **put)
    broken = replace(world, is_broken_by_people=True)
    yield "what is no token is put by hand", replace(broken, current="m", values=(*world.values, ("m", -1)))
    yield "cancel", replace(world, is_enabled=False)
    if world.pending is not None:
        yield "the label is taken away", replace(broken, pending=None)
    if world.job is not None and world.current == world.job.version:
        yield "moved back", replace(broken, current=world.job.base)
    if world.is_current_accepted:
        token = world.token_of(world.current)
        yield "the current token is revoked", replace(broken, live=world.live - {token})


def _runner(world: World, limits: Limits) -> Iterator[Event]:
    memory, job = world.memory, world.job
    assert job is not None
    idle = replace(world, memory=Memory())
    may_lose = world.losses < limits.losses
    if memory.next == "look":
        yield from _look(world)
    elif memory.next in ("ask", "ask again"):
        for after, token in _issue(idle):
            is_same = token == world.token_of(world.current)
            if not is_same:
                yield f"{token} is issued", replace(after, memory=memory._replace(next="store", token=token))
            elif memory.next == "ask":
                yield f"{token} is there already", replace(after, memory=memory._replace(next="revoke first"))
            else:
                yield f"{token} is there still", after
            if may_lose:
                yield f"{token} is issued, the answer is lost", replace(after, losses=world.losses + 1)
    elif memory.next == "revoke first":
        held = world.token_of(world.current)
        token = -1 if held is None else held
        done = replace(world, live=world.live - {token})
        yield f"{token} is revoked first", replace(done, memory=memory._replace(next="ask again"))
        if may_lose:
            yield (
                f"{token} is revoked first, the answer is lost",
                replace(done, memory=Memory(), losses=world.losses + 1),
            )
            yield (
                f"the request to revoke {token} is late",
                replace(idle, late=world.late | {token}, losses=world.losses + 1),
            )
    elif memory.next == "store":
        if world.standing() is memory.standing and world.token_of(job.version) is None:
            yield (
                f"{memory.token} is stored",
                replace(idle, values=(*world.values, (job.version, memory.token))),
            )
        elif memory.token == world.token_of(world.current):
            yield "it is current already", idle
        else:
            yield f"{memory.token} is not wanted any more", replace(idle, live=world.live - {memory.token})
    elif memory.next == "promote":
        if world.standing() in (Standing.PENDING, Standing.CANCELLED):
            moved = job._replace(state=State.COMMITTED)
            yield "promoted", replace(idle, current=job.version, job=moved)
        else:
            yield "finds it changed", idle
    elif memory.next in ("revoke old", "revoke issued"):
        version = job.base if memory.next == "revoke old" else job.version
        token = world.token_of(version) or 0
        done = replace(world, live=world.live - {token})
        end = "confirm" if memory.next == "revoke old" else "retreat"
        yield f"{token} is revoked", replace(done, memory=memory._replace(next=end))
        if may_lose:
            yield (
                f"{token} is revoked, the answer is lost",
                replace(done, memory=Memory(), losses=world.losses + 1),
            )
    elif world.standing() is not memory.standing:
        yield "finds it changed", idle
    elif memory.next == "confirm":
        yield "succeeds", replace(idle, job=None, pending=None, ends="succeeded")
    else:
        yield "is abandoned", replace(idle, job=None, ends="abandoned")


def _look(world: World) -> Iterator[Event]:
    """Look, use both tokens, decide; the intent to ask is committed at once."""
    job = world.job
    assert job is not None
    standing = world.standing()
    aim = aim_at(job.state, standing)
    if aim is Aim.STOP:
        yield "stops", replace(world, job=None, ends="stopped")
        return
    issued = world.token_of(job.version)
    pending = None if issued is None else _evidence(world, issued)
    current = world.token_of(world.current)
    step = next_issue_step(job.state, aim, standing, pending, _evidence(world, current))
    plan = Memory(standing=standing)
    if step is IssueStep.OBTAIN:
        intent = job._replace(state=State.APPLYING)
        yield "intends to ask", replace(world, job=intent, memory=plan._replace(next="ask"), is_loud=True)
    elif step is IssueStep.PROMOTE:
        yield "may promote", replace(world, memory=plan._replace(next="promote"))
    elif step is IssueStep.CONFIRM:
        old = world.token_of(job.base)
        is_old_live = old in world.live and old != issued
        yield (
            "may confirm",
            replace(world, memory=plan._replace(next="revoke old" if is_old_live else "confirm")),
        )
    elif step is IssueStep.RETREAT and not world.is_loud:
        is_issued_live = issued in world.live and issued != current
        yield (
            "retreats",
            replace(world, memory=plan._replace(next="revoke issued" if is_issued_live else "retreat")),
        )
    elif step is IssueStep.RENEW:
        following = str(int(job.version) + 1)
        if following in VERSIONS:
            again = Job(following, State.PLANNED, world.current)
            yield "begins again", replace(world, job=again, pending=following)
        elif not job.is_held:
            yield "holds", replace(world, job=job._replace(is_held=True))
    elif step is IssueStep.HOLD and not job.is_held:
        yield "holds", replace(world, job=job._replace(is_held=True))


def _issue(world: World) -> Iterator[tuple[World, int]]:
    """What the provider does when it is asked for a token."""
    if world.kind == "one" and world.live:
        yield world, next(iter(world.live))
    elif world.issued < TOKENS_MOST:
        token = world.issued
        live = frozenset({token}) if world.kind == "replaces" else world.live | {token}
        yield replace(world, live=live, issued=token + 1), token


def _evidence(world: World, token: int | None) -> Evidence:
    return Evidence.ACCEPTED if token in world.live else Evidence.REFUSED
