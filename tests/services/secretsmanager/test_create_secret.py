"""CreateSecret over the wire."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.services.secretsmanager.answers import (
    INVALID_NAME,
    KMS_REFUSED,
    TOKEN_MISSING,
    TWO_VALUES,
    allow,
    deny,
    limited_client,
    new_token,
    plain,
    refusal,
    refused_record,
    stages,
    the_record,
    token_reused,
)
from tests.support.accounts import Account
from tests.support.server import Server

SCHEDULED = (
    "InvalidRequestException",
    "You can't create this secret because a secret with this name is already scheduled for deletion.",
)


def test_a_secret_with_a_value_has_one_current_version(account: Account, secretsmanager: Any) -> None:
    """The version's id is the token, its label AWSCURRENT; the ARN ends in six letters or digits."""
    token = new_token()
    made = plain(
        secretsmanager.create_secret(Name="prod/db!x", ClientRequestToken=token, SecretString="s3cret")
    )
    assert made.keys() == {"ARN", "Name", "VersionId"}
    assert (made["Name"], made["VersionId"]) == ("prod/db!x", token)
    pattern = rf"arn:aws:secretsmanager:us-east-1:{account.account_id}:secret:prod/db!x-[A-Za-z0-9]{{6}}"
    assert re.fullmatch(pattern, made["ARN"])
    assert stages(secretsmanager, "prod/db!x") == {token: ["AWSCURRENT"]}
    assert secretsmanager.get_secret_value(SecretId="prod/db!x")["SecretString"] == "s3cret"


def test_a_secret_without_a_value_has_no_version(secretsmanager: Any) -> None:
    """Neither the answer nor DescribeSecret names a version (recorded)."""
    made = plain(secretsmanager.create_secret(Name="empty"))
    assert made.keys() == {"ARN", "Name"}
    assert "VersionIdsToStages" not in secretsmanager.describe_secret(SecretId="empty")


def test_binary_values_survive_as_they_are(secretsmanager: Any) -> None:
    """Every byte comes back."""
    value = bytes(range(256))
    secretsmanager.create_secret(Name="binary", SecretBinary=value)
    found = secretsmanager.get_secret_value(SecretId="binary")
    assert found["SecretBinary"] == value
    assert "SecretString" not in found


def test_65536_bytes_fit_and_one_more_does_not(secretsmanager: Any) -> None:
    """The limit counts bytes, not characters, and the refusal never repeats the value."""
    secretsmanager.create_secret(Name="largest", SecretString="x" * 65_536)
    assert len(secretsmanager.get_secret_value(SecretId="largest")["SecretString"]) == 65_536
    secretsmanager.create_secret(Name="umlauts", SecretString="ä" * 32_768)
    for name, value in (("ascii", "x" * 65_537), ("wide", "ä" * 32_769)):
        code, message = refusal(secretsmanager.create_secret, Name=name, SecretString=value)
        assert code == "ValidationException"
        assert "length less than or equal to 65536" in message
        assert value[:8] not in message
    code, _ = refusal(secretsmanager.create_secret, Name="bytes", SecretBinary=b"x" * 65_537)
    assert code == "ValidationException"


def test_the_token_decides_what_a_repetition_means(secretsmanager: Any) -> None:
    """Same token and value: the same answer; another value or another token: refused (recorded)."""
    token = new_token()
    first = secretsmanager.create_secret(Name="twice", ClientRequestToken=token, SecretString="one")
    again = secretsmanager.create_secret(Name="twice", ClientRequestToken=token, SecretString="one")
    assert plain(again) == plain(first)
    reused = token_reused(token, first["ARN"])
    create = secretsmanager.create_secret
    assert refusal(create, Name="twice", ClientRequestToken=token, SecretString="two") == reused
    assert refusal(create, Name="twice", ClientRequestToken=token, SecretBinary=b"one") == reused
    assert refusal(create, Name="twice", ClientRequestToken=token) == reused
    assert refusal(create, Name="twice", SecretString="one") == (
        "ResourceExistsException",
        "The operation failed because the secret twice already exists.",
    )
    assert stages(secretsmanager, "twice") == {token: ["AWSCURRENT"]}


def test_without_a_token_the_call_is_refused_first(server: Server, account: Account) -> None:
    """Raw callers have to send a token; that comes before everything else (recorded)."""
    for body in ({"Name": "raw", "SecretString": "x"}, {"Name": "not a name"}):
        answer = server.raw("secretsmanager", "CreateSecret", body, account=account)
        assert answer.status == 400
        code, message = TOKEN_MISSING
        assert answer.json() == {"__type": code, "Message": message}


@pytest.mark.parametrize(
    "name", ["has space", "semi;colon", "ümlaut", "a\tb", "a,b", "a:b", "a#b", "a$b", "a*b", "a?b", "a\\b"]
)
def test_other_characters_are_no_name(secretsmanager: Any, name: str) -> None:
    """The recorded text answers every character that names do not have."""
    assert refusal(secretsmanager.create_secret, Name=name, SecretString="x") == INVALID_NAME


def test_all_characters_of_names_are_taken(secretsmanager: Any) -> None:
    """Up to 512 of letters, digits and ``/_+=.@!-``."""
    name = "aZ09/_+=.@!-" + "n" * 500
    assert secretsmanager.create_secret(Name=name)["Name"] == name
    code, _ = refusal(secretsmanager.create_secret, Name="n" * 513)
    assert code == "ValidationException"


def test_two_values_are_refused(secretsmanager: Any) -> None:
    """A version holds a string or bytes."""
    assert (
        refusal(secretsmanager.create_secret, Name="two", SecretString="x", SecretBinary=b"x") == TWO_VALUES
    )


def test_a_name_that_waits_for_deletion_is_taken(secretsmanager: Any) -> None:
    """Whatever the token (recorded)."""
    token = new_token()
    secretsmanager.create_secret(Name="going", ClientRequestToken=token, SecretString="x")
    secretsmanager.delete_secret(SecretId="going")
    create = secretsmanager.create_secret
    assert refusal(create, Name="going", SecretString="x") == SCHEDULED
    assert refusal(create, Name="going", SecretString="x", ClientRequestToken=token) == SCHEDULED


def test_a_name_made_again_has_another_arn(secretsmanager: Any) -> None:
    """The six characters are drawn anew, so that grants on the first secret do not carry over."""
    first = secretsmanager.create_secret(Name="phoenix", SecretString="x")["ARN"]
    secretsmanager.delete_secret(SecretId="phoenix", ForceDeleteWithoutRecovery=True)
    second = secretsmanager.create_secret(Name="phoenix", SecretString="y")["ARN"]
    assert first[:-6] == second[:-6]
    assert first != second
    assert refusal(secretsmanager.get_secret_value, SecretId=first)[0] == "ResourceNotFoundException"


def test_description_and_tags_are_kept(secretsmanager: Any) -> None:
    """An empty description is none (recorded); tags keep their order."""
    tags = [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": ""}]
    secretsmanager.create_secret(Name="full", Description="what it is", Tags=tags)
    found = secretsmanager.describe_secret(SecretId="full")
    assert (found["Description"], found["Tags"]) == ("what it is", tags)
    secretsmanager.create_secret(Name="bare", Description="", Tags=[])
    bare = secretsmanager.describe_secret(SecretId="bare")
    assert "Description" not in bare
    assert "Tags" not in bare


def test_the_default_key_has_several_names(account: Account, secretsmanager: Any) -> None:
    """Its alias, alias ARN and the empty string are the default key; the keys of other services are refused."""
    alias_arn = f"arn:aws:kms:us-east-1:{account.account_id}:alias/aws/secretsmanager"
    for number, key in enumerate(["", "alias/aws/secretsmanager", alias_arn]):
        secretsmanager.create_secret(Name=f"default-{number}", KmsKeyId=key, SecretString="x")
        assert "KmsKeyId" not in secretsmanager.describe_secret(SecretId=f"default-{number}")
    for key in ("alias/aws/ssm", alias_arn.replace("secretsmanager", "ssm")):
        assert refusal(secretsmanager.create_secret, Name="other", KmsKeyId=key) == KMS_REFUSED


def test_a_key_that_is_none_is_named_with_what_kms_says(account: Account, secretsmanager: Any) -> None:
    """An absent alias, an absent id, a text that is no key, and an ARN of another Region."""
    head = f"arn:aws:kms:us-east-1:{account.account_id}"
    absent = new_token()
    said = {
        "alias/mine": f"Alias {head}:alias/mine is not found.",
        absent: f"Key '{head}:key/{absent}' does not exist",
        "no key": "Invalid keyId 'no key'",
        f"arn:aws:kms:eu-west-1:{account.account_id}:key/{absent}": "Invalid arn eu-west-1",
    }
    for key, text in said.items():
        code, message = refusal(secretsmanager.create_secret, Name="other", KmsKeyId=key)
        assert code == "InvalidRequestException"
        assert message == f"The operation failed because of an invalid KMS key: {text}"
    assert refusal(secretsmanager.describe_secret, SecretId="other")[0] == "ResourceNotFoundException"


@pytest.mark.parametrize(
    "more",
    [
        {"AddReplicaRegions": [{"Region": "eu-west-1"}]},
        {"Type": "SalesforceClientSecret"},
    ],
)
def test_what_is_not_served_says_so_and_makes_nothing(secretsmanager: Any, more: dict[str, Any]) -> None:
    """Replicas and partner types have a clear refusal."""
    code, message = refusal(secretsmanager.create_secret, Name="more", **more)
    assert code == "UnsupportedOperationException"
    assert "is not served by Strongroom" in message
    assert refusal(secretsmanager.describe_secret, SecretId="more")[0] == "ResourceNotFoundException"


def test_regions_are_apart(server: Server, account: Account, secretsmanager: Any) -> None:
    """The same name in another Region, where that exists, is another secret."""
    secretsmanager.create_secret(Name="here", SecretString="x")
    arn = secretsmanager.describe_secret(SecretId="here")["ARN"]
    elsewhere = arn.replace("us-east-1", "eu-west-1")
    assert refusal(secretsmanager.get_secret_value, SecretId=elsewhere)[0] == "ResourceNotFoundException"


def test_the_decision_is_on_the_name_and_six_characters(server: Server, account: Account) -> None:
    """A grant on the bare name does not match, one on ``name-*`` or ``name-??????`` does."""
    prefix = f"arn:aws:secretsmanager:us-east-1:{account.account_id}:secret:"
    literal = limited_client(server, account, allow("CreateSecret", resource=f"{prefix}app"))
    assert refusal(literal.create_secret, Name="app")[0] == "AccessDeniedException"
    for number, ending in enumerate(("-*", "-??????")):
        name = f"app{number}"
        client = limited_client(server, account, allow("CreateSecret", resource=f"{prefix}{name}{ending}"))
        assert client.create_secret(Name=name)["Name"] == name


def test_p09_a_forbidden_name_looks_the_same_taken_or_free(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """Who may not create learns nothing about the name, and is told only what it sent."""
    nobody = limited_client(server, account, allow("ListSecrets"))
    secretsmanager.create_secret(Name="taken")
    taken = refusal(nobody.create_secret, Name="taken")
    free = refusal(nobody.create_secret, Name="vacant")
    assert taken == (free[0], free[1].replace("vacant", "taken"))
    assert taken[0] == "AccessDeniedException"
    assert "secretsmanager:CreateSecret on resource: taken because" in taken[1]


def test_tags_need_a_permission_of_their_own(server: Server, account: Account) -> None:
    """Without TagResource a secret can be made, but not with tags."""
    client = limited_client(server, account, allow("CreateSecret", "DescribeSecret"))
    client.create_secret(Name="untagged")
    code, message = refusal(client.create_secret, Name="tagged", Tags=[{"Key": "a", "Value": "b"}])
    assert code == "AccessDeniedException"
    assert "secretsmanager:TagResource" in message
    assert refusal(client.describe_secret, SecretId="tagged")[0] == "ResourceNotFoundException"


def test_conditions_see_what_the_request_says(server: Server, account: Account) -> None:
    """Name, Description, KmsKeyId, aws:RequestTag and aws:TagKeys decide; an absent one does not match."""
    client = limited_client(
        server,
        account,
        allow(
            "CreateSecret",
            "TagResource",
            condition={
                "StringLike": {"secretsmanager:Name": "team/*"},
                "StringEquals": {
                    "aws:RequestTag/team": "red",
                    "secretsmanager:Description": "d",
                    "secretsmanager:KmsKeyId": "alias/aws/secretsmanager",
                },
                "ForAllValues:StringEquals": {"aws:TagKeys": ["team", "stage"]},
            },
        ),
    )
    good: dict[str, Any] = {
        "Name": "team/one",
        "Description": "d",
        "KmsKeyId": "alias/aws/secretsmanager",
        "Tags": [{"Key": "team", "Value": "red"}, {"Key": "stage", "Value": "prod"}],
    }
    bad: list[dict[str, Any]] = [
        {**good, "Name": "other/one"},
        {**good, "Description": "e"},
        {**good, "KmsKeyId": ""},
        {**good, "Tags": [{"Key": "team", "Value": "blue"}]},
        {**good, "Tags": [{"Key": "team", "Value": "red"}, {"Key": "more", "Value": "x"}]},
        {name: value for name, value in good.items() if name != "Description"},
        {name: value for name, value in good.items() if name != "Tags"},
    ]
    for parameters in bad:
        assert refusal(client.create_secret, **parameters)[0] == "AccessDeniedException"
    assert client.create_secret(**good)["Name"] == "team/one"


def test_p04_tags_that_differ_by_case_cannot_slip_past_a_deny(server: Server, account: Account) -> None:
    """A condition on aws:RequestTag sees both values of two keys that differ by case only."""
    client = limited_client(
        server,
        account,
        allow("CreateSecret", "TagResource"),
        deny("CreateSecret", condition={"StringNotEquals": {"aws:RequestTag/team": "red"}}),
    )
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "TEAM", "Value": "red"}]
    for ordered in (tags, tags[::-1]):
        assert refusal(client.create_secret, Name="mixed", Tags=ordered)[0] == "AccessDeniedException"
    assert client.create_secret(Name="red", Tags=[{"Key": "Team", "Value": "red"}])["Name"] == "red"


def test_l03_the_record_shows_everything_but_the_value(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """One record: the parameters as sent, ARN, name and version of the answer, no value."""
    token = new_token()
    made = secretsmanager.create_secret(
        Name="seen",
        ClientRequestToken=token,
        Description="d",
        SecretString="canary-c7a1",
        Tags=[{"Key": "k", "Value": "v"}],
    )
    record = the_record(server, made)
    assert record["requestParameters"] == {
        "name": "seen",
        "clientRequestToken": token,
        "description": "d",
        "tags": [{"key": "k", "value": "v"}],
    }
    assert record["responseElements"] == {"arn": made["ARN"], "name": "seen", "versionId": token}
    assert (record["readOnly"], record["eventName"]) == (False, "CreateSecret")
    assert "canary-c7a1" not in str(server.records(account=account))
    refused = refused_record(server, secretsmanager.create_secret, Name="seen", SecretString="canary-c7a1")
    assert refused["errorCode"] == "ResourceExistsException"
    assert refused["responseElements"] is None
    assert "canary-c7a1" not in str(refused)
