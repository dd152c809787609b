"""What the tests of Lambda make: roles, users with exact rights."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.support.accounts import Account, Key
from tests.support.server import Server

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def make_lambda_role(
    server: Server, account: Account, *statements: Mapping[str, Any], service: str = "lambda.amazonaws.com"
) -> str:
    """Make a role that a service may assume, with just these rights; return its ARN."""
    iam = server.client("iam", account)
    name = f"role-{uuid4().hex[:10]}"
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(*statements))
    return arn


def make_user(server: Server, account: Account, *statements: Mapping[str, Any]) -> Key:
    """Make a user with just these rights; return its key."""
    iam = server.client("iam", account)
    name = f"user-{uuid4().hex[:10]}"
    iam.create_user(UserName=name)
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document(*statements))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def document(*statements: Mapping[str, Any]) -> str:
    """Write a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
