"""GetSecretValue over the wire."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Any

import pytest

from tests.services.secretsmanager.answers import (
    DEFAULT_KEY,
    INVALID_NAME,
    MARKED,
    NOT_FOUND,
    allow,
    deny,
    limited_client,
    new_token,
    plain,
    refusal,
    refused_record,
    share,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server


def stage_not_found(stage: str) -> tuple[str, str]:
    """Word the refusal of a label that nothing carries."""
    return (
        "ResourceNotFoundException",
        f"Secrets Manager can't find the specified secret value for staging label: {stage}",
    )


def test_the_answer_is_complete_and_has_no_more(secretsmanager: Any) -> None:
    """ARN, name, version, value, labels and the version's date."""
    made = secretsmanager.create_secret(Name="app", SecretString="wörd\u2028\U0001f511")
    found = plain(secretsmanager.get_secret_value(SecretId="app"))
    created = found.pop("CreatedDate")
    assert isinstance(created, datetime)
    assert found == {
        "ARN": made["ARN"],
        "Name": "app",
        "VersionId": made["VersionId"],
        "SecretString": "wörd\u2028\U0001f511",
        "VersionStages": ["AWSCURRENT"],
    }


def test_created_date_is_that_of_the_version(moved_server: MovedServer) -> None:
    """Not that of the secret."""
    client = moved_server.client("secretsmanager")
    client.create_secret(Name="app", SecretString="1")
    moved_server.advance(days=3)
    client.put_secret_value(SecretId="app", SecretString="2")
    current = client.get_secret_value(SecretId="app")["CreatedDate"]
    previous = client.get_secret_value(SecretId="app", VersionStage="AWSPREVIOUS")["CreatedDate"]
    assert (current - previous).days in (2, 3)


def test_binary_is_encoded_once_on_the_wire(server: Server, account: Account, secretsmanager: Any) -> None:
    """The raw body has the base64 of the bytes (recorded), and no cache may keep it (X-04)."""
    secretsmanager.create_secret(Name="bin", SecretBinary=b"footest")
    answer = server.raw("secretsmanager", "GetSecretValue", {"SecretId": "bin"}, account=account)
    assert answer.json()["SecretBinary"] == "Zm9vdGVzdA==" == base64.b64encode(b"footest").decode()
    assert "SecretString" not in answer.json()
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_four_ways_not_to_find_a_value(secretsmanager: Any) -> None:
    """Secret, label, version, and a pair that does not belong together (recorded)."""
    get = secretsmanager.get_secret_value
    assert refusal(get, SecretId="absent") == NOT_FOUND
    secretsmanager.create_secret(Name="empty")
    assert refusal(get, SecretId="empty") == stage_not_found("AWSCURRENT")
    made = secretsmanager.create_secret(Name="app", SecretString="1")
    assert refusal(get, SecretId="app", VersionStage="NOPE") == stage_not_found("NOPE")
    unknown = new_token()
    assert refusal(get, SecretId="app", VersionId=unknown) == (
        "ResourceNotFoundException",
        f"Secrets Manager can't find the specified secret value for VersionId: {unknown}",
    )
    secretsmanager.put_secret_value(SecretId="app", SecretString="2")
    assert refusal(get, SecretId="app", VersionId=made["VersionId"], VersionStage="AWSCURRENT") == (
        "InvalidRequestException",
        "You provided a VersionStage that is not associated to the provided VersionId.",
    )
    both = get(SecretId="app", VersionId=made["VersionId"], VersionStage="AWSPREVIOUS")
    assert both["SecretString"] == "1"


def test_p01_every_form_of_the_id_is_the_same_secret(secretsmanager: Any) -> None:
    """Name, full ARN and partial ARN, for names that end like an ARN and names that do not (recorded)."""
    for name in ("plain/_+=.@-Name", "x-a1b2", "x-a1b2c3-"):
        arn = secretsmanager.create_secret(Name=name, SecretString=name)["ARN"]
        for secret_id in (name, arn, arn[:-7]):
            found = secretsmanager.get_secret_value(SecretId=secret_id)
            assert (found["ARN"], found["Name"], found["SecretString"]) == (arn, name, name)
    arn = secretsmanager.create_secret(Name="x-a1b2c3", SecretString="s")["ARN"]
    get = secretsmanager.get_secret_value
    assert get(SecretId=arn)["SecretString"] == get(SecretId="x-a1b2c3")["SecretString"] == "s"
    assert refusal(get, SecretId=arn[:-7]) == NOT_FOUND
    assert refusal(get, SecretId=arn[:-6] + "ZZZZZZ") == NOT_FOUND


@pytest.mark.parametrize("secret_id", ["a b", "ä", "a:b", "a*", "name\n", "${x}"])
def test_a_name_with_other_characters_is_refused(secretsmanager: Any, secret_id: str) -> None:
    """The recorded text, whatever the secret."""
    assert refusal(secretsmanager.get_secret_value, SecretId=secret_id) == INVALID_NAME


@pytest.mark.parametrize(
    "secret_id", ["arn:", "arn:aws:s3:::bucket", "arn:aws:secretsmanager:us-east-1:1:x:y"]
)
def test_other_arns_are_refused(secretsmanager: Any, secret_id: str) -> None:
    """An ARN must be a secret's."""
    assert refusal(secretsmanager.get_secret_value, SecretId=secret_id)[0] == "InvalidParameterException"


def test_a_secret_marked_for_deletion_is_not_read(secretsmanager: Any) -> None:
    """Until it is restored."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    secretsmanager.delete_secret(SecretId="app")
    assert refusal(secretsmanager.get_secret_value, SecretId="app") == MARKED
    secretsmanager.restore_secret(SecretId="app")
    assert secretsmanager.get_secret_value(SecretId="app")["SecretString"] == "1"


def test_the_day_of_the_last_read_is_kept(moved_server: MovedServer) -> None:
    """Absent before the first read, then the midnight of its day, for the secret and the version read."""
    client = moved_server.client("secretsmanager")
    moved_server.set_time("2031-05-06T13:14:15+00:00")
    client.create_secret(Name="app", SecretString="1")
    client.put_secret_value(SecretId="app", SecretString="2")
    assert "LastAccessedDate" not in client.describe_secret(SecretId="app")

    def read_days() -> tuple[str, list[str | None]]:
        described = client.describe_secret(SecretId="app")["LastAccessedDate"]
        versions = client.list_secret_version_ids(SecretId="app")["Versions"]
        days = {
            version["VersionStages"][0]: version["LastAccessedDate"].timestamp()
            if "LastAccessedDate" in version
            else None
            for version in versions
        }
        moments = [days["AWSCURRENT"], days["AWSPREVIOUS"]]
        return f"{described.timestamp():.3f}", [
            None if moment is None else f"{moment:.3f}" for moment in moments
        ]

    midnight = f"{datetime.fromisoformat('2031-05-06T00:00:00+00:00').timestamp():.3f}"
    client.get_secret_value(SecretId="app")
    assert read_days() == (midnight, [midnight, None])
    client.get_secret_value(SecretId="app")
    assert read_days() == (midnight, [midnight, None])
    client.get_secret_value(SecretId="app", VersionStage="AWSPREVIOUS")
    assert read_days() == (midnight, [midnight, midnight])
    moved_server.advance(days=1)
    next_midnight = f"{datetime.fromisoformat('2031-05-07T00:00:00+00:00').timestamp():.3f}"
    client.get_secret_value(SecretId="app", VersionStage="AWSPREVIOUS")
    assert read_days() == (next_midnight, [midnight, next_midnight])


def test_a_read_does_not_move_the_last_change(secretsmanager: Any) -> None:
    """LastChangedDate stays when LastAccessedDate is set."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    before = secretsmanager.describe_secret(SecretId="app")
    secretsmanager.get_secret_value(SecretId="app")
    after = secretsmanager.describe_secret(SecretId="app")
    assert after["LastChangedDate"] == before["LastChangedDate"]
    assert "LastAccessedDate" in after


def test_another_account_may_not_use_the_default_key(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """With every right on the secret, its value stays out of reach (recorded)."""
    arn = secretsmanager.create_secret(Name="shared", SecretString="x")["ARN"]
    other = server.new_account()
    share(secretsmanager, "shared", other.account_id)
    client = server.client("secretsmanager", other)
    assert refusal(client.get_secret_value, SecretId=arn) == DEFAULT_KEY
    assert client.describe_secret(SecretId=arn)["Name"] == "shared"


def test_p09_forbidden_and_absent_look_the_same(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """By name, by partial and by full ARN, whoever may not read learns nothing."""
    nobody = limited_client(server, account, allow("ListSecrets"))
    arn = secretsmanager.create_secret(Name="there", SecretString="x")["ARN"]
    for there, absent in (
        ("there", "gone1"),
        (arn[:-7], arn[:-7].replace("there", "gone1")),
        (arn, arn[:-6] + "zzzzzz"),
    ):
        denied = refusal(nobody.get_secret_value, SecretId=there)
        missing = refusal(nobody.get_secret_value, SecretId=absent)
        assert denied[0] == "AccessDeniedException"
        assert denied == (missing[0], missing[1].replace(absent, there))


def test_conditions_see_version_label_and_tags(server: Server, account: Account, secretsmanager: Any) -> None:
    """VersionStage and VersionId only when sent; tags of the secret, folded as policies are."""
    tags = [{"Key": "Équipe", "Value": "rouge"}]
    made = secretsmanager.create_secret(Name="app", SecretString="1", Tags=tags)
    stage = limited_client(
        server,
        account,
        allow("GetSecretValue", condition={"StringEquals": {"secretsmanager:VersionStage": "AWSCURRENT"}}),
    )
    assert refusal(stage.get_secret_value, SecretId="app")[0] == "AccessDeniedException"
    assert stage.get_secret_value(SecretId="app", VersionStage="AWSCURRENT")["SecretString"] == "1"
    version = limited_client(
        server,
        account,
        allow("GetSecretValue", condition={"StringEquals": {"secretsmanager:VersionId": made["VersionId"]}}),
    )
    assert refusal(version.get_secret_value, SecretId="app")[0] == "AccessDeniedException"
    assert version.get_secret_value(SecretId="app", VersionId=made["VersionId"])["SecretString"] == "1"
    for key in ("aws:ResourceTag/Équipe", "secretsmanager:ResourceTag/Équipe"):
        tagged = limited_client(
            server,
            account,
            allow("GetSecretValue"),
            deny("GetSecretValue", condition={"StringEquals": {key: "rouge"}}),
        )
        assert refusal(tagged.get_secret_value, SecretId="app")[0] == "AccessDeniedException"


def test_p04_tags_that_differ_by_case_cannot_slip_past_a_deny(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """A condition on a tag of the secret sees the values of both keys, in whichever order they were made."""
    client = limited_client(
        server,
        account,
        allow("GetSecretValue"),
        deny("GetSecretValue", condition={"StringEquals": {"aws:ResourceTag/stage": "prod"}}),
    )
    tags = [{"Key": "stage", "Value": "prod"}, {"Key": "STAGE", "Value": "test"}]
    for name, ordered in (("first", tags), ("second", tags[::-1])):
        secretsmanager.create_secret(Name=name, SecretString="x", Tags=ordered)
        assert refusal(client.get_secret_value, SecretId=name)[0] == "AccessDeniedException"
    secretsmanager.create_secret(Name="third", SecretString="x", Tags=tags[1:])
    assert client.get_secret_value(SecretId="third")["SecretString"] == "x"


def test_l02_each_read_has_one_record(server: Server, secretsmanager: Any) -> None:
    """As sent, without the value; also when it failed."""
    secretsmanager.create_secret(Name="app", SecretString="canary-77")
    found = secretsmanager.get_secret_value(SecretId="app", VersionStage="AWSCURRENT")
    record = the_record(server, found)
    assert record["requestParameters"] == {"secretId": "app", "versionStage": "AWSCURRENT"}
    assert (record["responseElements"], record["readOnly"]) == (None, True)
    assert "resources" not in record
    assert "canary-77" not in str(record)
    failed = refused_record(server, secretsmanager.get_secret_value, SecretId="absent")
    assert (failed["errorCode"], failed["requestParameters"]) == (
        "ResourceNotFoundException",
        {"secretId": "absent"},
    )
