"""ListSecrets, as a client sees it. What filters select in detail is in test_filters.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.support.server import run_program

OPERATION = "secretsmanager.ListSecrets"


def names(answer: dict[str, Any]) -> list[str]:
    """List the names in a page."""
    return [entry["Name"] for entry in answer["SecretList"]]


def create(client: Any, *created: str, **options: Any) -> None:
    """Create secrets without values."""
    for name in created:
        client.create_secret(Name=name, **options)


def test_an_empty_account_has_an_empty_list(server: Any, account: Any) -> None:
    """There is an empty list and no token (recorded)."""
    status, _, body = server.raw("secretsmanager", OPERATION, {}, account=account)
    assert status == 200
    assert json.loads(body) == {"SecretList": []}


def test_what_is_not_set_is_absent(secretsmanager: Any) -> None:
    """A secret without value, description, tags and reads has four members."""
    create(secretsmanager, "bare")
    (entry,) = secretsmanager.list_secrets()["SecretList"]
    assert entry.keys() == {"ARN", "Name", "CreatedDate", "LastChangedDate"}


def test_an_entry_shows_what_describe_secret_shows(secretsmanager: Any) -> None:
    """Only the map of versions has another name, and DescribeSecret alone knows replicas."""
    created = secretsmanager.create_secret(
        Name="full",
        SecretString="a value",
        Description="a description",
        Tags=[{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}],
    )
    secretsmanager.get_secret_value(SecretId="full")
    (entry,) = secretsmanager.list_secrets()["SecretList"]
    assert entry["SecretVersionsToStages"] == {created["VersionId"]: ["AWSCURRENT"]}
    assert entry["Tags"] == [{"Key": "b", "Value": "1"}, {"Key": "a", "Value": "2"}]
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert entry["LastAccessedDate"] in (midnight, midnight - timedelta(days=1))
    described = secretsmanager.describe_secret(SecretId="full")
    described["SecretVersionsToStages"] = described.pop("VersionIdsToStages")
    del described["ResponseMetadata"]
    assert entry == described


def test_tags_that_were_all_removed_are_an_empty_list(secretsmanager: Any) -> None:
    """Never tagged is absent, no longer tagged is empty (recorded)."""
    create(secretsmanager, "tagged", Tags=[{"Key": "k", "Value": "v"}])
    secretsmanager.untag_resource(SecretId="tagged", TagKeys=["k"])
    (entry,) = secretsmanager.list_secrets()["SecretList"]
    assert entry["Tags"] == []


def test_the_oldest_secret_comes_first(secretsmanager: Any) -> None:
    """Without SortBy the order is that of creation, ascending (recorded)."""
    create(secretsmanager, "c", "a", "b")
    assert names(secretsmanager.list_secrets()) == ["c", "a", "b"]
    assert names(secretsmanager.list_secrets(SortOrder="desc")) == ["b", "a", "c"]


def test_secrets_are_sorted_as_asked(secretsmanager: Any) -> None:
    """Four orders, each in both directions."""
    create(secretsmanager, "c", "a", "b")
    secretsmanager.update_secret(SecretId="a", Description="changed last")
    orders = {"name": ["a", "b", "c"], "created-date": ["c", "a", "b"], "last-changed-date": ["c", "b", "a"]}
    for order, expected in orders.items():
        assert names(secretsmanager.list_secrets(SortBy=order)) == expected
        assert names(secretsmanager.list_secrets(SortBy=order, SortOrder="desc")) == expected[::-1]
    secretsmanager.put_secret_value(SecretId="b", SecretString="a value")
    secretsmanager.get_secret_value(SecretId="b")
    assert names(secretsmanager.list_secrets(SortBy="last-accessed-date", SortOrder="desc"))[0] == "b"


def test_pages_follow_each_other(secretsmanager: Any) -> None:
    """A page of two has a token until the last one."""
    created = [f"name{number}" for number in range(5)]
    create(secretsmanager, *created)
    pages = list(secretsmanager.get_paginator("list_secrets").paginate(PaginationConfig={"PageSize": 2}))
    assert [names(page) for page in pages] == [created[:2], created[2:4], created[4:]]
    assert "NextToken" not in pages[-1]


def test_a_secret_that_waits_for_deletion_is_listed_on_request_only(secretsmanager: Any) -> None:
    """IncludePlannedDeletion shows it, with the date of its deletion."""
    create(secretsmanager, "kept", "given-up")
    secretsmanager.delete_secret(SecretId="given-up")
    assert names(secretsmanager.list_secrets()) == ["kept"]
    kept, given_up = secretsmanager.list_secrets(IncludePlannedDeletion=True)["SecretList"]
    assert "DeletedDate" not in kept
    assert (given_up["Name"], "DeletedDate" in given_up) == ("given-up", True)
    secretsmanager.restore_secret(SecretId="given-up")
    assert names(secretsmanager.list_secrets()) == ["kept", "given-up"]


def test_filters_choose_secrets(secretsmanager: Any) -> None:
    """Values of a filter are alternatives, filters are joined, ``!`` turns round."""
    create(secretsmanager, "prod/db", Description="the main database")
    create(secretsmanager, "prod/api", Tags=[{"Key": "team", "Value": "blue"}])
    create(secretsmanager, "test/db", Description="a spare database")
    for filters, expected in (
        ([{"Key": "name", "Values": ["prod/"]}], ["prod/db", "prod/api"]),
        ([{"Key": "name", "Values": ["test", "prod/a"]}], ["prod/api", "test/db"]),
        ([{"Key": "name", "Values": ["!prod/"]}], ["test/db"]),
        ([{"Key": "description", "Values": ["data MAIN"]}], ["prod/db"]),
        ([{"Key": "description", "Values": ["database"]}, {"Key": "name", "Values": ["t"]}], ["test/db"]),
        ([{"Key": "tag-key", "Values": ["te"]}, {"Key": "tag-value", "Values": ["blue"]}], ["prod/api"]),
        ([{"Key": "all", "Values": ["DB"]}], ["prod/db", "test/db"]),
        ([{"Key": "all", "Values": ["Blue", "spare"]}], ["prod/api", "test/db"]),
        ([{"Key": "primary-region", "Values": ["us"]}], []),
        ([{"Key": "owning-service", "Values": ["rds"]}], []),
        ([], ["prod/db", "prod/api", "test/db"]),
    ):
        assert names(secretsmanager.list_secrets(Filters=filters)) == expected


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ([{"Values": ["foo"]}], "Invalid filter key"),
        ([{"Key": "description"}], "Invalid filter values for key: description"),
    ],
)
def test_a_filter_needs_a_key_and_values(secretsmanager: Any, filters: Any, message: str) -> None:
    """The model lets both be absent; the service does not."""
    with pytest.raises(ClientError) as refused:
        secretsmanager.list_secrets(Filters=filters)
    assert refused.value.response["Error"] == {"Code": "InvalidParameterException", "Message": message}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            {"Filters": [{"Key": "invalid", "Values": ["foo"]}]},
            "Value 'invalid' at 'filters.1.member.key' failed to satisfy constraint: Member must satisfy enum "
            "value set: [all, name, tag-key, description, tag-value, primary-region, owning-service]",
        ),
        (
            {"MaxResults": 101},
            "Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or "
            "equal to 100",
        ),
        (
            {"MaxResults": 0},
            "Value '0' at 'maxResults' failed to satisfy constraint: Member must have value greater than or "
            "equal to 1",
        ),
        (
            {"SortBy": "size"},
            "Value 'size' at 'sortBy' failed to satisfy constraint: Member must satisfy enum value set: "
            "[created-date, last-accessed-date, last-changed-date, name]",
        ),
        ({"Filters": [{"Key": "name", "Values": []}]}, "'filters.1.member.values'"),
        ({"Filters": [{"Key": "name", "Values": ["a*"]}]}, "regular expression pattern"),
        ({"Filters": [{"Key": "name", "Values": ["a"]}] * 11}, "length less than or equal to 10"),
    ],
)
def test_broken_constraints_are_told(server: Any, account: Any, body: dict[str, Any], text: str) -> None:
    """What breaks the model's constraints is refused in the words of AWS."""
    status, _, answer = server.raw("secretsmanager", OPERATION, body, account=account)
    assert status == 400
    error = json.loads(answer)
    assert error["__type"] == "ValidationException"
    assert text in str(error)


def test_j08_a_token_is_good_for_its_question_only(server: Any, account: Any, secretsmanager: Any) -> None:
    """A token under other filters, another order, Region, operation or principal is refused."""
    create(secretsmanager, "a1", "a2", "a3")
    name_filter = [{"Key": "name", "Values": ["a"]}]
    token = secretsmanager.list_secrets(MaxResults=1, Filters=name_filter)["NextToken"]
    good = secretsmanager.list_secrets(MaxResults=2, Filters=name_filter, NextToken=token)
    assert names(good) == ["a2", "a3"]
    other_account = server.client("secretsmanager", server.new_account())
    attempts: list[Callable[[], object]] = [
        lambda: secretsmanager.list_secrets(NextToken=token),
        lambda: secretsmanager.list_secrets(NextToken=token, Filters=[{"Key": "name", "Values": ["a1"]}]),
        lambda: secretsmanager.list_secrets(NextToken=token, Filters=name_filter, SortBy="name"),
        lambda: secretsmanager.list_secrets(
            NextToken=token, Filters=name_filter, IncludePlannedDeletion=True
        ),
        lambda: secretsmanager.batch_get_secret_value(NextToken=token, Filters=name_filter),
        lambda: other_account.list_secrets(NextToken=token, Filters=name_filter),
        lambda: secretsmanager.list_secrets(NextToken=token[:-2] + "xx", Filters=name_filter),
        lambda: secretsmanager.list_secrets(NextToken="nonsense", Filters=name_filter),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError) as refused:
            attempt()
        assert refused.value.response["Error"] == {
            "Code": "InvalidNextTokenException",
            "Message": "The NextToken value is invalid.",
        }


def test_j08_a_token_is_good_in_its_region_only(server: Any, account: Any, secretsmanager: Any) -> None:
    """The same question in another Region is another one."""
    create(secretsmanager, "a1", "a2")
    token = secretsmanager.list_secrets(MaxResults=1)["NextToken"]
    added = run_program("region", "add", "ap-south-2", "--data-dir", server.data_dir)
    assert added.returncode == 0, added.stderr
    elsewhere = server.client("secretsmanager", account, region="ap-south-2")
    assert names(elsewhere.list_secrets()) == []
    with pytest.raises(ClientError, match="InvalidNextTokenException"):
        elsewhere.list_secrets(NextToken=token)


def test_secrets_of_other_accounts_are_not_listed(server: Any, account: Any, secretsmanager: Any) -> None:
    """A policy that lets an account in does not bring the secret into that account's list (recorded)."""
    other = server.new_account()
    create(secretsmanager, "shared")
    secretsmanager.put_resource_policy(
        SecretId="shared",
        ResourcePolicy=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": {
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{other.account_id}:root"},
                    "Action": "secretsmanager:*",
                    "Resource": "*",
                },
            }
        ),
    )
    assert names(server.client("secretsmanager", other).list_secrets()) == []


def test_p02_listing_needs_its_own_permission(server: Any, account: Any, limited_client: Any) -> None:
    """Who may do everything else is refused, in the words of AWS."""
    client, user_arn = limited_client(
        {"Effect": "Allow", "NotAction": "secretsmanager:ListSecrets", "Resource": "*"}
    )
    with pytest.raises(ClientError) as refused:
        client.list_secrets()
    assert refused.value.response["Error"] == {
        "Code": "AccessDeniedException",
        "Message": f"User: {user_arn} is not authorized to perform: secretsmanager:ListSecrets because no "
        "identity-based policy allows the secretsmanager:ListSecrets action",
    }
    (record,) = server.records(request_id=refused.value.response["ResponseMetadata"]["RequestId"])
    assert record["errorCode"] == "AccessDenied"


def test_l02_a_listing_has_one_record(server: Any, secretsmanager: Any) -> None:
    """The record shows the question, as CloudTrail names its members, and nothing of the answer."""
    create(secretsmanager, "listed")
    answer = secretsmanager.list_secrets(MaxResults=3, Filters=[{"Key": "name", "Values": ["l", "!m"]}])
    (record,) = server.records(request_id=answer["ResponseMetadata"]["RequestId"])
    assert record["eventName"] == "ListSecrets"
    assert record["readOnly"] is True
    assert record["requestParameters"] == {
        "maxResults": 3,
        "filters": [{"key": "name", "values": ["l", "!m"]}],
    }
    assert record["responseElements"] is None
