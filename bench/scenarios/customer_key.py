"""GetSecretValue under a customer's KMS key against one under the default key: processor time a request.

Under a customer's key each read is two decisions and two durable records: Secrets Manager's and, for the caller, the
one of KMS. Both sides read as many secrets of one server, round by round.
"""

from __future__ import annotations

import json
import uuid
from typing import Final

from bench import servers
from bench.filling import new_deployment, secret_value
from bench.measuring import Load, Plan, Report, interleave, measure, ratios
from bench.scenarios.reading import WARM_SECRETS, check_answer, get_requests, read_round, warm_up
from bench.servers import Server, ServerFailed

MOST: Final = 1.3


def run(plan: Plan, report: Report) -> None:
    """Compare the two keys."""
    report.title("customer_key", "GetSecretValue under a customer's key against the default key")
    deployment = new_deployment(plan.place / "customer-key", WARM_SECRETS)
    with servers.strongroom(deployment) as server:
        _create(server)
        check_answer(server, 7)
        warm_up(server, get_requests(server, range(WARM_SECRETS)))
        warm_up(server, _requests(server))

        def customer() -> Load:
            return measure(server, _requests(server), seconds=plan.seconds)

        under_customer, under_default = interleave(plan.rounds, customer, lambda: read_round(server, plan))
    report.load("under a customer's key", under_customer)
    report.load("under the default key", under_default)
    report.at_most(
        "customer_key: CPU, to the default key",
        ratios([load.cpu_us for load in under_customer], [load.cpu_us for load in under_default]),
        MOST,
    )


def _name(number: int) -> str:
    return f"bench/customer/database-{number:07d}"


def _requests(server: Server) -> list[bytes]:
    return [
        server.signer.secretsmanager("GetSecretValue", {"SecretId": _name(number)})
        for number in range(WARM_SECRETS)
    ]


def _create(server: Server) -> None:
    """Make a key, and as many secrets under it as there are under the default key."""
    status, body = server.send(server.signer.kms("CreateKey", {}))
    if status != 200:
        raise ServerFailed(f"no key could be made: {body[:300]!r}")
    key_id = json.loads(body)["KeyMetadata"]["KeyId"]
    requests = [
        server.signer.secretsmanager(
            "CreateSecret",
            {
                "Name": _name(number),
                "SecretString": secret_value(number),
                "ClientRequestToken": str(uuid.uuid4()),
                "KmsKeyId": key_id,
            },
        )
        for number in range(WARM_SECRETS)
    ]
    measure(server, requests, seconds=60, total=len(requests))
    # The first read of a day leaves a mark; what is measured is reads without one.
    warm_up(server, _requests(server))
