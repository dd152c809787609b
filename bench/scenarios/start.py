"""From the start of the process to the first answer to a signed request, against moto_server.

Strongroom starts twice: over a deployment that exists (the bar), and, for information, where ``dev`` makes one
first. The request is ``ListSecrets``; Strongroom has verified its signature when it answers.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable

from bench.filling import Deployment, new_deployment
from bench.measuring import Plan, Report, ratios, spread
from bench.servers import READY, free_port, moto_command, seconds_to_first_answer, strongroom_command
from bench.signing import Signer


def run(plan: Plan, report: Report) -> None:
    """Start each in turn."""
    report.title("start", "start of the process to the first verified answer")
    deployment = new_deployment(plan.place / "start", 100)
    beginning = Deployment(plan.place / "first-start", deployment.access_key_id, deployment.secret_access_key)
    ours: list[float] = []
    theirs: list[float] = []
    first: list[float] = []
    _start(deployment, lambda port: strongroom_command(deployment, port, 1, is_dev=False))
    _start(deployment, moto_command)  # modules are compiled and in the page cache from here on
    for _ in range(plan.rounds):
        ours.append(_start(deployment, lambda port: strongroom_command(deployment, port, 1, is_dev=False)))
        theirs.append(_start(deployment, moto_command))
        first.append(_first_start(beginning))
    report.note(
        f"strongroom {spread(ours, '{:.3f}')} s, moto_server {spread(theirs, '{:.3f}')} s;"
        f" strongroom dev in an empty directory, until it is ready, {spread(first, '{:.3f}')} s"
    )
    report.at_most("start: share of moto_server's time", ratios(ours, theirs), 1 / 3)


def _start(deployment: Deployment, command: Callable[[int], list[str]]) -> float:
    port = free_port()
    signer = Signer(f"127.0.0.1:{port}", deployment.access_key_id, deployment.secret_access_key)
    request = signer.secretsmanager("ListSecrets", {"MaxResults": 1})
    return seconds_to_first_answer(command(port), port, request)


def _first_start(deployment: Deployment) -> float:
    port = free_port()
    command = strongroom_command(deployment, port, 1, is_dev=True)
    taken = seconds_to_first_answer(command, port, READY)
    shutil.rmtree(deployment.directory)
    return taken
