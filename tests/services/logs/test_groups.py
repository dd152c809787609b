"""Log groups: made, listed, tagged, kept for a time, deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.accounts import Account, Key
from tests.support.server import Server

PERIODS = (
    "1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653"
)


def refused(call: Callable[..., Any], **members: Any) -> tuple[str, str]:
    """Make a call that must fail; give code and message."""
    with pytest.raises(ClientError) as caught:
        call(**members)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_a_group_is_described_as_aws_describes_it(logs: Any, account: Account) -> None:
    """With an ARN that ends in an asterisk and one that does not."""
    logs.create_log_group(logGroupName="/aws/lambda/f")
    (group,) = logs.describe_log_groups()["logGroups"]
    created = group.pop("creationTime")
    arn = f"arn:aws:logs:us-east-1:{account.account_id}:log-group:/aws/lambda/f"
    assert group == {
        "logGroupName": "/aws/lambda/f",
        "metricFilterCount": 0,
        "arn": f"{arn}:*",
        "storedBytes": 0,
        "logGroupClass": "STANDARD",
        "logGroupArn": arn,
        "deletionProtectionEnabled": False,
    }
    assert created > 1_700_000_000_000


def test_names_are_taken_once_and_told_apart_by_case(logs: Any) -> None:
    """The same name a second time is refused; another case is another group."""
    logs.create_log_group(logGroupName="g")
    assert refused(logs.create_log_group, logGroupName="g") == (
        "ResourceAlreadyExistsException",
        "The specified log group already exists",
    )
    logs.create_log_group(logGroupName="G")
    assert [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]] == ["G", "g"]


@pytest.mark.parametrize("name", ["a b", "a:b", "ä", "a" * 513])
def test_a_name_outside_its_bounds_is_refused_in_the_words_of_the_service(
    server: Server, account: Account, name: str
) -> None:
    """The log service calls a broken bound an invalid parameter."""
    answer = server.raw("logs", "CreateLogGroup", {"logGroupName": name}, account=account)
    assert answer.status == 400
    assert answer.json()["__type"] == "InvalidParameterException"
    assert answer.json()["message"].startswith("1 validation error detected: Value '")
    assert "at 'logGroupName' failed to satisfy constraint" in answer.json()["message"]


@pytest.mark.parametrize(
    ("members", "text"),
    [
        (
            {"kmsKeyId": "arn:aws:kms:us-east-1:111122223333:key/x"},
            "Strongroom seals log events under its own keyring: kmsKeyId is not supported.",
        ),
        ({"logGroupClass": "DELIVERY"}, "Strongroom has log groups of the class STANDARD only."),
        ({"tags": {"aws:k": "v"}}, "aws: prefixed tag key names are not allowed for external use."),
    ],
)
def test_what_is_not_served_is_refused_and_makes_nothing(logs: Any, members: Any, text: str) -> None:
    """No group is there afterwards."""
    assert refused(logs.create_log_group, logGroupName="g", **members) == ("InvalidParameterException", text)
    assert logs.describe_log_groups()["logGroups"] == []


def test_z04_listings_go_on_by_the_key_of_the_last_one(logs: Any) -> None:
    """Every group once, in the order of the names, whatever the size of the page."""
    names = [*sorted(f"n/{number}" for number in range(12)), "o/1", "o/2"]
    for name in names:
        logs.create_log_group(logGroupName=name)
    pages = logs.get_paginator("describe_log_groups").paginate(PaginationConfig={"PageSize": 5})
    sizes = [[group["logGroupName"] for group in page["logGroups"]] for page in pages]
    assert [len(page) for page in sizes] == [5, 5, 4]
    assert [name for page in sizes for name in page] == names


def test_groups_are_found_by_prefix_by_text_and_by_name(logs: Any, account: Account) -> None:
    """A search for a text shows little of each; absent names are left out."""
    for name in ("a/DataLogs", "b/datalogs", "b/x"):
        logs.create_log_group(logGroupName=name)

    def found(**members: Any) -> list[str]:
        return [group["logGroupName"] for group in logs.describe_log_groups(**members)["logGroups"]]

    assert found(logGroupNamePrefix="b/") == ["b/datalogs", "b/x"]
    assert found(logGroupNamePattern="DataLogs") == ["a/DataLogs"]
    (group,) = logs.describe_log_groups(logGroupNamePattern="DataLogs")["logGroups"]
    assert set(group) == {"logGroupName", "creationTime", "arn"}
    arn = f"arn:aws:logs:us-east-1:{account.account_id}:log-group:b/x"
    assert found(logGroupIdentifiers=["nowhere", arn, "a/DataLogs"]) == ["a/DataLogs", "b/x"]
    assert found(logGroupClass="INFREQUENT_ACCESS") == []
    code, _ = refused(logs.describe_log_groups, logGroupNamePrefix="a", logGroupNamePattern="b")
    assert code == "InvalidParameterException"


def test_j08_a_token_serves_only_who_got_it_for_the_question_it_was_got_for(
    server: Server, logs: Any, account: Account
) -> None:
    """Another question, another caller, and a changed token are refused alike."""
    for number in range(3):
        logs.create_log_group(logGroupName=f"n{number}")
    token = logs.describe_log_groups(limit=1)["nextToken"]
    invalid = ("InvalidParameterException", "The specified nextToken is invalid.")
    assert refused(logs.describe_log_groups, nextToken=token, logGroupNamePrefix="n") == invalid
    assert refused(logs.describe_log_groups, nextToken=token[:-2] + "AA") == invalid
    iam = server.client("iam", account)
    iam.create_user(UserName="u")
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.put_user_policy(UserName="u", PolicyName="p", PolicyDocument=json.dumps(everything))
    made = iam.create_access_key(UserName="u")["AccessKey"]
    other = server.client("logs", key=Key(made["AccessKeyId"], made["SecretAccessKey"]))
    assert refused(other.describe_log_groups, nextToken=token) == invalid
    assert len(logs.describe_log_groups(nextToken=token, limit=2)["logGroups"]) == 2


def test_retention_is_one_of_the_periods_that_aws_has(logs: Any) -> None:
    """Others are refused with the list; without one nothing is said of it."""
    logs.create_log_group(logGroupName="g")
    code, text = refused(logs.put_retention_policy, logGroupName="g", retentionInDays=2)
    assert code == "InvalidParameterException"
    assert text == (
        "1 validation error detected: Value '2' at 'retentionInDays' failed to satisfy constraint: "
        f"Member must satisfy enum value set: [{PERIODS}]"
    )
    logs.put_retention_policy(logGroupName="g", retentionInDays=7)
    assert logs.describe_log_groups()["logGroups"][0]["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName="g")
    assert "retentionInDays" not in logs.describe_log_groups()["logGroups"][0]


def test_tags_of_the_present_and_of_older_clients_are_the_same(logs: Any, account: Account) -> None:
    """What one way puts the other shows, and takes away."""
    arn = f"arn:aws:logs:us-east-1:{account.account_id}:log-group:g"
    logs.create_log_group(logGroupName="g", tags={"a": "1"})
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})
    logs.tag_log_group(logGroupName="g", tags={"a": "3", "c": ""})
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "3", "b": "2", "c": ""}
    logs.untag_resource(resourceArn=arn, tagKeys=["a", "nothing"])
    logs.untag_log_group(logGroupName="g", tags=["c"])
    assert logs.list_tags_log_group(logGroupName="g")["tags"] == {"b": "2"}
    many = {f"k{number}": "v" for number in range(50)}
    assert refused(logs.tag_resource, resourceArn=arn, tags=many)[0] == "TooManyTagsException"
    assert refused(logs.list_tags_for_resource, resourceArn=f"{arn}:*")[0] == "InvalidParameterException"
    absent = ("ResourceNotFoundException", "The specified resource does not exist.")
    assert refused(logs.tag_resource, resourceArn=arn.replace(":g", ":h"), tags={"a": "b"}) == absent
    assert refused(logs.tag_resource, resourceArn="g", tags={"a": "b"})[0] == "InvalidParameterException"


def test_a_protected_group_is_not_deleted(logs: Any) -> None:
    """Until somebody takes the protection off."""
    logs.create_log_group(logGroupName="g", deletionProtectionEnabled=True)
    assert refused(logs.delete_log_group, logGroupName="g")[0] == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier="g", deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName="g")
    assert logs.describe_log_groups()["logGroups"] == []
    assert refused(logs.delete_log_group, logGroupName="g") == (
        "ResourceNotFoundException",
        "The specified log group does not exist.",
    )


def user(server: Server, account: Account, *statements: dict[str, Any]) -> Any:
    """Make a user with just these rights; give its client of the log service."""
    iam = server.client("iam", account)
    name = f"u{len(iam.list_users()['Users'])}"
    iam.create_user(UserName=name)
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    return server.client("logs", key=Key(made["AccessKeyId"], made["SecretAccessKey"]))


def test_p02_the_policy_that_everybody_writes_for_a_function_lets_it_log(
    server: Server, account: Account
) -> None:
    """``log-group:NAME:*`` covers the group and its streams, and no group whose name is longer."""
    arn = f"arn:aws:logs:us-east-1:{account.account_id}:log-group:/aws/lambda/f:*"
    actions = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    client = user(server, account, {"Effect": "Allow", "Action": actions, "Resource": arn})
    client.create_log_group(logGroupName="/aws/lambda/f")
    client.create_log_stream(logGroupName="/aws/lambda/f", logStreamName="s")
    code, text = refused(client.create_log_group, logGroupName="/aws/lambda/f2")
    assert code == "AccessDeniedException"
    assert text.endswith(
        "is not authorized to perform: logs:CreateLogGroup on resource: "
        f"arn:aws:logs:us-east-1:{account.account_id}:log-group:/aws/lambda/f2:log-stream: "
        "because no identity-based policy allows the logs:CreateLogGroup action"
    )


def test_p02_who_makes_a_group_with_tags_needs_a_right_to_tag(server: Server, account: Account) -> None:
    """Either of the two that AWS names; without one nothing is made."""
    make = {"Effect": "Allow", "Action": "logs:CreateLogGroup", "Resource": "*"}
    client = user(server, account, make)
    code, text = refused(client.create_log_group, logGroupName="g", tags={"a": "b"})
    assert code == "AccessDeniedException"
    assert "logs:TagResource" in text
    client.create_log_group(logGroupName="g")
    for number, action in enumerate(("logs:TagResource", "logs:TagLogGroup")):
        tagging = user(server, account, make, {**make, "Action": action})
        tagging.create_log_group(logGroupName=f"g{number}", tags={"a": "b"})


def test_p02_the_tags_of_a_group_are_condition_keys_for_it_and_its_streams(
    server: Server, logs: Any, account: Account, now_ms: int
) -> None:
    """A right on what is tagged so ends where the tag does."""
    for name, value in (("mine", "me"), ("yours", "you")):
        logs.create_log_group(logGroupName=name, tags={"owner": value})
        logs.create_log_stream(logGroupName=name, logStreamName="s")
    client = user(
        server,
        account,
        {
            "Effect": "Allow",
            "Action": "logs:*",
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:ResourceTag/owner": "me"}},
        },
    )
    event = {"timestamp": now_ms, "message": "m"}
    client.put_log_events(logGroupName="mine", logStreamName="s", logEvents=[event])
    client.describe_log_streams(logGroupName="mine")
    denied = "AccessDeniedException"
    assert (
        refused(client.put_log_events, logGroupName="yours", logStreamName="s", logEvents=[event])[0]
        == denied
    )
    assert refused(client.describe_log_streams, logGroupName="yours")[0] == denied
    assert refused(client.describe_log_groups)[0] == denied


def test_unserved_operations_say_why(server: Server, account: Account) -> None:
    """One that is known and not served gives its reason."""
    answer = server.raw("logs", "PutMetricFilter", {}, account=account)
    assert answer.json() == {
        "__type": "UnsupportedOperationException",
        "message": "PutMetricFilter is not served by Strongroom: this version makes no metrics of log events yet.",
    }
