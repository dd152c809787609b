"""GetSecretValue with everything on, against moto_server and an empty handler on granian, one core each.

Everything on: signature, policy, decryption under two keys, a durable audit record before the answer leaves.
moto_server checks no signature and no policy, encrypts nothing and records nothing.
"""

from __future__ import annotations

import uuid

from bench import servers
from bench.filling import new_deployment, secret_name, secret_value
from bench.measuring import Plan, Report, interleave, measure, ratios, spread
from bench.scenarios.reading import WARM_SECRETS, check_answer, get_requests, read_round, show_groups, warm_up


def run(plan: Plan, report: Report) -> None:
    """Compare the three, round by round."""
    report.title("get", "GetSecretValue, everything on, 64 connections, one core")
    deployment = new_deployment(plan.place / "get", WARM_SECRETS)
    with servers.strongroom(deployment) as ours, servers.moto() as moto, servers.granian() as empty:
        for number in range(WARM_SECRETS):
            moto.call(
                "CreateSecret",
                {
                    "Name": secret_name(number),
                    "SecretString": secret_value(number),
                    "ClientRequestToken": str(uuid.uuid4()),
                },
            )
        for server in (ours, moto):
            check_answer(server, 7)
            warm_up(server, get_requests(server, range(WARM_SECRETS)))
        nothing = get_requests(empty, range(WARM_SECRETS))
        before = ours.metrics()
        mine, theirs, floor = interleave(
            plan.rounds,
            lambda: read_round(ours, plan),
            lambda: read_round(moto, plan),
            lambda: measure(empty, nothing, seconds=plan.seconds),
        )
        groups = show_groups(before, ours.metrics(), "audit")
    report.load("strongroom", mine)
    report.load("moto_server", theirs)
    report.load("empty handler on granian", floor)
    report.note(f"audit records: {groups}")
    by_cpu = [
        ratios([load.cpu_us for load in side], [load.cpu_us for load in mine]) for side in (theirs, floor)
    ]
    report.note(
        f"by processor time a request: {spread(by_cpu[0], '{:.3g}')} times moto_server,"
        f" {spread(by_cpu[1], '{:.3g}')} of the empty handler"
    )
    rate = [load.per_second for load in mine]
    report.at_least("get: times moto_server", ratios(rate, [load.per_second for load in theirs]), 30)
    report.at_least("get: share of an empty handler", ratios(rate, [load.per_second for load in floor]), 0.40)
    p99 = [load.p99_ms for load in mine]
    report.at_most("get: p99, share of moto_server's", ratios(p99, [load.p99_ms for load in theirs]), 1 / 30)
