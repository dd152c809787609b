"""GetSecretValue with everything on, against moto_server and an empty handler on granian, one core each.

Everything on: signature, policy, decryption under two keys, a durable audit record before the answer leaves.
moto_server checks no signature and no policy, encrypts nothing and records nothing. Both hold the same secrets; 500
of them, spread over all, are read again and again. moto_server looks through its secrets one by one, so how many
there are is part of the result: it is measured with few of them too, for information.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable

from bench import servers
from bench.filling import new_deployment, secret_name, secret_value
from bench.measuring import Plan, Report, interleave, measure, ratios, spread
from bench.scenarios.reading import (
    WARM_SECRETS,
    check_answer,
    get_requests,
    read_round,
    show_groups,
    spread_numbers,
    warm_up,
)
from bench.servers import Server


def run(plan: Plan, report: Report) -> None:
    """Compare the three, round by round."""
    report.title(
        "get", f"GetSecretValue, everything on, 64 connections, one core, {plan.stored:,} secrets stored"
    )
    chosen = spread_numbers(plan.stored)
    deployment = new_deployment(plan.place / "get", plan.stored)
    with servers.strongroom(deployment) as ours, servers.moto() as moto, servers.granian() as empty:
        _create(moto, range(plan.stored))
        with servers.moto() as small_moto:
            _create(small_moto, range(WARM_SECRETS))
            few = measure(small_moto, get_requests(small_moto, range(WARM_SECRETS)), seconds=plan.seconds)
        for server in (ours, moto):
            check_answer(server, chosen[7])
            warm_up(server, get_requests(server, chosen))
        nothing = get_requests(empty, chosen)
        before = ours.metrics()
        mine, theirs, floor = interleave(
            plan.rounds,
            lambda: read_round(ours, plan, chosen),
            lambda: read_round(moto, plan, chosen),
            lambda: measure(empty, nothing, seconds=plan.seconds),
        )
        groups = show_groups(before, ours.metrics(), "audit")
    report.load("strongroom", mine)
    report.load("moto_server", theirs)
    report.load(f"moto_server, {WARM_SECRETS} secrets", [few])
    report.load("empty handler on granian", floor)
    report.note(f"audit records: {groups}")
    by_cpu = [
        spread(ratios([load.cpu_us for load in side], [load.cpu_us for load in mine]), "{:.3g}")
        for side in (theirs, floor)
    ]
    report.note(
        f"by processor time a request: {by_cpu[0]} times moto_server, {by_cpu[1]} of the empty handler"
    )
    rate = [load.per_second for load in mine]
    report.at_least("get: times moto_server", ratios(rate, [load.per_second for load in theirs]), 30)
    report.at_least("get: share of an empty handler", ratios(rate, [load.per_second for load in floor]), 0.40)
    p99 = [load.p99_ms for load in mine]
    report.at_most("get: p99, share of moto_server's", ratios(p99, [load.p99_ms for load in theirs]), 1 / 30)


def _create(server: Server, numbers: Iterable[int]) -> None:
    """Store the secrets that our deployment was filled with, one at a time: moto_server fails otherwise."""
    requests = [
        server.signer.secretsmanager(
            "CreateSecret",
            {
                "Name": secret_name(number),
                "SecretString": secret_value(number),
                "ClientRequestToken": str(uuid.uuid4()),
            },
        )
        for number in numbers
    ]
    measure(server, requests, seconds=300, total=len(requests), connections=1)
