"""How the tests of sessions make roles, assume them, and ask with what they get."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.support.accounts import Key

ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements: Mapping[str, Any]) -> str:
    """Write a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trusting(
    *principals: str,
    actions: tuple[str, ...] = ("sts:AssumeRole",),
    conditions: Mapping[str, Any] | None = None,
    kind: str = "AWS",
) -> dict[str, Any]:
    """Write a statement of a trust policy."""
    statement = {"Effect": "Allow", "Principal": {kind: list(principals)}, "Action": list(actions)}
    return {**statement, "Condition": conditions} if conditions else statement


def new_name() -> str:
    """Draw a name."""
    return f"r{uuid4().hex[:10]}"


def new_role(
    iam: Any, *rights: Mapping[str, Any], trust: Mapping[str, Any] | str, name: str = "", **more: Any
) -> str:
    """Make a role with these rights; ``trust`` is a statement, or a document. Return its ARN."""
    name = name or new_name()
    trust_policy = trust if isinstance(trust, str) else document(trust)
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **more)
    if rights:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(*rights))
    arn: str = made["Role"]["Arn"]
    return arn


def new_user(iam: Any, *rights: Mapping[str, Any], **more: Any) -> tuple[str, Key]:
    """Make a user with these rights and a key; return its ARN and the key."""
    name = new_name()
    made = iam.create_user(UserName=name, **more)
    if rights:
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document(*rights))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return made["User"]["Arn"], Key(key["AccessKeyId"], key["SecretAccessKey"])


def key_of(answer: Mapping[str, Any]) -> Key:
    """Take the credentials out of an answer of STS."""
    made = answer["Credentials"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"])


def assume(sts: Any, role: str, session: str = "tests", **more: Any) -> Key:
    """Assume a role."""
    return key_of(sts.assume_role(RoleArn=role, RoleSessionName=session, **more))
