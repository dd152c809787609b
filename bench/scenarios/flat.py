"""Cost does not grow with the store: processor time over a large store against a store of 1,000 secrets.

Reads are warm and of as many secrets in both stores, spread over the whole of each. Pages of ListSecrets are full
(100 secrets), from both ends of the list. What is compared is processor time a request, which a disk does not sway.
"""

from __future__ import annotations

from typing import Any

from bench import servers
from bench.filling import new_deployment
from bench.measuring import Load, Plan, Report, interleave, measure, ratios
from bench.scenarios.reading import check_answer, get_requests, read_round, spread_numbers, warm_up
from bench.servers import Server

SMALL = 1_000
_PAGES = 5


def page_requests(server: Server) -> list[bytes]:
    """Sign requests for the first pages of the list, from its beginning and from its end."""
    requests = []
    for order in ("asc", "desc"):
        members: dict[str, Any] = {"MaxResults": 100, "SortOrder": order}
        for _ in range(_PAGES):
            requests.append(server.signer.secretsmanager("ListSecrets", members))
            token = server.call("ListSecrets", members).get("NextToken")
            if token is None:
                break
            members = {**members, "NextToken": token}
    return requests


def run(plan: Plan, report: Report) -> None:
    """Compare the two stores, round by round."""
    report.title("flat", f"cost with {plan.secrets:,} secrets stored against {SMALL:,}")
    few = new_deployment(plan.place / "few", SMALL)
    many = new_deployment(plan.place / "many", plan.secrets)
    report.note(f"the store of {plan.secrets:,} is filled   [{report.elapsed():.0f} s]")
    chosen_of_few, chosen_of_many = spread_numbers(SMALL), spread_numbers(plan.secrets)

    def list_round(server: Server) -> Load:
        return measure(server, page_requests(server), seconds=plan.seconds, connections=8)

    with servers.strongroom(few) as small, servers.strongroom(many) as large:
        for server, chosen in ((small, chosen_of_few), (large, chosen_of_many)):
            check_answer(server, chosen[-1])
            warm_up(server, get_requests(server, chosen))
        big, little = interleave(
            plan.rounds,
            lambda: read_round(large, plan, chosen_of_many),
            lambda: read_round(small, plan, chosen_of_few),
        )
        big_pages, little_pages = interleave(
            plan.rounds, lambda: list_round(large), lambda: list_round(small)
        )
    report.load(f"GetSecretValue, {plan.secrets:,}", big)
    report.load(f"GetSecretValue, {SMALL:,}", little)
    report.load(f"ListSecrets, {plan.secrets:,}", big_pages)
    report.load(f"ListSecrets, {SMALL:,}", little_pages)
    report.at_most(
        "flat: CPU of GetSecretValue, large store to small",
        ratios([load.cpu_us for load in big], [load.cpu_us for load in little]),
        1.1,
    )
    report.at_most(
        "flat: CPU of a ListSecrets page, large store to small",
        ratios([load.cpu_us for load in big_pages], [load.cpu_us for load in little_pages]),
        2,
    )
