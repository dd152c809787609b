"""ListSecretVersionIds over the wire."""

from __future__ import annotations

from typing import Any

from tests.services.secretsmanager.answers import (
    INVALID_NAME,
    NOT_FOUND,
    allow,
    limited_client,
    refusal,
    share,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import Server

BAD_TOKEN = ("InvalidNextTokenException", "The NextToken value is invalid.")


def every_id(client: Any, most: int, **parameters: Any) -> list[str]:
    """Follow the pages; none has more than it should, and only the last has no token."""
    ids: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = client.list_secret_version_ids(MaxResults=most, **parameters, **token)
        assert len(page["Versions"]) <= most
        ids += [version["VersionId"] for version in page["Versions"]]
        if "NextToken" not in page:
            return ids
        assert len(page["Versions"]) == most
        token = {"NextToken": page["NextToken"]}


def test_deprecated_versions_are_hidden_unless_asked_for(secretsmanager: Any) -> None:
    """A version without labels has no VersionStages member; every version names its key (recorded)."""
    made = secretsmanager.create_secret(Name="app", SecretString="1")
    second = secretsmanager.put_secret_value(SecretId="app", SecretString="2")
    third = secretsmanager.put_secret_value(SecretId="app", SecretString="3")
    shown = secretsmanager.list_secret_version_ids(SecretId="app")
    assert (shown["ARN"], shown["Name"]) == (made["ARN"], "app")
    assert "NextToken" not in shown
    assert [(version["VersionId"], version["VersionStages"]) for version in shown["Versions"]] == [
        (second["VersionId"], ["AWSPREVIOUS"]),
        (third["VersionId"], ["AWSCURRENT"]),
    ]
    every = secretsmanager.list_secret_version_ids(SecretId="app", IncludeDeprecated=True)["Versions"]
    assert [version["VersionId"] for version in every] == [
        made["VersionId"],
        second["VersionId"],
        third["VersionId"],
    ]
    assert every[0].keys() == {"VersionId", "CreatedDate", "KmsKeyIds"}
    assert all(version["KmsKeyIds"] == ["DefaultEncryptionKey"] for version in every)


def test_only_versions_that_were_read_have_a_day(secretsmanager: Any) -> None:
    """LastAccessedDate is midnight UTC of the version read (recorded)."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    secretsmanager.put_secret_value(SecretId="app", SecretString="2")
    secretsmanager.get_secret_value(SecretId="app", VersionStage="AWSPREVIOUS")
    previous, current = secretsmanager.list_secret_version_ids(SecretId="app")["Versions"]
    assert previous["LastAccessedDate"].timestamp() % 86_400 == 0
    assert "LastAccessedDate" not in current


def test_a_secret_without_a_value_has_an_empty_list(secretsmanager: Any) -> None:
    """Versions is there, and empty."""
    secretsmanager.create_secret(Name="empty")
    assert secretsmanager.list_secret_version_ids(SecretId="empty")["Versions"] == []
    assert secretsmanager.list_secret_version_ids(SecretId="empty", IncludeDeprecated=True)["Versions"] == []


def test_pages_hold_every_version_once(secretsmanager: Any) -> None:
    """Whatever the size of the pages, with and without deprecated versions."""
    ids = [secretsmanager.create_secret(Name="app", SecretString="0")["VersionId"]]
    for number in range(6):
        put = secretsmanager.put_secret_value(
            SecretId="app", SecretString=str(number), VersionStages=["AWSCURRENT", f"l{number % 3}"]
        )
        ids.append(put["VersionId"])
    for most in (1, 2, 3, 7, 100):
        assert every_id(secretsmanager, most, SecretId="app", IncludeDeprecated=True) == ids
        assert every_id(secretsmanager, most, SecretId="app") == ids[-3:]


def test_j08_a_token_belongs_to_its_question_and_its_caller(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """Under another secret, choice or principal, or changed, it is refused; its text shows nothing."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    secretsmanager.create_secret(Name="other", SecretString="1")
    for name in ("app", "other"):
        secretsmanager.put_secret_value(SecretId=name, SecretString="2")
    page = secretsmanager.list_secret_version_ids(SecretId="app", MaxResults=1)
    token = page["NextToken"]
    assert page["Versions"][0]["VersionId"] not in token
    listing = secretsmanager.list_secret_version_ids
    arn = page["ARN"]
    assert len(listing(SecretId=arn, NextToken=token)["Versions"]) == 1
    assert refusal(listing, SecretId="other", NextToken=token) == BAD_TOKEN
    assert refusal(listing, SecretId="app", NextToken=token, IncludeDeprecated=True) == BAD_TOKEN
    changed = ("A" if token[30] != "A" else "B").join((token[:30], token[31:]))
    assert refusal(listing, SecretId="app", NextToken=changed) == BAD_TOKEN
    assert refusal(listing, SecretId="app", NextToken="nonsense") == BAD_TOKEN
    colleague = limited_client(server, account, allow("ListSecretVersionIds"))
    assert refusal(colleague.list_secret_version_ids, SecretId="app", NextToken=token) == BAD_TOKEN


def test_errors_have_their_texts(server: Server, account: Account, secretsmanager: Any) -> None:
    """Absent, misnamed and forbidden secrets (P-09); page sizes of 1 to 100."""
    listing = secretsmanager.list_secret_version_ids
    assert refusal(listing, SecretId="absent") == NOT_FOUND
    assert refusal(listing, SecretId="not a name") == INVALID_NAME
    code, message = refusal(listing, SecretId="absent", MaxResults=101)
    assert code == "ValidationException"
    assert "'maxResults'" in message
    nobody = limited_client(server, account, allow("ListSecrets"))
    secretsmanager.create_secret(Name="there", SecretString="1")
    there = refusal(nobody.list_secret_version_ids, SecretId="there")
    absent = refusal(nobody.list_secret_version_ids, SecretId="nowhere")
    assert there[0] == "AccessDeniedException"
    assert there == (absent[0], absent[1].replace("nowhere", "there"))


def test_another_account_may_list_what_is_shared(server: Server, secretsmanager: Any) -> None:
    """Listing needs no key (recorded)."""
    arn = secretsmanager.create_secret(Name="shared", SecretString="x")["ARN"]
    other = server.new_account()
    share(secretsmanager, "shared", other.account_id)
    client = server.client("secretsmanager", other)
    assert len(client.list_secret_version_ids(SecretId=arn)["Versions"]) == 1


def test_l02_each_call_has_one_record(server: Server, secretsmanager: Any) -> None:
    """Read-only, with the parameters as sent."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    listed = secretsmanager.list_secret_version_ids(SecretId="app", MaxResults=5, IncludeDeprecated=True)
    record = the_record(server, listed)
    assert record["requestParameters"] == {"secretId": "app", "maxResults": 5, "includeDeprecated": True}
    assert (record["responseElements"], record["readOnly"]) == (None, True)
