"""PutSecretValue over the wire."""

from __future__ import annotations

from typing import Any

from tests.services.secretsmanager.answers import (
    DEFAULT_KEY,
    INVALID_NAME,
    MARKED,
    NOT_FOUND,
    TOKEN_MISSING,
    TWO_VALUES,
    allow,
    events_of,
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
from tests.support.server import MovedServer, Server

VALUE_MISSING = ("InvalidRequestException", "You must provide either SecretString or SecretBinary.")


def test_a_put_moves_current_and_previous(secretsmanager: Any) -> None:
    """The new version is AWSCURRENT, the one before AWSPREVIOUS; each keeps its own value."""
    first = secretsmanager.create_secret(Name="app", SecretString="one")
    put = secretsmanager.put_secret_value(SecretId="app", SecretString="two")
    assert plain(put) == {
        "ARN": first["ARN"],
        "Name": "app",
        "VersionId": put["VersionId"],
        "VersionStages": ["AWSCURRENT"],
    }
    third = secretsmanager.put_secret_value(SecretId=first["ARN"], SecretString="three")
    assert stages(secretsmanager, "app") == {
        third["VersionId"]: ["AWSCURRENT"],
        put["VersionId"]: ["AWSPREVIOUS"],
    }
    get = secretsmanager.get_secret_value
    assert get(SecretId="app")["SecretString"] == "three"
    assert get(SecretId="app", VersionStage="AWSPREVIOUS")["SecretString"] == "two"
    assert get(SecretId="app", VersionId=first["VersionId"])["SecretString"] == "one"


def test_the_first_version_is_current_whatever_is_listed(secretsmanager: Any) -> None:
    """On a secret without a value AWSCURRENT is attached beside the listed labels."""
    secretsmanager.create_secret(Name="app")
    put = secretsmanager.put_secret_value(SecretId="app", SecretString="x", VersionStages=["mine"])
    assert sorted(put["VersionStages"]) == ["AWSCURRENT", "mine"]


def test_labels_move_only_when_listed(secretsmanager: Any) -> None:
    """The recorded sequence of lists, down to a version without any label."""
    put = secretsmanager.put_secret_value
    base = secretsmanager.create_secret(Name="app", SecretString="0")["VersionId"]
    one = put(SecretId="app", SecretString="1", VersionStages=["one", "two", "three"])
    two = put(SecretId="app", SecretString="2", VersionStages=["one", "two", "four"])
    assert sorted(two["VersionStages"]) == ["four", "one", "two"]
    assert stages(secretsmanager, "app") == {
        base: ["AWSCURRENT"],
        one["VersionId"]: ["three"],
        two["VersionId"]: ["four", "one", "two"],
    }
    three = put(SecretId="app", SecretString="3", VersionStages=["one", "two", "three", "four"])
    assert stages(secretsmanager, "app") == {
        base: ["AWSCURRENT"],
        three["VersionId"]: ["four", "one", "three", "two"],
    }


def test_a_plain_put_ends_pending(secretsmanager: Any) -> None:
    """The version that held AWSCURRENT and AWSPENDING keeps only AWSPREVIOUS (recorded)."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    held = secretsmanager.put_secret_value(
        SecretId="app", SecretString="2", VersionStages=["AWSCURRENT", "AWSPENDING"]
    )
    assert sorted(held["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]
    new = secretsmanager.put_secret_value(SecretId="app", SecretString="3")
    assert stages(secretsmanager, "app") == {
        new["VersionId"]: ["AWSCURRENT"],
        held["VersionId"]: ["AWSPREVIOUS"],
    }


def test_labels_are_case_sensitive_and_may_begin_with_aws(secretsmanager: Any) -> None:
    """``AWSSOMETHING`` and ``awscurrent`` are labels like others (recorded)."""
    base = secretsmanager.create_secret(Name="app", SecretString="1")["VersionId"]
    put = secretsmanager.put_secret_value(
        SecretId="app", SecretString="2", VersionStages=["AWSSOMETHING", "awscurrent"]
    )
    assert stages(secretsmanager, "app") == {
        base: ["AWSCURRENT"],
        put["VersionId"]: ["AWSSOMETHING", "awscurrent"],
    }


def test_the_token_decides_what_a_repetition_means(secretsmanager: Any) -> None:
    """Same value: nothing changes and the answer has the labels of now; another value: refused (recorded)."""
    arn = secretsmanager.create_secret(Name="app", SecretString="0")["ARN"]
    token = new_token()
    put = secretsmanager.put_secret_value
    first = put(SecretId="app", ClientRequestToken=token, SecretString="one")
    changed = secretsmanager.describe_secret(SecretId="app")["LastChangedDate"]
    again = put(SecretId="app", ClientRequestToken=token, SecretString="one", VersionStages=["ignored"])
    assert plain(again) == plain(first)
    assert secretsmanager.describe_secret(SecretId="app")["LastChangedDate"] == changed
    reused = token_reused(token, arn)
    assert refusal(put, SecretId="app", ClientRequestToken=token, SecretString="two") == reused
    assert refusal(put, SecretId="app", ClientRequestToken=token, SecretBinary=b"one") == reused
    put(SecretId="app", SecretString="later")
    late = put(SecretId="app", ClientRequestToken=token, SecretString="one")
    assert late["VersionStages"] == ["AWSPREVIOUS"]


def test_the_same_value_with_another_token_is_another_version(secretsmanager: Any) -> None:
    """Equal values make versions of their own, and the secret changed each time (recorded)."""
    secretsmanager.create_secret(Name="app", SecretString="same")
    dates = [secretsmanager.describe_secret(SecretId="app")["LastChangedDate"]]
    for _ in range(2):
        secretsmanager.put_secret_value(SecretId="app", SecretString="same")
        dates.append(secretsmanager.describe_secret(SecretId="app")["LastChangedDate"])
    assert dates == sorted(set(dates))
    listed = secretsmanager.list_secret_version_ids(SecretId="app", IncludeDeprecated=True)["Versions"]
    assert len(listed) == 3


def test_a_secret_may_change_between_string_and_binary(secretsmanager: Any) -> None:
    """Each version has its own kind; arbitrary bytes survive (recorded)."""
    secretsmanager.create_secret(Name="app", SecretBinary=b"\x00\x01\x02\xff")
    secretsmanager.put_secret_value(SecretId="app", SecretString="text")
    secretsmanager.put_secret_value(SecretId="app", SecretBinary=b"\xfe\xfd")
    get = secretsmanager.get_secret_value
    assert get(SecretId="app")["SecretBinary"] == b"\xfe\xfd"
    assert get(SecretId="app", VersionStage="AWSPREVIOUS")["SecretString"] == "text"


def test_errors_have_their_texts_and_order(server: Server, account: Account, secretsmanager: Any) -> None:
    """Token, then name, then existence, then deletion, then the value."""
    put = secretsmanager.put_secret_value
    raw = server.raw("secretsmanager", "PutSecretValue", {"SecretId": "absent"}, account=account)
    assert raw.json() == {"__type": TOKEN_MISSING[0], "Message": TOKEN_MISSING[1]}
    assert refusal(put, SecretId="not a name", SecretString="x") == INVALID_NAME
    assert refusal(put, SecretId="absent", SecretString="x") == NOT_FOUND
    secretsmanager.create_secret(Name="app", SecretString="x")
    assert refusal(put, SecretId="app") == VALUE_MISSING
    assert refusal(put, SecretId="app", SecretString="x", SecretBinary=b"x") == TWO_VALUES
    empty = {"SecretId": "app", "SecretString": "", "ClientRequestToken": new_token()}
    raw = server.raw("secretsmanager", "PutSecretValue", empty, account=account)
    assert raw.json() == {"__type": VALUE_MISSING[0], "Message": VALUE_MISSING[1]}
    code, message = refusal(put, SecretId="app", SecretString="geheim" * 11_000)
    assert code == "ValidationException"
    assert "geheim" not in message
    secretsmanager.delete_secret(SecretId="app")
    assert refusal(put, SecretId="app", SecretString="x") == MARKED


def test_twenty_labels_are_the_most(secretsmanager: Any) -> None:
    """Over all versions of the secret; what is refused changes nothing."""
    secretsmanager.create_secret(Name="app", SecretString="0")
    put = secretsmanager.put_secret_value
    put(SecretId="app", SecretString="1", VersionStages=[f"label{number}" for number in range(19)])
    code, _ = refusal(put, SecretId="app", SecretString="2", VersionStages=["one more"])
    assert code == "LimitExceededException"
    versions = secretsmanager.list_secret_version_ids(SecretId="app", IncludeDeprecated=True)["Versions"]
    assert len(versions) == 2
    moved = put(SecretId="app", SecretString="3", VersionStages=["label0"])
    assert moved["VersionStages"] == ["label0"]


def test_the_101st_version_needs_an_old_one_to_go(moved_server: MovedServer) -> None:
    """A hundred young versions are the limit; a day later the oldest without a label makes room."""
    client = moved_server.client("secretsmanager")
    first = client.create_secret(Name="busy", SecretString="0")["VersionId"]
    second = client.put_secret_value(SecretId="busy", SecretString="1")["VersionId"]
    client.update_secret_version_stage(SecretId="busy", VersionStage="KEEP", MoveToVersionId=first)
    for number in range(98):
        client.put_secret_value(SecretId="busy", SecretString=str(number))
    code, _ = refusal(client.put_secret_value, SecretId="busy", SecretString="101")
    assert code == "LimitExceededException"
    moved_server.advance(hours=23)
    assert (
        refusal(client.put_secret_value, SecretId="busy", SecretString="101")[0] == "LimitExceededException"
    )
    moved_server.advance(hours=2)
    client.put_secret_value(SecretId="busy", SecretString="101")
    moved_server.run_background()
    listed = client.list_secret_version_ids(SecretId="busy", IncludeDeprecated=True)["Versions"]
    ids = [version["VersionId"] for version in listed]
    assert len(ids) == 100
    assert first in ids
    assert second not in ids
    assert client.get_secret_value(SecretId="busy", VersionStage="KEEP")["SecretString"] == "0"
    names = ("StartSecretVersionDelete", "EndSecretVersionDelete")
    assert events_of(moved_server, moved_server.first, *names) == [(name, second) for name in names]


def test_another_account_may_not_use_the_default_key(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """With every right on the secret, its value stays out of reach (recorded)."""
    arn = secretsmanager.create_secret(Name="shared", SecretString="x")["ARN"]
    other = server.new_account()
    share(secretsmanager, "shared", other.account_id)
    client = server.client("secretsmanager", other)
    assert refusal(client.put_secret_value, SecretId=arn, SecretString="y") == DEFAULT_KEY


def test_p09_forbidden_and_absent_look_the_same(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """Who may not put learns nothing about the secret."""
    nobody = limited_client(server, account, allow("ListSecrets"))
    secretsmanager.create_secret(Name="there", SecretString="x")
    there = refusal(nobody.put_secret_value, SecretId="there", SecretString="y")
    absent = refusal(nobody.put_secret_value, SecretId="nowhere", SecretString="y")
    assert there[0] == "AccessDeniedException"
    assert there == (absent[0], absent[1].replace("nowhere", "there"))


def test_l03_the_record_shows_the_version_but_no_value(server: Server, secretsmanager: Any) -> None:
    """Parameters as sent, the answer's ARN, name and version; neither value nor rotation token."""
    secretsmanager.create_secret(Name="app", SecretString="0")
    token = new_token()
    put = secretsmanager.put_secret_value(
        SecretId="app", SecretString="canary-51", ClientRequestToken=token, VersionStages=["x"]
    )
    record = the_record(server, put)
    assert record["requestParameters"] == {
        "secretId": "app",
        "clientRequestToken": token,
        "versionStages": ["x"],
    }
    assert record["responseElements"] == {"arn": put["ARN"], "name": "app", "versionId": token}
    assert "canary-51" not in str(record)


def test_a_rotation_token_must_be_that_of_a_rotation(server: Server, secretsmanager: Any) -> None:
    """A write that claims to be a rotation's, and is not, changes nothing; the token is not in its record."""
    secretsmanager.create_secret(Name="app", SecretString="0")
    rotation = new_token()
    wrong = {"SecretId": "app", "SecretString": "canary-52", "RotationToken": rotation}
    assert refusal(secretsmanager.put_secret_value, **wrong) == (
        "InvalidParameterException",
        "The RotationToken isn't valid for a rotation of this secret that is in progress.",
    )
    assert secretsmanager.get_secret_value(SecretId="app")["SecretString"] == "0"
    record = refused_record(server, secretsmanager.put_secret_value, **wrong)
    assert rotation not in str(record)
    assert "canary-52" not in str(record)
