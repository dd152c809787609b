"""Two workers on two cores against one worker, with the load generator on the same two cores."""

from __future__ import annotations

from bench import servers
from bench.filling import new_deployment
from bench.measuring import Load, Plan, Report, interleave, measure, ratios
from bench.processes import LOAD_CORE, SERVER_CORE
from bench.scenarios.reading import WARM_SECRETS, check_answer, get_requests, warm_up
from bench.servers import Server

BOTH_CORES = (SERVER_CORE, LOAD_CORE)


def run(plan: Plan, report: Report) -> None:
    """Compare the two, round by round."""
    report.title("workers", "GetSecretValue, two workers on two cores that the load generator shares")
    for_one = new_deployment(plan.place / "one-worker", WARM_SECRETS)
    for_two = new_deployment(plan.place / "two-workers", WARM_SECRETS)

    def read(server: Server) -> Load:
        requests = get_requests(server, range(WARM_SECRETS))
        return measure(server, requests, seconds=plan.seconds, cores=BOTH_CORES)

    with (
        servers.strongroom(for_one, workers=1, cores=BOTH_CORES) as one,
        servers.strongroom(for_two, workers=2, cores=BOTH_CORES) as two,
    ):
        for server in (one, two):
            check_answer(server, 7)
            warm_up(server, get_requests(server, range(WARM_SECRETS)))
        double, single = interleave(plan.rounds, lambda: read(two), lambda: read(one))
    report.load("two workers", double)
    report.load("one worker", single)
    report.at_least(
        "workers: times one worker",
        ratios([load.per_second for load in double], [load.per_second for load in single]),
        1.4,
    )
