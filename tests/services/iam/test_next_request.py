"""A change of a policy, an attachment, a boundary or a group holds on the next request of every worker (S-09).

Tried by hand: with ``IdentityRows.update`` that does not tell the cache the tests of attachments, boundaries and
groups fail; with ``update_policy`` that does not, those of versions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.faults.test_linearizability import journals_of
from tests.services.iam.answers import new_key, policy
from tests.services.iam.test_roles import trust
from tests.support.accounts import Key
from tests.support.server import Server

CONNECTIONS = 8
"""So many that both workers have some of them, but for once in a hundred runs; the journals tell."""

DENY = policy("secretsmanager:*", effect="Deny")
ALLOW = policy("secretsmanager:*")


class World:
    """A server of two workers, a secret, and a user and a session who may read it, each on many connections."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.iam: Any = server.client("iam")
        self.request_ids: set[str] = set()
        server.client("secretsmanager").create_secret(Name="s", SecretString="value")
        self.iam.create_user(UserName="app")
        self.iam.put_user_policy(UserName="app", PolicyName="may", PolicyDocument=ALLOW)
        self.user = self.clients(new_key(self.iam, "app"))
        admin = f"arn:aws:iam::{server.first.account_id}:user/admin"
        role = self.iam.create_role(RoleName="app", AssumeRolePolicyDocument=trust({"AWS": admin}))["Role"]
        self.iam.put_role_policy(RoleName="app", PolicyName="may", PolicyDocument=ALLOW)
        made = server.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="tests")["Credentials"]
        self.session = self.clients(Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]))

    def clients(self, key: Key) -> list[Any]:
        """Make clients, each with a connection of its own."""
        return [self.server.client("secretsmanager", key=key) for _ in range(CONNECTIONS)]

    def new_policy(self, name: str, document: str) -> str:
        """Make a managed policy."""
        return str(self.iam.create_policy(PolicyName=name, PolicyDocument=document)["Policy"]["Arn"])

    def see(self, clients: list[Any]) -> set[str]:
        """Read the secret on every connection; give all outcomes."""
        outcomes = set()
        for client in clients:
            try:
                answer = client.get_secret_value(SecretId="s")
                outcomes.add("value")
            except ClientError as refused:
                answer = refused.response
                outcomes.add(str(refused.response["Error"]["Code"]))
            self.request_ids.add(answer["ResponseMetadata"]["RequestId"])
        return outcomes

    def assert_switched(self, clients: list[Any], off: tuple[str, Any], on: tuple[str, Any]) -> None:
        """Take the right away and give it back, twice; every connection sees it at once."""
        assert self.see(clients) == {"value"}
        for _ in range(2):
            getattr(self.iam, off[0])(**off[1])
            assert self.see(clients) == {"AccessDeniedException"}
            getattr(self.iam, on[0])(**on[1])
            assert self.see(clients) == {"value"}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server of this module; both of its workers answered something in the end."""
    directory: Path = tmp_path_factory.mktemp("two-workers")
    server = Server(directory / "data", ["--workers", "2"])
    try:
        made = World(server.start())
        yield made
        assert server.stop() == 0
        journals = journals_of(server.data_dir)
        assert all(ids & made.request_ids for ids in journals.values())
    finally:
        server.close()


@pytest.mark.parametrize("who", ["user", "role"])
def test_s09_attached_and_detached_policies(world: World, who: str) -> None:
    """A Deny that is attached, and detached."""
    arn = world.new_policy(f"deny-{who}", DENY)
    clients = world.user if who == "user" else world.session
    members = {"UserName" if who == "user" else "RoleName": "app", "PolicyArn": arn}
    world.assert_switched(clients, (f"attach_{who}_policy", members), (f"detach_{who}_policy", members))


@pytest.mark.parametrize("who", ["user", "role"])
def test_s09_boundaries(world: World, who: str) -> None:
    """A boundary that allows nothing of Secrets Manager, and its removal."""
    arn = world.new_policy(f"boundary-{who}", policy("s3:*"))
    clients = world.user if who == "user" else world.session
    name = {"UserName" if who == "user" else "RoleName": "app"}
    world.assert_switched(
        clients,
        (f"put_{who}_permissions_boundary", {**name, "PermissionsBoundary": arn}),
        (f"delete_{who}_permissions_boundary", name),
    )


@pytest.mark.parametrize(
    ("who", "use"),
    [
        ("user", "attached"),
        ("user", "boundary"),
        ("role", "attached"),
        ("role", "boundary"),
        ("group", "attached"),
    ],
)
def test_s09_new_default_versions(world: World, who: str, use: str) -> None:
    """Of an attached policy, of a group's, and of a boundary; a new one and an old one again."""
    arn = world.new_policy(f"versions-{who}-{use}", ALLOW)
    world.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DENY)
    clients = world.session if who == "role" else world.user
    name = {"RoleName" if who == "role" else "UserName": "app"}
    if who == "group":
        world.iam.create_group(GroupName="versions")
        world.iam.add_user_to_group(GroupName="versions", **name)
        world.iam.attach_group_policy(GroupName="versions", PolicyArn=arn)
    elif use == "attached":
        getattr(world.iam, f"attach_{who}_policy")(**name, PolicyArn=arn)
    else:
        getattr(world.iam, f"put_{who}_permissions_boundary")(**name, PermissionsBoundary=arn)
    world.assert_switched(
        clients,
        ("set_default_policy_version", {"PolicyArn": arn, "VersionId": "v2"}),
        ("set_default_policy_version", {"PolicyArn": arn, "VersionId": "v1"}),
    )
    made = world.iam.create_policy_version(PolicyArn=arn, PolicyDocument=DENY, SetAsDefault=True)
    assert made["PolicyVersion"]["IsDefaultVersion"] is True
    assert world.see(clients) == {"AccessDeniedException"}
    if who == "group":
        world.iam.remove_user_from_group(GroupName="versions", **name)
    elif use == "attached":
        getattr(world.iam, f"detach_{who}_policy")(**name, PolicyArn=arn)
    else:
        getattr(world.iam, f"delete_{who}_permissions_boundary")(**name)
    assert world.see(clients) == {"value"}


def test_s09_groups(world: World) -> None:
    """Joining and leaving a group that denies; attaching to and detaching from a group."""
    arn = world.new_policy("deny-group", DENY)
    world.iam.create_group(GroupName="group")
    member = {"GroupName": "group", "UserName": "app"}
    attached = {"GroupName": "group", "PolicyArn": arn}
    world.iam.attach_group_policy(**attached)
    world.assert_switched(world.user, ("add_user_to_group", member), ("remove_user_from_group", member))
    world.iam.detach_group_policy(**attached)
    world.iam.add_user_to_group(**member)
    world.assert_switched(world.user, ("attach_group_policy", attached), ("detach_group_policy", attached))
    inline = {"GroupName": "group", "PolicyName": "p"}
    world.assert_switched(
        world.user,
        ("put_group_policy", {**inline, "PolicyDocument": DENY}),
        ("delete_group_policy", inline),
    )


def test_s09_inline_policies_of_a_role(world: World) -> None:
    """Put and deleted."""
    inline = {"RoleName": "app", "PolicyName": "p"}
    world.assert_switched(
        world.session,
        ("put_role_policy", {**inline, "PolicyDocument": DENY}),
        ("delete_role_policy", inline),
    )


def test_p07_sessions_end_with_their_role(world: World) -> None:
    """Also when a role of the same name is made at once; this is the last test with the sessions."""
    assert world.see(world.session) == {"value"}
    world.iam.delete_role_policy(RoleName="app", PolicyName="may")
    document = world.iam.get_role(RoleName="app")["Role"]["AssumeRolePolicyDocument"]
    world.iam.delete_role(RoleName="app")
    refused = world.see(world.session)
    assert "value" not in refused
    world.iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps(document))
    world.iam.put_role_policy(RoleName="app", PolicyName="may", PolicyDocument=ALLOW)
    assert world.see(world.session) == refused
