"""UpdateSecret over the wire."""

from __future__ import annotations

from typing import Any

from tests.services.secretsmanager.answers import (
    DEFAULT_KEY,
    INVALID_NAME,
    KMS_REFUSED,
    MARKED,
    NOT_FOUND,
    TOKEN_MISSING,
    TWO_VALUES,
    allow,
    limited_client,
    new_token,
    plain,
    refusal,
    refused_record,
    share,
    stages,
    the_record,
    token_reused,
)
from tests.support.accounts import Account
from tests.support.server import Server


def test_a_value_makes_a_version(secretsmanager: Any) -> None:
    """AWSCURRENT moves to it and AWSPREVIOUS follows; the answer names it."""
    made = secretsmanager.create_secret(Name="app", SecretString="1")
    updated = secretsmanager.update_secret(SecretId="app", SecretBinary=b"2")
    assert plain(updated) == {"ARN": made["ARN"], "Name": "app", "VersionId": updated["VersionId"]}
    assert stages(secretsmanager, "app") == {
        updated["VersionId"]: ["AWSCURRENT"],
        made["VersionId"]: ["AWSPREVIOUS"],
    }
    assert secretsmanager.get_secret_value(SecretId="app")["SecretBinary"] == b"2"


def test_a_value_gives_an_empty_secret_its_first_version(secretsmanager: Any) -> None:
    """A secret made without a value gets AWSCURRENT with it."""
    secretsmanager.create_secret(Name="app")
    updated = secretsmanager.update_secret(SecretId="app", SecretString="1")
    assert stages(secretsmanager, "app") == {updated["VersionId"]: ["AWSCURRENT"]}


def test_metadata_alone_makes_no_version(secretsmanager: Any) -> None:
    """No VersionId in the answer, no label moves, and the date of the change does (recorded)."""
    made = secretsmanager.create_secret(Name="app", SecretString="1", Description="old")
    before = secretsmanager.describe_secret(SecretId="app")
    updated = secretsmanager.update_secret(SecretId="app", Description="new")
    assert plain(updated) == {"ARN": made["ARN"], "Name": "app"}
    after = secretsmanager.describe_secret(SecretId="app")
    assert after["Description"] == "new"
    assert after["VersionIdsToStages"] == before["VersionIdsToStages"]
    assert after["LastChangedDate"] > before["LastChangedDate"]
    assert after["CreatedDate"] == before["CreatedDate"]


def test_what_is_not_named_stays(secretsmanager: Any) -> None:
    """The description survives calls that omit it; nothing named changes nothing; an empty one removes it."""
    made = secretsmanager.create_secret(Name="app", SecretString="1", Description="kept")
    secretsmanager.update_secret(SecretId="app", SecretString="2")
    changed = secretsmanager.describe_secret(SecretId="app")
    assert changed["Description"] == "kept"
    nothing = secretsmanager.update_secret(SecretId="app")
    assert plain(nothing) == {"ARN": made["ARN"], "Name": "app"}
    assert secretsmanager.describe_secret(SecretId="app")["LastChangedDate"] == changed["LastChangedDate"]
    secretsmanager.update_secret(SecretId="app", Description="")
    assert "Description" not in secretsmanager.describe_secret(SecretId="app")


def test_the_token_decides_what_a_repetition_means(secretsmanager: Any) -> None:
    """Same value: success with the version id, although the documentation says otherwise (recorded)."""
    arn = secretsmanager.create_secret(Name="app", SecretString="0")["ARN"]
    update = secretsmanager.update_secret
    token = new_token()
    first = update(SecretId="app", ClientRequestToken=token, SecretString="one")
    again = update(SecretId="app", ClientRequestToken=token, SecretString="one", Description="too")
    assert plain(again) == plain(first)
    assert secretsmanager.describe_secret(SecretId="app")["Description"] == "too"
    refused = refusal(
        update, SecretId="app", ClientRequestToken=token, SecretString="two", Description="undone"
    )
    assert refused == token_reused(token, arn)
    assert secretsmanager.describe_secret(SecretId="app")["Description"] == "too"


def test_the_same_value_three_times_makes_three_versions(secretsmanager: Any) -> None:
    """With tokens of their own, and the date of the change moves each time (recorded)."""
    secretsmanager.create_secret(Name="app")
    dates = []
    for _ in range(3):
        secretsmanager.update_secret(SecretId="app", SecretString="same")
        dates.append(secretsmanager.describe_secret(SecretId="app")["LastChangedDate"])
    assert dates == sorted(set(dates))
    listed = secretsmanager.list_secret_version_ids(SecretId="app", IncludeDeprecated=True)["Versions"]
    assert len(listed) == 3


def test_errors_have_their_texts_and_order(server: Server, account: Account, secretsmanager: Any) -> None:
    """The token comes before the existence of the secret (recorded)."""
    raw = server.raw("secretsmanager", "UpdateSecret", {"SecretId": "absent"}, account=account)
    assert raw.json() == {"__type": TOKEN_MISSING[0], "Message": TOKEN_MISSING[1]}
    update = secretsmanager.update_secret
    assert refusal(update, SecretId="not a name", Description="x") == INVALID_NAME
    assert refusal(update, SecretId="absent", Description="x") == NOT_FOUND
    secretsmanager.create_secret(Name="app", SecretString="x")
    assert refusal(update, SecretId="app", SecretString="x", SecretBinary=b"x") == TWO_VALUES
    assert refusal(update, SecretId="app", KmsKeyId="alias/aws/ssm", SecretString="y") == KMS_REFUSED
    assert len(stages(secretsmanager, "app")) == 1
    code, message = refusal(update, SecretId="app", Type="SnowflakePat")
    assert (code, "is not served by Strongroom" in message) == ("UnsupportedOperationException", True)
    assert refusal(update, SecretId="app", Description="d" * 2049)[0] == "ValidationException"
    secretsmanager.delete_secret(SecretId="app")
    assert refusal(update, SecretId="app", Description="x") == MARKED


def test_the_default_key_may_be_named(secretsmanager: Any) -> None:
    """By alias or empty; it is not shown."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    for key in ("alias/aws/secretsmanager", ""):
        assert "VersionId" not in secretsmanager.update_secret(SecretId="app", KmsKeyId=key)
    assert "KmsKeyId" not in secretsmanager.describe_secret(SecretId="app")


def test_another_account_may_change_metadata_but_no_value(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """The default key serves its own account only."""
    arn = secretsmanager.create_secret(Name="shared", SecretString="x")["ARN"]
    other = server.new_account()
    share(secretsmanager, "shared", other.account_id)
    client = server.client("secretsmanager", other)
    assert client.update_secret(SecretId=arn, Description="from afar")["ARN"] == arn
    assert refusal(client.update_secret, SecretId=arn, SecretString="y", Description="z") == DEFAULT_KEY
    assert secretsmanager.describe_secret(SecretId="shared")["Description"] == "from afar"


def test_p09_forbidden_and_absent_look_the_same(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """Who may not update learns nothing about the secret."""
    nobody = limited_client(server, account, allow("ListSecrets"))
    secretsmanager.create_secret(Name="there", SecretString="x")
    there = refusal(nobody.update_secret, SecretId="there", Description="y")
    absent = refusal(nobody.update_secret, SecretId="nowhere", Description="y")
    assert there[0] == "AccessDeniedException"
    assert there == (absent[0], absent[1].replace("nowhere", "there"))


def test_conditions_see_what_the_request_says(server: Server, account: Account, secretsmanager: Any) -> None:
    """Description and KmsKeyId decide; an absent one does not match."""
    secretsmanager.create_secret(Name="app", SecretString="x")
    for key, good, bad in (
        ("Description", {"Description": "yes"}, {"Description": "no"}),
        ("KmsKeyId", {"KmsKeyId": "alias/aws/secretsmanager"}, {"KmsKeyId": ""}),
    ):
        condition = {"StringEquals": {f"secretsmanager:{key}": good[key]}}
        client = limited_client(server, account, allow("UpdateSecret", condition=condition))
        assert refusal(client.update_secret, SecretId="app", **bad)[0] == "AccessDeniedException"
        assert refusal(client.update_secret, SecretId="app")[0] == "AccessDeniedException"
        assert client.update_secret(SecretId="app", **good)["Name"] == "app"


def test_l03_the_record_shows_everything_but_the_value(server: Server, secretsmanager: Any) -> None:
    """The version id is in the response elements only when there is one."""
    secretsmanager.create_secret(Name="app", SecretString="0")
    token = new_token()
    updated = secretsmanager.update_secret(
        SecretId="app", ClientRequestToken=token, SecretString="canary-9", Description="d", KmsKeyId=""
    )
    record = the_record(server, updated)
    assert record["requestParameters"] == {
        "secretId": "app",
        "clientRequestToken": token,
        "description": "d",
        "kmsKeyId": "",
    }
    assert record["responseElements"] == {"arn": updated["ARN"], "name": "app", "versionId": token}
    assert "canary-9" not in str(record)
    described = the_record(server, secretsmanager.update_secret(SecretId="app", Description="e"))
    assert described["responseElements"] == {"arn": updated["ARN"], "name": "app"}
    refused = refused_record(server, secretsmanager.update_secret, SecretId="absent", SecretString="canary-9")
    assert (refused["errorCode"], refused["responseElements"]) == ("ResourceNotFoundException", None)
    assert "canary-9" not in str(refused)
