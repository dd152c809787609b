"""A world for the tests that go over all operations: one account for a module, and users with exact rights."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

import pytest

from tests.gateway.every_operation import UNEXPLAINED, Clients, Entry, example_of
from tests.support.accounts import Account, Key
from tests.support.server import Server
from tests.support.signed_http import RawAnswer


class World:
    """An account with what the examples need, and requests of users whose rights the test states.

    Attributes:
        server: The server.
        account: The account whose objects are asked for.
        clients: Of its administrator.
    """

    def __init__(self, server: Server, account: Account | None = None) -> None:
        self.server = server
        self.account = account or server.new_account()
        self.clients = Clients(
            server.client("secretsmanager", self.account),
            server.client("iam", self.account),
            server.client("kms", self.account),
            server.client("logs", self.account),
            server.client("lambda", self.account),
        )
        self._sts = server.client("sts", self.account)
        self._users: dict[str, Key] = {}

    def new_name(self) -> str:
        """Draw the name of an object."""
        return f"n{uuid4().hex[:10]}"

    def prepare(self, entry: Entry) -> str:
        """Make what the example of an operation needs; return its name."""
        name = self.new_name()
        own_name = example_of(entry).prepare(self.clients, name)
        return own_name if isinstance(own_name, str) else name

    def absent_name(self, entry: Entry) -> str:
        """Draw a name that no object of an operation has."""
        return str(uuid4()) if entry[0].name == "kms" else self.new_name()

    def user(self, *statements: Mapping[str, Any]) -> Key:
        """Give the key of a user with just these rights: the same one for the same rights."""
        wanted = json.dumps(statements)
        if wanted not in self._users:
            self._users[wanted] = self.new_user(*statements)
        return self._users[wanted]

    def new_user(self, *statements: Mapping[str, Any]) -> Key:
        """Make a user with just these rights; return its key."""
        name = self.new_name()
        self.clients.iam.create_user(UserName=name)
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            self.clients.iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document)
        made = self.clients.iam.create_access_key(UserName=name)["AccessKey"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"])

    def role(self, *statements: Mapping[str, Any], boundary: Mapping[str, Any] | None = None) -> str:
        """Make a role that the administrator may assume, with just these rights; return its name."""
        name = self.new_name()
        trust = {"Effect": "Allow", "Principal": {"AWS": self.account.account_id}, "Action": "sts:AssumeRole"}
        made = {"RoleName": name, "AssumeRolePolicyDocument": _document(trust)}
        if boundary is not None:
            policy = self.clients.iam.create_policy(PolicyName=name, PolicyDocument=_document(boundary))
            made["PermissionsBoundary"] = policy["Policy"]["Arn"]
        self.clients.iam.create_role(**made)
        if statements:
            document = _document(*statements)
            self.clients.iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document)
        return name

    def session(self, role: str) -> Key:
        """Assume a role as the administrator."""
        arn = f"arn:aws:iam::{self.account.account_id}:role/{role}"
        answer = self._sts.assume_role(RoleArn=arn, RoleSessionName="one")
        made = answer["Credentials"]
        return Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])

    def arn_of(self, key: Key) -> str:
        """Ask who a key belongs to."""
        answer = self.server.raw("sts", "GetCallerIdentity", {}, key=key)
        found = re.search(rb"<Arn>([^<]+)</Arn>", answer.body)
        assert found is not None, answer.body
        return found[1].decode()

    def ask(self, entry: Entry, name: str, key: Key | Account | None = None, **how: Any) -> RawAnswer:
        """Send the example's request, by default as the administrator."""
        service, operation = entry
        members = how.pop("members", None)
        if members is None:
            members = example_of(entry).members(self.account.account_id, name)
        return self.server.raw(service.name, operation.name, members, key=key or self.account, **how)

    def records_of(self, answer: RawAnswer) -> list[dict[str, Any]]:
        """Give the audit records of a request."""
        return self.server.records(request_id=answer.headers["x-amzn-RequestId"])


def _document(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture(scope="module")
def world(server: Server) -> World:
    """The account of this module."""
    return World(server)


@pytest.fixture
def denied_text() -> Callable[[str, str, str], str]:
    """Word AWS's refusal of a caller whom no identity policy lets."""

    def word(arn: str, action: str, label: str) -> str:
        where = "" if label == "*" else f" on resource: {label}"
        refused = f"User: {arn} is not authorized to perform: {action}{where}"
        if tuple(action.split(":")) in UNEXPLAINED:
            return refused
        return f"{refused} because no identity-based policy allows the {action} action"

    return word
