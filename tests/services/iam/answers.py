"""How the tests of IAM make users with keys, ask and read answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.accounts import Key

Refusal = tuple[int, str, str]
"""HTTP status, code and message."""


def refusal(call: Callable[..., Any], **parameters: Any) -> Refusal:
    """Make a call that must be refused."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Any = caught.value.response
    error = response["Error"]
    assert error["Type"] == "Sender"
    return response["ResponseMetadata"]["HTTPStatusCode"], error["Code"], error["Message"]


def user_not_found(name: str) -> Refusal:
    """Word the refusal of a name that no user has."""
    return 404, "NoSuchEntity", f"The user with name {name} cannot be found."


def denied(caller: str, action: str, resource: str) -> Refusal:
    """Word the refusal of a caller whom no policy lets."""
    return (
        403,
        "AccessDenied",
        f"User: {caller} is not authorized to perform: {action} on resource: {resource} because no "
        f"identity-based policy allows the {action} action",
    )


def new_key(iam: Any, name: str) -> Key:
    """Make a key of a user."""
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return Key(made["AccessKeyId"], made["SecretAccessKey"])


def policy(*actions: str, effect: str = "Allow", resource: str = "*") -> str:
    """Write a policy of one statement."""
    statement = {"Effect": effect, "Action": list(actions), "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def only_record(server: Any, response: dict[str, Any]) -> dict[str, Any]:
    """Return the one audit record of an answer."""
    (record,) = server.records(request_id=response["ResponseMetadata"]["RequestId"])
    found: dict[str, Any] = record
    return found
