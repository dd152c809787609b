"""RestoreSecret over the wire."""

from __future__ import annotations

from typing import Any

from tests.services.secretsmanager.answers import (
    INVALID_NAME,
    NOT_FOUND,
    allow,
    events_of,
    limited_client,
    plain,
    refusal,
    stages,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import Server

CANCEL = "CancelSecretVersionDelete"


def test_a_restored_secret_is_as_it_was(secretsmanager: Any) -> None:
    """Values, labels, tags and description are back; the deletion date is gone and the secret changed."""
    made = secretsmanager.create_secret(
        Name="app", SecretString="1", Description="d", Tags=[{"Key": "k", "Value": "v"}]
    )
    secretsmanager.put_secret_value(SecretId="app", SecretString="2")
    labels = stages(secretsmanager, "app")
    secretsmanager.delete_secret(SecretId="app")
    marked = secretsmanager.describe_secret(SecretId="app")
    restored = secretsmanager.restore_secret(SecretId="app")
    assert plain(restored) == {"ARN": made["ARN"], "Name": "app"}
    found = secretsmanager.describe_secret(SecretId="app")
    assert "DeletedDate" not in found
    assert found["LastChangedDate"] > marked["LastChangedDate"]
    assert (found["Description"], found["Tags"]) == ("d", [{"Key": "k", "Value": "v"}])
    assert stages(secretsmanager, "app") == labels
    assert secretsmanager.get_secret_value(SecretId="app")["SecretString"] == "2"


def test_each_version_has_a_service_event(server: Server, account: Account, secretsmanager: Any) -> None:
    """The deletion of every version is cancelled, once."""
    first = secretsmanager.create_secret(Name="app", SecretString="1")["VersionId"]
    second = secretsmanager.put_secret_value(SecretId="app", SecretString="2")["VersionId"]
    secretsmanager.delete_secret(SecretId="app")
    secretsmanager.restore_secret(SecretId="app")
    secretsmanager.restore_secret(SecretId="app")
    assert events_of(server, account, CANCEL) == [(CANCEL, first), (CANCEL, second)]


def test_a_live_secret_stays_as_it_is(secretsmanager: Any) -> None:
    """The call succeeds and changes nothing."""
    made = secretsmanager.create_secret(Name="app", SecretString="1")
    before = secretsmanager.describe_secret(SecretId="app")
    assert plain(secretsmanager.restore_secret(SecretId=made["ARN"])) == {"ARN": made["ARN"], "Name": "app"}
    assert plain(secretsmanager.describe_secret(SecretId="app")) == plain(before)


def test_errors_have_their_texts(server: Server, account: Account, secretsmanager: Any) -> None:
    """Absent and forbidden secrets; who may not restore learns nothing (P-09)."""
    restore = secretsmanager.restore_secret
    assert refusal(restore, SecretId="absent") == NOT_FOUND
    assert refusal(restore, SecretId="not a name") == INVALID_NAME
    nobody = limited_client(server, account, allow("ListSecrets"))
    secretsmanager.create_secret(Name="there")
    secretsmanager.delete_secret(SecretId="there")
    there = refusal(nobody.restore_secret, SecretId="there")
    absent = refusal(nobody.restore_secret, SecretId="nowhere")
    assert there[0] == "AccessDeniedException"
    assert there == (absent[0], absent[1].replace("nowhere", "there"))


def test_l02_the_record_shows_the_secret(server: Server, secretsmanager: Any) -> None:
    """One record with ARN and name."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    secretsmanager.delete_secret(SecretId="app")
    restored = secretsmanager.restore_secret(SecretId="app")
    record = the_record(server, restored)
    assert record["requestParameters"] == {"secretId": "app"}
    assert record["responseElements"] == {"arn": restored["ARN"], "name": "app"}
    assert record["readOnly"] is False
