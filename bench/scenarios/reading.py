"""What the scenarios that read have in common: requests for GetSecretValue, and a look at the answer."""

from __future__ import annotations

from collections.abc import Sequence

from bench.filling import secret_name, secret_value
from bench.measuring import Load, Plan, measure
from bench.servers import Server, ServerFailed

WARM_SECRETS = 500


def get_requests(server: Server, numbers: Sequence[int]) -> list[bytes]:
    """Sign one request for each secret."""
    return [
        server.signer.secretsmanager("GetSecretValue", {"SecretId": secret_name(number)})
        for number in numbers
    ]


def spread_numbers(stored: int) -> range:
    """Choose the warm secrets: evenly over all that are stored."""
    return range(0, stored, max(1, stored // WARM_SECRETS))[:WARM_SECRETS]


def check_answer(server: Server, number: int) -> None:
    """Make sure that the server gives the right value before it is measured.

    Raises:
        ServerFailed: It gives another one, or none.
    """
    answer = server.call("GetSecretValue", {"SecretId": secret_name(number)})
    if answer.get("SecretString") != secret_value(number):
        raise ServerFailed(f"{server.name} gives another value than was stored")


def warm_up(server: Server, requests: Sequence[bytes]) -> None:
    """Send every request twice: caches are filled, and the marks of the day are set."""
    measure(server, requests, seconds=60, total=2 * len(requests))


def read_round(server: Server, plan: Plan, numbers: Sequence[int] = range(WARM_SECRETS)) -> Load:
    """Measure one round of reads, signed anew."""
    return measure(server, get_requests(server, numbers), seconds=plan.seconds)


def show_groups(before: dict[str, float], after: dict[str, float], kind: str) -> str:
    """Say how many records or changes shared a commit: ``kind`` is ``audit`` or ``change``."""
    members, groups = ("strongroom_audit_records", "strongroom_audit_groups")
    if kind == "change":
        members, groups = ("strongroom_changes", "strongroom_change_groups")
    committed = after[groups] - before[groups]
    if not committed:
        return "no group commits"
    return f"{(after[members] - before[members]) / committed:.1f} in a group, {committed:,.0f} group commits"
