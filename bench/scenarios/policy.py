"""What policies cost: a thousand statements in force against ten, policies that change, and hostile patterns.

Two users read the same secrets. One statement lets them; the others name other secrets of the same application,
so that no bucket is empty by luck. What is compared is processor time a request.

Policies change while a thousand are in force: an inline policy of the reader and the policy of a secret that has
twenty thousand characters. Both are compiled anew by the next request that needs them.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from bench import servers
from bench.filling import ACCOUNT, REGION, Deployment, new_deployment, secret_name
from bench.measuring import Load, Plan, Report, interleave, measure, ratios
from bench.scenarios.reading import WARM_SECRETS, check_answer, get_requests, read_round, warm_up
from bench.servers import Server, ServerFailed
from bench.signing import Signer
from bench.users import add_user
from strongroom.policy.match import Glob
from strongroom.policy.variables import tokenise, without_variables

MANY: Final = 1_000
FEW: Final = 10
_SECRET: Final = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:"
_CHANGES_EVERY_S: Final = 0.05
_CONNECTIONS: Final = 8

_LITERAL: Final = (
    "bench/application-{0:02d}/database-9{1:06d}-AbCdEf",
    "bench/application-{0:02d}/database-9{1:06d}-??????",
    "bench/application-{0:02d}/database-9{1:06d}*",
    "bench/other-{1:06d}/*",
)
_INSIDE: Final = (
    "bench/*/database-9{1:06d}-??????",
    "*/application-{0:02d}/*-9{1:06d}-*",
    "bench/application-*/other-{1:06d}/*",
    "*9{1:06d}",
)


def statements(number: int, forms: tuple[str, ...]) -> list[dict[str, Any]]:
    """Write so many statements; the last one allows what is read."""
    action = "secretsmanager:GetSecretValue"
    names = [forms[each % len(forms)].format(each % 97, each) for each in range(number - 1)]
    return [{"Effect": "Allow", "Action": action, "Resource": _SECRET + name} for name in (*names, "bench/*")]


def run(plan: Plan, report: Report) -> None:
    """Compare users, round by round; then change policies; then match patterns."""
    report.title("policy", f"GetSecretValue with {MANY:,} statements in force against {FEW}")
    deployment = new_deployment(plan.place / "policy", WARM_SECRETS)
    users = {
        name: add_user(deployment, name, statements(number, forms))
        for name, number, forms in (
            ("literal-few", FEW, _LITERAL),
            ("literal-many", MANY, _LITERAL),
            ("inside-few", FEW, _INSIDE),
            ("inside-many", MANY, _INSIDE),
        )
    }
    with servers.strongroom(deployment) as server:
        sides = {name: _as_user(server, user) for name, user in users.items()}
        for side in sides.values():
            check_answer(side, 7)
            warm_up(side, get_requests(side, range(WARM_SECRETS)))
        rounds = interleave(plan.rounds, *(_reader(side, plan) for side in sides.values()))
        loads = dict(zip(sides, rounds, strict=True))
        for name, measured in loads.items():
            report.load(name, measured)
        for kind, most in (("literal", 1.1), ("inside", 2.0)):
            cpu = [[load.cpu_us for load in loads[f"{kind}-{size}"]] for size in ("many", "few")]
            report.at_most(
                f"policy: CPU with {MANY:,} statements to {FEW}, wildcards {kind}", ratios(*cpu), most
            )
        _change(server, sides["literal-many"], plan, report)
    _match_hostile(report)


def _as_user(server: Server, user: Deployment) -> Server:
    signer = Signer(f"127.0.0.1:{server.port}", user.access_key_id, user.secret_access_key)
    return dataclasses.replace(server, signer=signer)


def _reader(side: Server, plan: Plan) -> Callable[[], Load]:
    return lambda: read_round(side, plan)


def _change(server: Server, reader: Server, plan: Plan, report: Report) -> None:
    """Measure latency at rest and while policies of the reader and of a secret change."""
    requests = get_requests(reader, range(WARM_SECRETS))

    def at_rest() -> Load:
        return measure(reader, requests, seconds=plan.seconds, connections=_CONNECTIONS)

    def changing() -> Load:
        with _changes(server) as counted:
            load = measure(reader, requests, seconds=plan.seconds, connections=_CONNECTIONS)
        changes.append(counted[0])
        return load

    changes: list[int] = []
    requests = get_requests(reader, range(WARM_SECRETS))
    busy, quiet = interleave(plan.rounds, changing, at_rest)
    report.load("while policies change", busy)
    report.load("at rest", quiet)
    longest = [statistics.median(load.longest_ms for load in side) for side in (busy, quiet)]
    report.note(
        f"{statistics.median(changes):.0f} changes a round; "
        f"longest answer {longest[0]:.1f} ms, at rest {longest[1]:.1f} ms"
    )
    report.at_most(
        "policy: p99 while policies change, to p99 at rest",
        ratios([load.p99_ms for load in busy], [load.p99_ms for load in quiet]),
        2.5,
    )


@contextmanager
def _changes(server: Server) -> Iterator[list[int]]:
    """Change policies from a thread of its own until the end; count the changes."""
    counted = [0]
    ended = threading.Event()
    refused: list[bytes] = []

    def work() -> None:
        while not ended.wait(_CHANGES_EVERY_S) and not refused:
            for request in _change_requests(server.signer, counted[0]):
                status, body = server.send(request)
                if status != 200:
                    refused.append(body)
                counted[0] += 1

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield counted
    finally:
        ended.set()
        thread.join()
    if refused:
        raise ServerFailed(f"a policy could not be changed: {refused[0][:300]!r}")


def _change_requests(signer: Signer, number: int) -> list[bytes]:
    """Write two changes: of the reader's inline policy, and of a secret's long policy."""
    inline = {"Version": "2012-10-17", "Statement": statements(8, _LITERAL), "Id": str(number)}
    long = [{**one, "Principal": {"AWS": ACCOUNT}} for one in statements(85, _LITERAL)]
    attached = {"Version": "2012-10-17", "Statement": long, "Id": str(number)}
    return [
        signer.iam(
            "PutUserPolicy",
            {"UserName": "literal-many", "PolicyName": "changing", "PolicyDocument": _compact(inline)},
        ),
        signer.secretsmanager(
            "PutResourcePolicy", {"SecretId": secret_name(3), "ResourcePolicy": _compact(attached)}
        ),
    ]


def _compact(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))


_HOSTILE: Final[dict[str, Callable[[int], tuple[str, str]]]] = {
    "stars": lambda n: ("*a" * (n // 8) + "*b", "a" * n),
    "question marks": lambda n: ("*" + "?a" * (n // 8) + "b*", "a" * n),
    "late failure": lambda n: ("*" + "a?" * (n // 8) + "b*", "a" * (n // 2) + "ab" * (n // 4)),
    "long literal": lambda n: ("*" + "a" * (n // 8) + "b*", "a" * n),
    "many runs": lambda n: ("*" + "*".join(["aa?ab?"] * (n // 16)) + "*", "a" * n),
}


def _match_hostile(report: Report) -> None:
    """Match patterns against texts, both twice as long."""
    report.title("policy", "hostile patterns, of 1,024 and 4,096 characters and twice as many")
    for name, shape in _HOSTILE.items():
        # From 2,500 characters on Python searches a text in another way, which is linear as well but begins three
        # times as high: the lengths are doubled before that step and behind it.
        ratios_found = []
        for size in (1_024, 4_096):
            once, twice = _least_seconds(shape, (size, 2 * size))
            report.note(f"{name}, {size:,}: {once * 1e6:.0f} us, {twice * 1e6:.0f} us")
            ratios_found.append(twice / max(once, 5e-6))  # below that the clock is what is measured
        report.at_most(f"policy: hostile pattern, {name}", [max(ratios_found)], 2.5)


def _least_seconds(shape: Callable[[int], tuple[str, str]], lengths: Sequence[int]) -> list[float]:
    """Match a pattern of each length against its text, in turn; give the least time of each."""
    made = [shape(length) for length in lengths]
    tried = [(Glob(without_variables(tokenise(pattern, variables=False))), text) for pattern, text in made]
    least = [float("inf")] * len(tried)
    for _ in range(25):
        for at, (glob, text) in enumerate(tried):
            began = time.process_time()
            glob.matches(text)
            least[at] = min(least[at], time.process_time() - began)
    return least
