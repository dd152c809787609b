"""How the tests of KMS ask, read answers, and make users whose rights they state."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.support.accounts import Account, Key
from tests.support.server import Server


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Make a call that must be refused; return code and message. Every client fault is a 400."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return response["Error"]["Code"], response["Error"].get("Message", "")


def arn_of(account: Account, key_id: str, region: str = "us-east-1") -> str:
    """Write the ARN of a key."""
    return f"arn:aws:kms:{region}:{account.account_id}:key/{key_id}"


def statement(*actions: str, effect: str = "Allow", resource: str = "*", **more: Any) -> dict[str, Any]:
    """Write a statement about actions of KMS; ``Condition`` and ``Principal`` come as further members."""
    named = [action if ":" in action or action == "*" else f"kms:{action}" for action in actions]
    return {"Effect": effect, "Action": named, "Resource": resource, **more}


def policy(*statements: dict[str, Any]) -> str:
    """Write a policy."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


class User:
    """A user of an account with just the rights that a test gives it."""

    def __init__(self, server: Server, account: Account, *statements: dict[str, Any]) -> None:
        self._server = server
        self._iam = server.client("iam", account)
        self.name = f"user-{uuid4().hex[:12]}"
        self.arn: str = self._iam.create_user(UserName=self.name)["User"]["Arn"]
        if statements:
            self.may(*statements)
        made = self._iam.create_access_key(UserName=self.name)["AccessKey"]
        self.key = Key(made["AccessKeyId"], made["SecretAccessKey"])

    def may(self, *statements: dict[str, Any]) -> None:
        """Replace what the user may."""
        self._iam.put_user_policy(UserName=self.name, PolicyName="rights", PolicyDocument=policy(*statements))

    def client(self, service: str = "kms") -> Any:
        """Make a client that signs with the user's key."""
        return self._server.client(service, key=self.key)


def denied(caller: str, action: str, resource: str, layer: str = "identity") -> tuple[str, str]:
    """Word the refusal of a caller whom no policy of a layer lets."""
    return (
        "AccessDeniedException",
        f"User: {caller} is not authorized to perform: kms:{action} on resource: {resource} because no "
        f"{layer}-based policy allows the kms:{action} action",
    )
