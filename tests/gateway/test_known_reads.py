"""Reads like those before: whatever bears on the answer is looked at anew, or makes them be forgotten (decision 20).

Every test reads often enough that the read is known, then changes one thing.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Iterator
from typing import Any

import apsw
import pytest
from bench.filling import secret_name
from bench.profiling import GROUP, Replies, heads_of, raw_request, serving
from botocore.exceptions import ClientError
from msgspec.structs import replace

from strongroom.clock import system_clock
from strongroom.gateway.call import Call
from strongroom.gateway.caller import Caller
from strongroom.gateway.exchange import Exchange
from strongroom.gateway.known_reads import LEARN_EVERY, LONGEST_BODY, MOST_KEPT, KnownReads
from strongroom.gateway.operation import Target
from strongroom.gateway.routing import JSON_1_1, Router
from strongroom.gateway.speech import parse_request
from strongroom.http_message import RawRequest
from strongroom.policy.question import Principal
from strongroom.services import secretsmanager as secretsmanager_service
from strongroom.services.secretsmanager.get_secret_value import GET_SECRET_VALUE
from strongroom.store.cache import RowCache
from tests.services.kms.answers import User, policy, statement
from tests.services.secretsmanager.answers import allow, deny, limited_client, refusal, share
from tests.support.accounts import Account, Key
from tests.support.server import MovedServer, Server, run_program

CALLER = Caller(Principal("User", "arn", "111122223333", "AIDA"), "IAMUser", "u", "AKIA", ())
NOBODY_ANSWERS: Any = None
READ = "secretsmanager:GetSecretValue"
_ROUTER = Router([secretsmanager_service.SERVICE])
DENIED = "AccessDeniedException"


def read_often(client: Any, value: str = "x", secret_id: str = "a") -> None:
    """Read a secret until the read is known, and once more."""
    answers = [client.get_secret_value(SecretId=secret_id) for _ in range(2 * LEARN_EVERY + 1)]
    assert {answer["SecretString"] for answer in answers} == {value}


@pytest.fixture
def secret(secretsmanager: Any) -> str:
    """The ARN of the secret a."""
    made: str = secretsmanager.create_secret(Name="a", SecretString="x")["ARN"]
    return made


class World:
    """A user who may read the secret a, and who changes that."""

    def __init__(self, server: Server, account: Account) -> None:
        self.iam = server.client("iam", account)
        self.owner = server.client("secretsmanager", account)
        self.user = User(server, account, statement(READ))
        made = self.iam.create_policy(PolicyName="limit", PolicyDocument=policy(allow("DescribeSecret")))
        self.limit: str = made["Policy"]["Arn"]

    def take(self) -> None:
        """Let the right not be there."""
        self.user.may(statement("secretsmanager:DescribeSecret"))

    def deny(self) -> None:
        """Deny it beside the right."""
        self.user.may(statement(READ), statement(READ, effect="Deny"))

    def give(self) -> None:
        """Let the right be there, and nothing else."""
        self.user.may(statement(READ))

    def deny_by_secret(self) -> None:
        """Deny it to everybody by the policy of the secret."""
        document = policy({**deny("GetSecretValue"), "Principal": "*"})
        self.owner.put_resource_policy(SecretId="a", ResourcePolicy=document)

    def undo_by_secret(self) -> None:
        """Remove that policy."""
        self.owner.delete_resource_policy(SecretId="a")

    def deny_by_group(self) -> None:
        """Deny it to a group, which the user joins."""
        self.iam.create_group(GroupName="no")
        document = policy(deny("GetSecretValue"))
        self.iam.put_group_policy(GroupName="no", PolicyName="no", PolicyDocument=document)
        self.iam.add_user_to_group(GroupName="no", UserName=self.user.name)

    def undo_by_group(self) -> None:
        """Remove the group."""
        self.iam.remove_user_from_group(GroupName="no", UserName=self.user.name)
        self.iam.delete_group_policy(GroupName="no", PolicyName="no")
        self.iam.delete_group(GroupName="no")

    def limit_user(self) -> None:
        """Set a boundary that does not have the right."""
        self.iam.put_user_permissions_boundary(UserName=self.user.name, PermissionsBoundary=self.limit)

    def undo_limit(self) -> None:
        """Remove the boundary."""
        self.iam.delete_user_permissions_boundary(UserName=self.user.name)


CHANGES = {
    "right taken": (World.take, World.give),
    "right denied": (World.deny, World.give),
    "denied by the secret": (World.deny_by_secret, World.undo_by_secret),
    "denied to a group": (World.deny_by_group, World.undo_by_group),
    "limited by a boundary": (World.limit_user, World.undo_limit),
}


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("change", CHANGES)
def test_s09_a_change_of_rights_holds_on_the_very_next_read(
    server: Server, account: Account, change: str
) -> None:
    """And on every one after it; when it is undone, the next one is allowed."""
    world = World(server, account)
    client = world.user.client("secretsmanager")
    make, undo = CHANGES[change]
    for _ in range(2):
        read_often(client)
        make(world)
        for _ in range(LEARN_EVERY + 1):
            assert refusal(client.get_secret_value, SecretId="a")[0] == DENIED
        undo(world)


def test_p05_a_change_of_the_secret_holds_on_the_very_next_read(secretsmanager: Any, secret: str) -> None:
    """Its value, its labels, its deletion, and another secret under its name."""
    read_often(secretsmanager)
    read_often(secretsmanager, "x", secret)
    first = secretsmanager.get_secret_value(SecretId="a")["VersionId"]
    second = secretsmanager.put_secret_value(SecretId="a", SecretString="y")["VersionId"]
    read_often(secretsmanager, "y")
    read_often(secretsmanager, "y", secret)
    secretsmanager.update_secret_version_stage(
        SecretId="a", VersionStage="AWSCURRENT", MoveToVersionId=first, RemoveFromVersionId=second
    )
    read_often(secretsmanager)
    secretsmanager.delete_secret(SecretId="a")
    for _ in range(LEARN_EVERY + 1):
        assert refusal(secretsmanager.get_secret_value, SecretId="a")[0] == "InvalidRequestException"
    secretsmanager.restore_secret(SecretId="a")
    read_often(secretsmanager)
    secretsmanager.delete_secret(SecretId="a", ForceDeleteWithoutRecovery=True)
    for name in ("a", secret):
        assert refusal(secretsmanager.get_secret_value, SecretId=name)[0] == "ResourceNotFoundException"
    secretsmanager.create_secret(Name="a", SecretString="z")
    read_often(secretsmanager, "z")
    assert refusal(secretsmanager.get_secret_value, SecretId=secret)[0] == "ResourceNotFoundException"


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("stands_in", ["identity policy", "deny", "policy of the secret"])
def test_p02_a_right_that_hangs_on_the_request_is_decided_on_each_time(
    server: Server, account: Account, secretsmanager: Any, stands_in: str
) -> None:
    """Two programs with one key send the same bytes; only one of them may."""
    only_good = {"StringLike": {"aws:UserAgent": "*good*"}}
    not_good = {"StringNotLike": only_good["StringLike"]}
    if stands_in == "identity policy":
        user = User(server, account, statement(READ, Condition=only_good))
    elif stands_in == "deny":
        user = User(server, account, statement(READ), statement(READ, effect="Deny", Condition=not_good))
    else:
        user = User(server, account)
        document = policy({**allow("GetSecretValue", condition=only_good), "Principal": {"AWS": user.arn}})
        secretsmanager.put_resource_policy(SecretId="a", ResourcePolicy=document)
    good, bad = (
        server.client("secretsmanager", key=user.key, user_agent_extra=agent) for agent in ("good", "evil")
    )
    for _ in range(3):
        read_often(good)
        for _ in range(LEARN_EVERY + 1):
            assert refusal(bad.get_secret_value, SecretId="a")[0] == DENIED


def test_p02_a_right_that_ends_at_an_instant_ends_then(moved_server: MovedServer) -> None:
    """Nothing is committed at that instant."""
    server = moved_server
    server.set_time("2030-01-01T11:50:00+00:00")
    server.client("secretsmanager").create_secret(Name="a", SecretString="x")
    until_noon = {"DateLessThan": {"aws:CurrentTime": "2030-01-01T12:00:00Z"}}
    client = User(server, server.first, statement(READ, Condition=until_noon)).client("secretsmanager")
    read_often(client)
    server.advance(seconds=601)
    assert refusal(client.get_secret_value, SecretId="a")[0] == DENIED


def test_p02_what_one_may_says_nothing_of_others_or_of_other_operations(
    server: Server, account: Account, secretsmanager: Any, secret: str
) -> None:
    """All send the same body: another user, another account, another operation, another Region."""
    other = server.new_account()
    theirs = server.client("secretsmanager", other)
    theirs.create_secret(Name="a", SecretString="of the other account")
    run_program("region", "add", "us-west-1", "--data-dir", server.data_dir)
    elsewhere = server.client("secretsmanager", account, region="us-west-1")
    elsewhere.create_secret(Name="a", SecretString="of the other Region")
    reader = limited_client(server, account, allow("GetSecretValue"))
    describer = limited_client(server, account, allow("DescribeSecret"))
    stranger = limited_client(server, other, allow("*"))
    for _ in range(3):
        read_often(secretsmanager)
        read_often(reader)
        read_often(theirs, "of the other account")
        read_often(elsewhere, "of the other Region")
        for _ in range(2 * LEARN_EVERY):
            assert describer.describe_secret(SecretId="a")["ARN"] == secret
        assert refusal(describer.get_secret_value, SecretId="a")[0] == DENIED
        assert refusal(reader.describe_secret, SecretId="a")[0] == DENIED
        assert refusal(stranger.get_secret_value, SecretId=secret)[0] == DENIED
    share(secretsmanager, "a", other.account_id)
    # Shared it is; under the default key nobody else reads it all the same.
    assert refusal(stranger.get_secret_value, SecretId=secret)[0] == "InvalidRequestException"


def test_s09_sessions_of_one_role_have_rights_of_their_own(
    server: Server, account: Account, secretsmanager: Any, secret: str
) -> None:
    """Each by its own session policy, however often the other one reads; and both end with the role's right."""
    iam, sts = server.client("iam", account), server.client("sts", account)
    trust = statement("sts:AssumeRole", Principal={"AWS": account.account_id})
    del trust["Resource"]
    role_arn = iam.create_role(RoleName="app", AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName="app", PolicyName="may", PolicyDocument=policy(statement(READ)))

    def session(**more: str) -> Any:
        given = sts.assume_role(RoleArn=role_arn, RoleSessionName="one", **more)["Credentials"]
        key = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return server.client("secretsmanager", key=key)

    free, limited = session(), session(Policy=policy(allow("DescribeSecret")))
    for _ in range(2):
        read_often(free)
        assert refusal(limited.get_secret_value, SecretId="a")[0] == DENIED
    iam.put_role_policy(RoleName="app", PolicyName="may", PolicyDocument=policy(deny("GetSecretValue")))
    assert refusal(free.get_secret_value, SecretId="a")[0] == DENIED


def test_s09_a_random_walk_of_changes_never_meets_an_old_answer(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """Rights and values change at random; every read says what holds at that moment."""
    chance = random.Random(20)
    names = [f"walk{number}" for number in range(3)]
    values = dict.fromkeys(names, "0")
    arns = {
        name: secretsmanager.create_secret(Name=name, SecretString="0")["ARN"].rpartition("-")[0]
        for name in names
    }
    users = [User(server, account) for _ in range(2)]
    clients = [user.client("secretsmanager") for user in users]
    may: list[set[str]] = [set(), set()]
    for step in range(60):
        kind, name, who = (
            chance.choice(("right", "right", "value")),
            chance.choice(names),
            chance.randrange(2),
        )
        if kind == "value":
            values[name] = str(step)
            secretsmanager.put_secret_value(SecretId=name, SecretString=str(step))
        else:
            may[who] ^= {name}
            allowed = [statement(READ, resource=f"{arns[one]}-??????") for one in sorted(may[who])]
            users[who].may(*allowed, statement("secretsmanager:ListSecrets"))
        for _ in range(chance.choice((1, LEARN_EVERY + 1))):
            for number, client in enumerate(clients):
                for one in names:
                    assert _read(client, one) == (values[one] if one in may[number] else DENIED), step


def _read(client: Any, name: str) -> str:
    try:
        value: str = client.get_secret_value(SecretId=name)["SecretString"]
    except ClientError as refused:
        return str(refused.response["Error"]["Code"])
    return value


def test_reads_like_those_before_are_recognised_until_anything_is_committed() -> None:
    """In a worker's own pipeline: none of the first, all of the last, none after a commit."""
    with serving() as (worker, signer):
        pipeline: Any = worker.pipeline
        known: KnownReads = pipeline._known

        async def read(times: int) -> int:
            before = known.recognised
            for _ in range(times):
                replies = Replies(asyncio.get_running_loop())
                wires = [
                    signer.secretsmanager("GetSecretValue", {"SecretId": secret_name(number % 8)})
                    for number in range(GROUP)
                ]
                answered = replies.expect(GROUP)
                requests = [raw_request(heads_of(worker), wire) for wire in wires]
                pipeline.handle_batch([Exchange(request, replies, is_last=False) for request in requests])
                await answered
            return known.recognised - before

        run = worker.loop.run_until_complete
        run(read(2))  # the first use of the key is marked, which is a commit
        assert run(read(2)) > GROUP
        assert run(read(1)) == GROUP
        worker.rows.cache.state += 1
        assert run(read(1)) == 0
        run(read(2))
        assert run(read(1)) == GROUP


def _call(number: int = 0, length: int = 20, name: str = "GetSecretValue") -> Call:
    """Make a call of a user, up to step 6."""
    named = ((b"x-amz-target", f"secretsmanager.{name}".encode()), (b"content-type", JSON_1_1))
    body = f'{{"SecretId":"{number}"}}'.encode().ljust(length)
    request = RawRequest(b"POST", b"/", b"", named, body, "127.0.0.1", False, "id")
    route = _ROUTER.find(request)
    assert route.operation is not None
    call = Call(Exchange(request, NOBODY_ANSWERS, is_last=False), route, CALLER, "us-east-1", 0)
    call.request = route.operation.request(**({"secret_id": str(number)} if "Secret" in name else {}))
    call.target = Target("arn", "111122223333")
    return call


def _learn(known: KnownReads, *calls: Call) -> int:
    for call in calls:
        for _ in range(LEARN_EVERY):
            known.learn(call)
    return len(known)


@pytest.fixture
def known() -> Iterator[KnownReads]:
    """Reads of a new store."""
    with contextlib.closing(apsw.Connection(":memory:")) as connection:
        known = KnownReads(RowCache(connection, 1_000))
        assert not known.recognise(_call())
        yield known


def test_what_was_made_anew_is_decided_on_anew(known: KnownReads) -> None:
    """A caller with the same key may have come with other policies, an operation of the same name is another one."""
    first, again = _call(), _call()
    _learn(known, first)
    assert known.recognise(again)
    assert (again.request, again.target, again.is_known) == (first.request, first.target, True)
    other, another = _call(), _call()
    other.caller = replace(first.caller)
    another.route = replace(first.route, operation=replace(GET_SECRET_VALUE))
    assert not known.recognise(other)
    assert not known.recognise(another)


def test_what_is_kept_is_bounded(known: KnownReads) -> None:
    """In number, and in the length of bodies; and only operations that say so are kept."""
    assert _learn(known, _call(1, length=LONGEST_BODY + 1), _call(name="GetRandomPassword")) == 0
    assert _learn(known, _call(2), _call(3, length=LONGEST_BODY)) == 2
    assert 0 < _learn(known, *(_call(number) for number in range(100, 100 + MOST_KEPT))) <= MOST_KEPT


def test_a_call_that_is_walked_once_more_is_resolved_anew() -> None:
    """What is known is known for one walk: it waited for something, and the store may be another."""
    with serving() as (worker, signer):
        pipeline: Any = worker.pipeline
        pipeline._rows.refresh()
        calls = []
        for number in (1, 2):
            wire = signer.secretsmanager("GetSecretValue", {"SecretId": secret_name(number)})
            request = raw_request(heads_of(worker), wire)
            exchange = Exchange(request, NOBODY_ANSWERS, is_last=False)
            call = pipeline._admit(exchange, system_clock())
            call.request = parse_request(call.route, request)
            pipeline.steps.perform(call, worker.rows)
            assert call.response.name == secret_name(number)
            calls.append(call)
        call, other = calls
        call.is_known, call.target = True, other.target
        names = []
        for _ in range(2):
            pipeline.steps.perform(call, worker.rows)
            names.append(call.response.name)
        assert names == [secret_name(2), secret_name(1)]
