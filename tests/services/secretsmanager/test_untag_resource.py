"""UntagResource over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.secretsmanager.answers import (
    INVALID_NAME,
    MARKED,
    NOT_FOUND,
    allow,
    limited_client,
    refusal,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import Server

TAGS = [{"Key": "team", "Value": "red"}, {"Key": "stage", "Value": "prod"}]


@pytest.fixture
def tagged(secretsmanager: Any) -> Any:
    """The client, in an account with a secret ``app`` that has two tags."""
    secretsmanager.create_secret(Name="app", Tags=TAGS)
    return secretsmanager


def test_tags_go_by_key_and_absent_keys_are_ignored(tagged: Any) -> None:
    """Keys are case-sensitive; without any tag left the list is there and empty (recorded)."""
    tagged.untag_resource(SecretId="app", TagKeys=["team", "TEAM", "absent"])
    assert tagged.describe_secret(SecretId="app")["Tags"] == TAGS[1:]
    before = tagged.describe_secret(SecretId="app")["LastChangedDate"]
    tagged.untag_resource(SecretId="app", TagKeys=["absent"])
    assert tagged.describe_secret(SecretId="app")["LastChangedDate"] == before
    tagged.untag_resource(SecretId="app", TagKeys=["stage"])
    found = tagged.describe_secret(SecretId="app")
    assert found["Tags"] == []
    assert found["LastChangedDate"] > before


def test_a_secret_that_was_never_tagged_stays_so(secretsmanager: Any) -> None:
    """Untagging it does not bring an empty list."""
    secretsmanager.create_secret(Name="bare")
    secretsmanager.untag_resource(SecretId="bare", TagKeys=["any"])
    assert "Tags" not in secretsmanager.describe_secret(SecretId="bare")


def test_errors_have_their_texts(server: Server, account: Account, tagged: Any) -> None:
    """Absent, misnamed, forbidden (P-09) and marked secrets (recorded)."""
    untag = tagged.untag_resource
    assert refusal(untag, SecretId="absent", TagKeys=["a"]) == NOT_FOUND
    assert refusal(untag, SecretId="not a name", TagKeys=["a"]) == INVALID_NAME
    nobody = limited_client(server, account, allow("ListSecrets"))
    there = refusal(nobody.untag_resource, SecretId="app", TagKeys=["a"])
    absent = refusal(nobody.untag_resource, SecretId="gone", TagKeys=["a"])
    assert there[0] == "AccessDeniedException"
    assert there == (absent[0], absent[1].replace("gone", "app"))
    tagged.delete_secret(SecretId="app")
    assert refusal(untag, SecretId="app", TagKeys=["team"]) == MARKED


def test_nobody_shuts_himself_out(server: Server, account: Account, tagged: Any) -> None:
    """The tag that gives the permission cannot be taken away with it."""
    condition = {"StringEquals": {"aws:ResourceTag/team": "red"}}
    client = limited_client(server, account, allow("UntagResource", condition=condition))
    refused = refusal(client.untag_resource, SecretId="app", TagKeys=["team", "stage"])
    assert refused[0] == "AccessDeniedException"
    assert tagged.describe_secret(SecretId="app")["Tags"] == TAGS
    client.untag_resource(SecretId="app", TagKeys=["stage"])
    assert tagged.describe_secret(SecretId="app")["Tags"] == TAGS[:1]


def test_the_keys_are_a_condition(server: Server, account: Account, tagged: Any) -> None:
    """aws:TagKeys says which tags a principal may take away."""
    condition = {"ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]}}
    client = limited_client(server, account, allow("UntagResource", condition=condition))
    refused = refusal(client.untag_resource, SecretId="app", TagKeys=["stage", "team"])
    assert refused[0] == "AccessDeniedException"
    client.untag_resource(SecretId="app", TagKeys=["stage"])
    assert tagged.describe_secret(SecretId="app")["Tags"] == TAGS[:1]


def test_l02_the_record_shows_the_keys(server: Server, tagged: Any) -> None:
    """As sent."""
    record = the_record(server, tagged.untag_resource(SecretId="app", TagKeys=["team"]))
    assert record["requestParameters"] == {"secretId": "app", "tagKeys": ["team"]}
    assert record["readOnly"] is False
