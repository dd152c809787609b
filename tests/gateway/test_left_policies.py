"""What an operation has parsed, to store it, is what is compiled when the first request needs it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from bench.filling import ACCOUNT, REGION, secret_name
from bench.profiling import heads_of, raw_request, serving
from bench.signing import Signer

from strongroom.gateway.compiling import COMPILED, is_quick
from strongroom.gateway.exchange import Exchange
from strongroom.http_message import RawReply
from strongroom.policy.compile import CompiledPolicy
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.principals import managed_policy, policies_of_user
from strongroom.services.kms.keys import find_key_in_force
from strongroom.services.secretsmanager.lookup import resource_policy
from strongroom.services.secretsmanager.tables import find_secret
from strongroom.store.rows import Rows
from strongroom.worker import Worker

ROOT = f"arn:aws:iam::{ACCOUNT}:root"


class Asking:
    """Asks the pipeline of a worker in this process."""

    def __init__(self, worker: Worker, signer: Signer) -> None:
        self.worker = worker
        self.signer = signer
        self._reply: asyncio.Future[RawReply]

    def answer(self, exchange: Exchange, reply: RawReply) -> None:
        """Take a reply, as a connection does."""
        exchange.framed = b"framed"
        self._reply.set_result(reply)

    def ask(self, wire: bytes) -> bytes:
        """Send a request; return the body of its answer."""

        async def send() -> RawReply:
            self._reply = asyncio.get_running_loop().create_future()
            request = raw_request(heads_of(self.worker), wire)
            self.worker.pipeline.handle_batch([Exchange(request, self, is_last=False)])
            return await self._reply

        reply = self.worker.loop.run_until_complete(send())
        assert reply.status == 200, reply.body
        return bytes(reply.body)

    def iam(self, operation: str, **members: str) -> None:
        """Call IAM."""
        self.ask(self.signer.iam(operation, members))


@pytest.fixture
def asking() -> Iterator[Asking]:
    """A worker without requests of anybody else."""
    with serving() as (worker, signer):
        yield Asking(worker, signer)


def slow(statement: dict[str, Any]) -> str:
    """Write a policy that is not compiled in place, and not too long for a user."""
    padding = [f"secretsmanager:A{n}" for n in range(75)]
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement | {"Action": padding}, statement]})
    assert not is_quick(text)
    return text


IDENTITY = slow({"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"})
RESOURCE = slow({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "secretsmanager:*"})
KEY = slow({"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"})


def of_user(asking: Asking) -> Callable[[Rows], CompiledPolicy]:
    """Put an inline policy; say where it is found."""
    asking.iam("CreateUser", UserName="u")
    asking.iam("PutUserPolicy", UserName="u", PolicyName="p", PolicyDocument=IDENTITY)

    def find(rows: Rows) -> CompiledPolicy:
        user = USERS.find(rows, ACCOUNT, "u")
        assert user is not None
        [policy] = policies_of_user(rows, user).identity
        return policy

    return find


def managed(asking: Asking) -> Callable[[Rows], CompiledPolicy]:
    """Make a default version of a managed policy; say where it is found."""
    arn = f"arn:aws:iam::{ACCOUNT}:policy/p"
    before = json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
    )
    asking.iam("CreatePolicy", PolicyName="p", PolicyDocument=before)
    asking.iam("CreatePolicyVersion", PolicyArn=arn, PolicyDocument=IDENTITY, SetAsDefault="true")
    return lambda rows: managed_policy(rows, arn)


def of_secret(asking: Asking) -> Callable[[Rows], CompiledPolicy]:
    """Put the policy of a secret; say where it is found."""
    members = {"SecretId": secret_name(0), "ResourcePolicy": RESOURCE}
    asking.ask(asking.signer.secretsmanager("PutResourcePolicy", members))

    def find(rows: Rows) -> CompiledPolicy:
        secret = find_secret(rows, ACCOUNT, REGION, secret_name(0))
        assert secret is not None
        policy = resource_policy(rows, secret)
        assert policy is not None
        return policy

    return find


def of_key(asking: Asking) -> Callable[[Rows], CompiledPolicy]:
    """Put the policy of a KMS key; say where it is found."""
    made = json.loads(asking.ask(asking.signer.kms("CreateKey", {})))
    key_id = made["KeyMetadata"]["KeyId"]
    asking.ask(asking.signer.kms("PutKeyPolicy", {"KeyId": key_id, "Policy": KEY}))

    def find(rows: Rows) -> CompiledPolicy:
        key = find_key_in_force(rows, key_id)
        assert key is not None
        return key.policy

    return find


@pytest.mark.parametrize("put", [of_user, managed, of_secret, of_key])
def test_a_policy_that_was_put_is_not_parsed_again(
    asking: Asking, put: Callable[[Asking], Callable[[Rows], CompiledPolicy]]
) -> None:
    """Whoever puts it leaves it under the name that its readers look for."""
    find = put(asking)
    parsed = COMPILED.parsed
    rows = asking.worker.rows
    rows.refresh()
    policy = find(rows)
    assert policy.table("secretsmanager:GetSecretValue" if put is not of_key else "kms:Decrypt").allow
    assert find(rows) is policy
    assert COMPILED.parsed == parsed
