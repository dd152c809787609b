"""BatchGetSecretValue, as a client sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

OPERATION = "secretsmanager.BatchGetSecretValue"
NOT_FOUND = {
    "ErrorCode": "ResourceNotFoundException",
    "Message": "Secrets Manager can't find the specified secret.",
}


def test_listed_secrets_are_read(secretsmanager: Any) -> None:
    """Values come in the order of the list, by name and by ARN, text and binary."""
    text = secretsmanager.create_secret(Name="text", SecretString="a value")
    blob = secretsmanager.create_secret(Name="blob", SecretBinary=b"\x00\x01\xff")
    answer = secretsmanager.batch_get_secret_value(SecretIdList=[blob["ARN"], "text"])
    assert answer["Errors"] == []
    assert "NextToken" not in answer
    first, second = answer["SecretValues"]
    assert first.pop("CreatedDate")
    assert second.pop("CreatedDate")
    assert first == {
        "ARN": blob["ARN"],
        "Name": "blob",
        "VersionId": blob["VersionId"],
        "SecretBinary": b"\x00\x01\xff",
        "VersionStages": ["AWSCURRENT"],
    }
    assert second == {
        "ARN": text["ARN"],
        "Name": "text",
        "VersionId": text["VersionId"],
        "SecretString": "a value",
        "VersionStages": ["AWSCURRENT"],
    }


def test_what_fails_stands_in_errors(secretsmanager: Any) -> None:
    """Each failure is told for itself, as GetSecretValue would, and the others are answered."""
    secretsmanager.create_secret(Name="good", SecretString="a value")
    secretsmanager.create_secret(Name="empty")
    secretsmanager.create_secret(Name="given-up", SecretString="a value")
    secretsmanager.delete_secret(SecretId="given-up")
    answer = secretsmanager.batch_get_secret_value(
        SecretIdList=["absent", "good", "empty", "given-up", "in valid"]
    )
    assert [value["Name"] for value in answer["SecretValues"]] == ["good"]
    assert answer["Errors"] == [
        {"SecretId": "absent", **NOT_FOUND},
        {
            "SecretId": "empty",
            "ErrorCode": "ResourceNotFoundException",
            "Message": "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
        },
        {
            "SecretId": "given-up",
            "ErrorCode": "InvalidRequestException",
            "Message": "You can't perform this operation on the secret because it was marked for deletion.",
        },
        {
            "SecretId": "in valid",
            "ErrorCode": "ValidationException",
            "Message": "Invalid name. Must be a valid name containing alphanumeric characters, or any of the "
            "following: -/_+=.@!",
        },
    ]


def test_p09_an_absent_and_a_forbidden_secret_look_the_same(secretsmanager: Any, limited_client: Any) -> None:
    """Who may not read a secret does not learn from the batch whether it exists."""
    secretsmanager.create_secret(Name="mine", SecretString="a value")
    secretsmanager.create_secret(Name="present", SecretString="a value")
    client, _ = limited_client(
        {"Effect": "Allow", "Action": "secretsmanager:BatchGetSecretValue", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": "secretsmanager:GetSecretValue",
            "Resource": "arn:aws:secretsmanager:*:*:secret:mine-??????",
        },
    )
    answer = client.batch_get_secret_value(SecretIdList=["present", "mine", "missing"])
    assert [value["Name"] for value in answer["SecretValues"]] == ["mine"]
    present, missing = answer["Errors"]
    assert present["ErrorCode"] == "AccessDeniedException"
    assert json.loads(json.dumps(present).replace("present", "missing")) == missing


def test_p02_an_explicit_deny_of_one_secret_holds_in_a_batch(
    secretsmanager: Any, limited_client: Any
) -> None:
    """Every secret is decided on by itself, also when filters found it."""
    secretsmanager.create_secret(Name="open", SecretString="a value")
    closed = secretsmanager.create_secret(Name="shut", SecretString="a value")
    client, _ = limited_client(
        {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "secretsmanager:GetSecretValue", "Resource": closed["ARN"]},
    )
    for question in (
        {"SecretIdList": ["open", "shut"]},
        {"Filters": [{"Key": "all", "Values": ["open", "shut"]}]},
    ):
        answer = client.batch_get_secret_value(**question)
        assert [value["Name"] for value in answer["SecretValues"]] == ["open"]
        assert [error["ErrorCode"] for error in answer["Errors"]] == ["AccessDeniedException"]


def test_p02_the_batch_needs_its_own_permission(limited_client: Any) -> None:
    """GetSecretValue alone is not enough."""
    client, user_arn = limited_client(
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    )
    with pytest.raises(ClientError) as refused:
        client.batch_get_secret_value(SecretIdList=["any"])
    assert refused.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: {user_arn} is not authorized to perform: secretsmanager:BatchGetSecretValue because "
        "no identity-based policy allows the secretsmanager:BatchGetSecretValue action",
    }


def test_p02_filters_need_the_permission_to_list(limited_client: Any) -> None:
    """Who may not list may not look for secrets in a batch either."""
    client, user_arn = limited_client(
        {
            "Effect": "Allow",
            "Action": ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"],
            "Resource": "*",
        }
    )
    with pytest.raises(ClientError) as refused:
        client.batch_get_secret_value(Filters=[{"Key": "name", "Values": ["a"]}])
    assert refused.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: {user_arn} is not authorized to perform: secretsmanager:ListSecrets because no "
        "identity-based policy allows the secretsmanager:ListSecrets action",
    }


def test_filtered_secrets_are_read_in_pages(secretsmanager: Any) -> None:
    """Filters find live secrets in the order of creation; a token leads to the next page."""
    for name in ("a3", "b", "a1", "a2"):
        secretsmanager.create_secret(Name=name, SecretString=f"value of {name}")
    secretsmanager.create_secret(Name="a4", SecretString="a value")
    secretsmanager.delete_secret(SecretId="a4")
    question: dict[str, Any] = {"Filters": [{"Key": "name", "Values": ["a"]}], "MaxResults": 2}
    first = secretsmanager.batch_get_secret_value(**question)
    assert [value["SecretString"] for value in first["SecretValues"]] == ["value of a3", "value of a1"]
    second = secretsmanager.batch_get_secret_value(**question, NextToken=first["NextToken"])
    assert [value["SecretString"] for value in second["SecretValues"]] == ["value of a2"]
    assert "NextToken" not in second
    assert second["Errors"] == []


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Either 'SecretIdList' or 'Filters' must be provided, but not both."),
        (
            {"SecretIdList": ["a"], "Filters": [{"Key": "name", "Values": ["a"]}]},
            "Either 'SecretIdList' or 'Filters' must be provided, but not both.",
        ),
        (
            {"SecretIdList": ["a"], "MaxResults": 3},
            "'Filters' not specified. 'Filters' must also be specified when 'MaxResults' is provided.",
        ),
        ({"Filters": [{"Values": ["a"]}]}, "Invalid filter key"),
    ],
)
def test_a_question_that_is_none_is_refused(secretsmanager: Any, body: dict[str, Any], message: str) -> None:
    """A list or filters, not both, and pages only of what filters find."""
    with pytest.raises(ClientError) as refused:
        secretsmanager.batch_get_secret_value(**body)
    assert refused.value.response["Error"] == {"Code": "InvalidParameterException", "Message": message}


@pytest.mark.parametrize(
    "body",
    [
        {"SecretIdList": [f"name{number}" for number in range(21)]},
        {"SecretIdList": []},
        {"SecretIdList": [""]},
        {"Filters": [{"Key": "name", "Values": ["a"]}], "MaxResults": 21},
    ],
)
def test_broken_constraints_are_told(server: Any, account: Any, body: dict[str, Any]) -> None:
    """At most 20 secrets, and at least one."""
    status, _, answer = server.raw("secretsmanager", OPERATION, body, account=account)
    assert status == 400
    assert json.loads(answer)["__type"] == "ValidationException"


def test_j08_a_token_is_refused_elsewhere(secretsmanager: Any) -> None:
    """A token is for these filters in this operation; a list of secrets has none."""
    for name in ("a1", "a2"):
        secretsmanager.create_secret(Name=name, SecretString="a value")
    filters = [{"Key": "name", "Values": ["a"]}]
    token = secretsmanager.batch_get_secret_value(Filters=filters, MaxResults=1)["NextToken"]
    attempts: tuple[Callable[[], object], ...] = (
        lambda: secretsmanager.batch_get_secret_value(
            Filters=[{"Key": "name", "Values": ["a1"]}], NextToken=token
        ),
        lambda: secretsmanager.batch_get_secret_value(SecretIdList=["a1"], NextToken=token),
        lambda: secretsmanager.list_secrets(Filters=filters, NextToken=token),
    )
    for attempt in attempts:
        with pytest.raises(ClientError) as refused:
            attempt()
        assert refused.value.response["Error"] == {
            "Code": "InvalidNextTokenException",
            "Message": "The NextToken value is invalid.",
        }


def test_every_secret_read_is_marked_as_read(secretsmanager: Any) -> None:
    """LastAccessedDate is set for what was read, and for that only."""
    secretsmanager.create_secret(Name="read", SecretString="a value")
    secretsmanager.create_secret(Name="unread", SecretString="a value")
    secretsmanager.batch_get_secret_value(SecretIdList=["read"])
    assert "LastAccessedDate" in secretsmanager.describe_secret(SecretId="read")
    assert "LastAccessedDate" not in secretsmanager.describe_secret(SecretId="unread")


def test_x04_the_answer_is_not_to_be_stored(server: Any, account: Any, secretsmanager: Any) -> None:
    """Values are not left in a cache on the way."""
    secretsmanager.create_secret(Name="any", SecretString="a value")
    status, headers, _ = server.raw("secretsmanager", OPERATION, {"SecretIdList": ["any"]}, account=account)
    assert status == 200
    assert headers["cache-control"] == "no-store"


def test_l01_the_batch_and_each_secret_are_recorded(server: Any, secretsmanager: Any) -> None:
    """Who read a secret can be asked of the trail, also when it was read in a batch; no record has a value."""
    secretsmanager.create_secret(Name="a1", SecretString="a canary value")
    answer = secretsmanager.batch_get_secret_value(SecretIdList=["a1", "absent"])
    records = server.records(request_id=answer["ResponseMetadata"]["RequestId"])
    assert sorted((record["eventName"], str(record.get("errorCode"))) for record in records) == [
        ("BatchGetSecretValue", "None"),
        ("GetSecretValue", "None"),
        ("GetSecretValue", "ResourceNotFoundException"),
    ]
    (batch,) = (record for record in records if record["eventName"] == "BatchGetSecretValue")
    assert batch["requestParameters"] == {"secretIdList": ["a1", "absent"]}
    assert batch["readOnly"] is True
    assert batch["responseElements"] is None
    read = {record["requestParameters"]["secretId"] for record in records if record is not batch}
    assert read == {"a1", "absent"}
    assert "canary" not in repr(records)


def test_l02_the_records_of_single_secrets_can_be_turned_off(second_server: Any) -> None:
    """With the setting off a batch has one record, that of the batch; rights still count for each secret."""
    server = second_server(settings={"batch_get_records_each": "no"})
    client = server.client("secretsmanager")
    client.create_secret(Name="a1", SecretString="a value")
    answer = client.batch_get_secret_value(SecretIdList=["a1", "absent"])
    assert [value["SecretString"] for value in answer["SecretValues"]] == ["a value"]
    assert answer["Errors"] == [{"SecretId": "absent", **NOT_FOUND}]
    records = server.records(request_id=answer["ResponseMetadata"]["RequestId"])
    assert [record["eventName"] for record in records] == ["BatchGetSecretValue"]
