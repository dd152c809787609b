"""How the tests of Secrets Manager ask and read answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.support.accounts import Account, Key
from tests.support.server import Server

NOT_FOUND = ("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
MARKED = (
    "InvalidRequestException",
    "You can't perform this operation on the secret because it was marked for deletion.",
)
INVALID_NAME = (
    "ValidationException",
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
)
TOKEN_MISSING = (
    "InvalidRequestException",
    "You must provide a ClientRequestToken value. We recommend a UUID-type value.",
)
DEFAULT_KEY = (
    "InvalidRequestException",
    "You can't access a secret from a different AWS account if you encrypt the secret with the default KMS "
    "service key.",
)
KMS_REFUSED = ("AccessDeniedException", "Access to KMS is not allowed")
TWO_VALUES = (
    "InvalidParameterException",
    "You can't specify both a binary secret value and a string secret value in the same secret.",
)


def refusal(call: Callable[..., Any], **parameters: Any) -> tuple[str, str]:
    """Make a call that must be refused; return code and message. Every client fault is a 400."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return response["Error"]["Code"], response["Error"]["Message"]


def token_reused(token: str, arn: str) -> tuple[str, str]:
    """Word the refusal of a token that belongs to other content."""
    return (
        "ResourceExistsException",
        f"You can't use ClientRequestToken {token} because that value is already in use for a version of "
        f"secret {arn}.",
    )


def stages(client: Any, secret_id: str) -> dict[str, list[str]]:
    """Read the labels of every labelled version."""
    found = client.describe_secret(SecretId=secret_id).get("VersionIdsToStages", {})
    return {version: sorted(labels) for version, labels in found.items()}


def new_token() -> str:
    """Draw a version id."""
    return str(uuid4())


def plain(response: dict[str, Any]) -> dict[str, Any]:
    """Give an answer without what botocore adds."""
    return {name: value for name, value in response.items() if name != "ResponseMetadata"}


def request_id(response: dict[str, Any]) -> str:
    """Read the request id of an answer."""
    found: str = response["ResponseMetadata"]["RequestId"]
    return found


def limited_client(server: Server, account: Account, *statements: dict[str, Any]) -> Any:
    """Make a user who may do what the statements say, and nothing else; return its client."""
    iam = server.client("iam", account)
    name = f"user-{uuid4().hex[:12]}"
    iam.create_user(UserName=name)
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    iam.put_user_policy(UserName=name, PolicyName="all", PolicyDocument=json.dumps(document))
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return server.client("secretsmanager", key=Key(made["AccessKeyId"], made["SecretAccessKey"]))


def allow(*actions: str, resource: str = "*", condition: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write a statement that allows operations of Secrets Manager."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Action": [f"secretsmanager:{action}" for action in actions],
        "Resource": resource,
    }
    return statement if condition is None else {**statement, "Condition": condition}


def deny(*actions: str, resource: str = "*", condition: dict[str, Any] | None = None) -> dict[str, Any]:
    """Write a statement that denies operations of Secrets Manager."""
    return {**allow(*actions, resource=resource, condition=condition), "Effect": "Deny"}


def the_record(server: Server, response: Any) -> dict[str, Any]:
    """Return the one audit record of a request."""
    found = server.records(request_id=request_id(response))
    assert len(found) == 1
    return found[0]


def refused_record(server: Server, call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """Make a call that must be refused; return its one audit record."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    return the_record(server, caught.value.response)


def share(client: Any, secret_id: str, account_id: str) -> None:
    """Let another account do everything with a secret."""
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                "Action": "secretsmanager:*",
                "Resource": "*",
            }
        ],
    }
    client.put_resource_policy(SecretId=secret_id, ResourcePolicy=json.dumps(document))


def events_of(server: Server, account: Account, *names: str) -> list[tuple[str, str]]:
    """List the service events of an account: name and version."""
    return [
        (record["eventName"], record["additionalEventData"]["SecretVersionId"])
        for record in server.records(account=account)
        if record["eventName"] in names
    ]
