"""GetSecretValue under a customer's KMS key against one under the default key: processor time a request.

Under a customer's key each read is two decisions and two durable records: Secrets Manager's and, for the caller, the
one of KMS. An administrator reads, and the session of a role whose policy names both rights. All sides read as many
secrets of one server, round by round.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Callable
from typing import Final

from bench import servers
from bench.filling import ACCOUNT, new_deployment, secret_value
from bench.measuring import Load, Plan, Report, interleave, measure, ratios
from bench.scenarios.reading import WARM_SECRETS, check_answer, get_requests, read_round, warm_up
from bench.servers import Server, ServerFailed
from bench.signing import Signer

MOST: Final = 1.3


def run(plan: Plan, report: Report) -> None:
    """Compare the two keys."""
    report.title("customer_key", "GetSecretValue under a customer's key against the default key")
    deployment = new_deployment(plan.place / "customer-key", WARM_SECRETS)
    with servers.strongroom(deployment) as server:
        _create(server)
        check_answer(server, 7)
        warm_up(server, get_requests(server, range(WARM_SECRETS)))
        session = _take_on_role(server)
        for side in (server, session):
            warm_up(side, _requests(side))

        def read_as(side: Server) -> Callable[[], Load]:
            return lambda: measure(side, _requests(side), seconds=plan.seconds)

        by_session, by_user, under_default = interleave(
            plan.rounds, read_as(session), read_as(server), lambda: read_round(server, plan)
        )
    report.load("customer's key, session of a role", by_session)
    report.load("customer's key, administrator", by_user)
    report.load("default key, administrator", under_default)
    for name, loads in (("a role's session", by_session), ("the same user", by_user)):
        report.at_most(
            f"customer_key: CPU by {name}, to the default key",
            ratios([load.cpu_us for load in loads], [load.cpu_us for load in under_default]),
            MOST,
        )


def _take_on_role(server: Server) -> Server:
    """Make a role that may read secrets with the customer's key, and take it on."""
    trust = _policy("sts:AssumeRole", Principal={"AWS": ACCOUNT})
    rights = _policy("secretsmanager:GetSecretValue", "kms:Decrypt", Resource="*")
    made = {"RoleName": "bench", "AssumeRolePolicyDocument": trust}
    put = {"RoleName": "bench", "PolicyName": "rights", "PolicyDocument": rights}
    _ask(server, server.signer.iam("CreateRole", made))
    _ask(server, server.signer.iam("PutRolePolicy", put))
    answer = _ask(server, server.signer.assume_role(f"arn:aws:iam::{ACCOUNT}:role/bench")).decode()
    key, secret, token = (
        answer.partition(f"<{name}>")[2].partition("<")[0]
        for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    )
    return dataclasses.replace(server, signer=Signer(server.signer.host, key, secret, session_token=token))


def _policy(*actions: str, **more: object) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _ask(server: Server, request: bytes) -> bytes:
    status, body = server.send(request)
    if status != 200:
        raise ServerFailed(f"the customer's side cannot be made: {body[:300]!r}")
    return body


def _name(number: int) -> str:
    return f"bench/customer/database-{number:07d}"


def _requests(server: Server) -> list[bytes]:
    return [
        server.signer.secretsmanager("GetSecretValue", {"SecretId": _name(number)})
        for number in range(WARM_SECRETS)
    ]


def _create(server: Server) -> None:
    """Make a key, and as many secrets under it as there are under the default key."""
    key_id = json.loads(_ask(server, server.signer.kms("CreateKey", {})))["KeyMetadata"]["KeyId"]
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
