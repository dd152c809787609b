"""TagResource over the wire."""

from __future__ import annotations

from typing import Any

from tests.services.secretsmanager.answers import (
    INVALID_NAME,
    MARKED,
    NOT_FOUND,
    allow,
    deny,
    limited_client,
    refusal,
    refused_record,
    share,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import Server


def tag(key: str, value: str) -> dict[str, str]:
    """Write a tag."""
    return {"Key": key, "Value": value}


def tags_of(client: Any, secret_id: str = "app") -> list[tuple[str, str]] | None:
    """Read the tags of a secret; None when it has no such member."""
    found = client.describe_secret(SecretId=secret_id).get("Tags")
    return None if found is None else [(entry["Key"], entry["Value"]) for entry in found]


def test_tags_are_added_and_overwritten_by_key(secretsmanager: Any) -> None:
    """The order is that of insertion; keys are case-sensitive; the body of the answer is empty."""
    secretsmanager.create_secret(Name="app")
    assert tags_of(secretsmanager) is None
    secretsmanager.tag_resource(SecretId="app", Tags=[tag("one", "1"), tag("two", "2")])
    secretsmanager.tag_resource(SecretId="app", Tags=[tag("One", "x"), tag("one", "y")])
    assert tags_of(secretsmanager) == [("one", "y"), ("two", "2"), ("One", "x")]


def test_the_answer_has_no_body(server: Server, account: Account, secretsmanager: Any) -> None:
    """200 and nothing more."""
    secretsmanager.create_secret(Name="app")
    for operation, more in (
        ("TagResource", {"Tags": [tag("a", "b")]}),
        ("UntagResource", {"TagKeys": ["a"]}),
    ):
        answer = server.raw("secretsmanager", operation, {"SecretId": "app", **more}, account=account)
        assert (answer.status, answer.body) == (200, b"")


def test_tagging_is_a_change(secretsmanager: Any) -> None:
    """LastChangedDate moves; an empty list of tags changes nothing."""
    secretsmanager.create_secret(Name="app")
    before = secretsmanager.describe_secret(SecretId="app")["LastChangedDate"]
    secretsmanager.tag_resource(SecretId="app", Tags=[])
    assert secretsmanager.describe_secret(SecretId="app")["LastChangedDate"] == before
    assert tags_of(secretsmanager) is None
    secretsmanager.tag_resource(SecretId="app", Tags=[tag("a", "b")])
    assert secretsmanager.describe_secret(SecretId="app")["LastChangedDate"] > before


def test_limits_hold_and_what_is_refused_changes_nothing(secretsmanager: Any) -> None:
    """Fifty tags; reserved prefix; wildcards; lengths."""
    secretsmanager.create_secret(Name="app", Tags=[tag("kept", "1")])
    refused: list[tuple[list[dict[str, str]], str]] = [
        ([tag(f"key{number}", "v") for number in range(50)], "InvalidParameterException"),
        ([tag("fine", "v"), tag("AWS:x", "v")], "InvalidParameterException"),
        ([tag("fine", "v*")], "InvalidParameterException"),
        ([tag("k" * 129, "v")], "ValidationException"),
        ([tag("fine", "v" * 257)], "ValidationException"),
    ]
    for tags, code in refused:
        assert refusal(secretsmanager.tag_resource, SecretId="app", Tags=tags)[0] == code
    assert tags_of(secretsmanager) == [("kept", "1")]
    secretsmanager.tag_resource(SecretId="app", Tags=[tag(f"key{number}", "v") for number in range(49)])
    assert len(tags_of(secretsmanager) or ()) == 50


def test_errors_have_their_texts(server: Server, account: Account, secretsmanager: Any) -> None:
    """Absent, misnamed, marked (recorded) and forbidden secrets (P-09)."""
    tagging = secretsmanager.tag_resource
    some = [tag("a", "b")]
    assert refusal(tagging, SecretId="absent", Tags=some) == NOT_FOUND
    assert refusal(tagging, SecretId="not a name", Tags=some) == INVALID_NAME
    secretsmanager.create_secret(Name="app")
    nobody = limited_client(server, account, allow("ListSecrets"))
    there = refusal(nobody.tag_resource, SecretId="app", Tags=some)
    absent = refusal(nobody.tag_resource, SecretId="gone", Tags=some)
    assert there[0] == "AccessDeniedException"
    assert there == (absent[0], absent[1].replace("gone", "app"))
    secretsmanager.delete_secret(SecretId="app")
    assert refusal(tagging, SecretId="app", Tags=some) == MARKED
    assert refusal(tagging, SecretId="app", Tags=[]) == MARKED


def test_nobody_shuts_himself_out(server: Server, account: Account, secretsmanager: Any) -> None:
    """A change after which the caller could not tag any more is refused, and not made."""
    secretsmanager.create_secret(Name="app", Tags=[tag("team", "red")])
    client = limited_client(
        server,
        account,
        allow("TagResource", condition={"StringEquals": {"aws:ResourceTag/team": "red"}}),
        deny("TagResource", condition={"StringEquals": {"secretsmanager:ResourceTag/locked": "yes"}}),
    )
    for tags in ([tag("team", "blue")], [tag("locked", "yes")]):
        assert refusal(client.tag_resource, SecretId="app", Tags=tags)[0] == "AccessDeniedException"
    assert tags_of(secretsmanager) == [("team", "red")]
    client.tag_resource(SecretId="app", Tags=[tag("stage", "prod")])
    assert tags_of(secretsmanager) == [("team", "red"), ("stage", "prod")]


def test_conditions_see_the_tags_of_the_request(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """aws:RequestTag and aws:TagKeys decide."""
    secretsmanager.create_secret(Name="app")
    client = limited_client(
        server,
        account,
        allow(
            "TagResource",
            condition={
                "StringEquals": {"aws:RequestTag/stage": ["test", "prod"]},
                "ForAllValues:StringEquals": {"aws:TagKeys": ["stage"]},
            },
        ),
    )
    for tags in ([tag("stage", "dev")], [tag("stage", "prod"), tag("team", "x")], [tag("team", "x")]):
        assert refusal(client.tag_resource, SecretId="app", Tags=tags)[0] == "AccessDeniedException"
    client.tag_resource(SecretId="app", Tags=[tag("stage", "prod")])
    assert tags_of(secretsmanager) == [("stage", "prod")]


def test_another_account_may_tag_what_is_shared(server: Server, secretsmanager: Any) -> None:
    """By ARN (recorded)."""
    arn = secretsmanager.create_secret(Name="app", SecretString="x")["ARN"]
    other = server.new_account()
    share(secretsmanager, "app", other.account_id)
    client = server.client("secretsmanager", other)
    client.tag_resource(SecretId=arn, Tags=[tag("from", "afar")])
    assert tags_of(secretsmanager) == [("from", "afar")]
    client.untag_resource(SecretId=arn, TagKeys=["from"])
    assert tags_of(secretsmanager) == []


def test_l02_the_record_shows_the_tags(server: Server, secretsmanager: Any) -> None:
    """As sent, in the case of CloudTrail; a refused call has a record too."""
    secretsmanager.create_secret(Name="app")
    record = the_record(server, secretsmanager.tag_resource(SecretId="app", Tags=[tag("K", "V")]))
    assert record["requestParameters"] == {"secretId": "app", "tags": [{"key": "K", "value": "V"}]}
    assert record["readOnly"] is False
    refused = refused_record(server, secretsmanager.tag_resource, SecretId="gone", Tags=[tag("K", "V")])
    assert refused["errorCode"] == "ResourceNotFoundException"
