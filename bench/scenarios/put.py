"""PutSecretValue from 64 clients: changes committed in groups against the same server that commits each alone.

Every request has a token of its own, and the secrets are many, so that the rule of 100 versions is never met.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator

from bench import servers
from bench.filling import new_deployment, secret_name, secret_value
from bench.measuring import Load, Plan, Report, interleave, measure, ratios
from bench.scenarios.reading import show_groups
from bench.servers import Server

SECRETS = 4_000
MOST_IN_GROUPS = 15_000
MOST_ALONE = 5_000
"""Requests that are signed for each second of a round: more than the server can take."""


def put_requests(server: Server, numbers: Iterator[int], count: int) -> list[bytes]:
    """Sign ``count`` requests, each for the next secret in turn."""
    return [
        server.signer.secretsmanager(
            "PutSecretValue",
            {
                "SecretId": secret_name(next(numbers)),
                "ClientRequestToken": str(uuid.uuid4()),
                "SecretString": secret_value(position),
            },
        )
        for position in range(count)
    ]


def run(plan: Plan, report: Report) -> None:
    """Compare the two, round by round."""
    report.title("put", "PutSecretValue from 64 clients, changes committed in groups")
    in_groups = new_deployment(plan.place / "put-groups", SECRETS)
    one_by_one = new_deployment(plan.place / "put-alone", SECRETS)
    numbers = itertools.cycle(range(SECRETS))

    def put(server: Server, most_a_second: int) -> Load:
        requests = put_requests(server, numbers, int(most_a_second * plan.seconds) + 64)
        return measure(server, requests, seconds=plan.seconds, total=len(requests))

    with (
        servers.strongroom(in_groups) as grouped,
        servers.strongroom(one_by_one, name="strongroom alone", settings={"group_changes": 1}) as alone,
    ):
        for server in (grouped, alone):
            put(server, 300)
        before = grouped.metrics(), alone.metrics()
        together, apart = interleave(
            plan.rounds,
            lambda: put(grouped, MOST_IN_GROUPS),
            lambda: put(alone, MOST_ALONE),
        )
        sizes = (
            show_groups(before[0], grouped.metrics(), "change"),
            show_groups(before[1], alone.metrics(), "change"),
        )
    report.load("in groups", together)
    report.load("each alone", apart)
    report.note(f"changes: {sizes[0]}; the other: {sizes[1]}")
    report.at_least(
        "put: times each alone",
        ratios([load.per_second for load in together], [load.per_second for load in apart]),
        4,
    )
