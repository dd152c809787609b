"""What durability of the audit record costs: the same server with and without it.

Both are what ``serve`` runs with one worker. What indexes the records afterwards runs on the same core, but in a
process that stands back behind requests.
"""

from __future__ import annotations

from bench import servers
from bench.filling import new_deployment
from bench.measuring import Plan, Report, interleave, ratios, spread
from bench.scenarios.reading import WARM_SECRETS, check_answer, get_requests, read_round, show_groups, warm_up


def run(plan: Plan, report: Report) -> None:
    """Compare the two, round by round."""
    report.title("audit", "GetSecretValue with a durable audit record, and without any")
    with_audit = new_deployment(plan.place / "with-audit", WARM_SECRETS)
    without = new_deployment(plan.place / "without-audit", WARM_SECRETS)
    with (
        servers.strongroom(with_audit, is_audit_optional=True) as audited,
        servers.strongroom(without, is_audit_optional=True, settings={"audit_reads": "no"}) as forgetful,
    ):
        for server in (audited, forgetful):
            check_answer(server, 7)
            warm_up(server, get_requests(server, range(WARM_SECRETS)))
        before = audited.metrics()
        mine, bare = interleave(
            plan.rounds, lambda: read_round(audited, plan), lambda: read_round(forgetful, plan)
        )
        groups = show_groups(before, audited.metrics(), "audit")
    report.load("durable audit", mine)
    report.load("no audit", bare)
    report.note(f"audit records: {groups}")
    by_cpu = ratios([load.cpu_us for load in bare], [load.cpu_us for load in mine])
    report.note(f"by processor time a request: {spread(by_cpu, '{:.3g}')}")
    report.at_least(
        "audit: share of no audit",
        ratios([load.per_second for load in mine], [load.per_second for load in bare]),
        0.7,
    )
