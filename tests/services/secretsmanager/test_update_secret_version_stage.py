"""UpdateSecretVersionStage over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.secretsmanager.answers import (
    INVALID_NAME,
    MARKED,
    NOT_FOUND,
    allow,
    limited_client,
    new_token,
    plain,
    refusal,
    stages,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import Server


@pytest.fixture
def versions(secretsmanager: Any) -> dict[str, str]:
    """A secret ``app`` with versions v1 (AWSPREVIOUS) and v2 (AWSCURRENT)."""
    return {
        "v1": secretsmanager.create_secret(Name="app", SecretString="1")["VersionId"],
        "v2": secretsmanager.put_secret_value(SecretId="app", SecretString="2")["VersionId"],
    }


def test_the_recorded_move_of_current(secretsmanager: Any) -> None:
    """AWSPREVIOUS follows; AWSPENDING and custom labels stay where they are (recorded)."""
    secretsmanager.create_secret(Name="app", SecretString="1")
    ids = [
        secretsmanager.put_secret_value(SecretId="app", SecretString=label, VersionStages=list(labels))[
            "VersionId"
        ]
        for label, labels in (
            ("v2", ("AWSCURRENT", "PUT0")),
            ("v3", ("AWSCURRENT", "PUT1")),
            ("v4", ("AWSPENDING", "PUT2")),
        )
    ]
    v2, v3, v4 = ids
    assert stages(secretsmanager, "app") == {
        v2: ["AWSPREVIOUS", "PUT0"],
        v3: ["AWSCURRENT", "PUT1"],
        v4: ["AWSPENDING", "PUT2"],
    }
    moved = secretsmanager.update_secret_version_stage(
        SecretId="app", VersionStage="AWSCURRENT", RemoveFromVersionId=v3, MoveToVersionId=v4
    )
    assert plain(moved).keys() == {"ARN", "Name"}
    assert stages(secretsmanager, "app") == {
        v2: ["PUT0"],
        v3: ["AWSPREVIOUS", "PUT1"],
        v4: ["AWSCURRENT", "AWSPENDING", "PUT2"],
    }
    assert secretsmanager.get_secret_value(SecretId="app")["SecretString"] == "v4"


def test_a_custom_label_is_attached_moved_and_taken_away(
    secretsmanager: Any, versions: dict[str, str]
) -> None:
    """Only the named label changes; a version without labels is still there."""
    update = secretsmanager.update_secret_version_stage
    v1, v2 = versions["v1"], versions["v2"]
    update(SecretId="app", VersionStage="blue", MoveToVersionId=v1)
    assert stages(secretsmanager, "app") == {v1: ["AWSPREVIOUS", "blue"], v2: ["AWSCURRENT"]}
    update(SecretId="app", VersionStage="blue", RemoveFromVersionId=v1, MoveToVersionId=v2)
    assert stages(secretsmanager, "app") == {v1: ["AWSPREVIOUS"], v2: ["AWSCURRENT", "blue"]}
    update(SecretId="app", VersionStage="blue", RemoveFromVersionId=v2)
    update(SecretId="app", VersionStage="AWSPREVIOUS", RemoveFromVersionId=v1)
    assert stages(secretsmanager, "app") == {v2: ["AWSCURRENT"]}
    assert secretsmanager.get_secret_value(SecretId="app", VersionId=v1)["SecretString"] == "1"


def test_moving_back_swaps_current_and_previous(secretsmanager: Any, versions: dict[str, str]) -> None:
    """A rollback: the version before is current again."""
    secretsmanager.update_secret_version_stage(
        SecretId="app",
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=versions["v2"],
        MoveToVersionId=versions["v1"],
    )
    assert stages(secretsmanager, "app") == {
        versions["v1"]: ["AWSCURRENT"],
        versions["v2"]: ["AWSPREVIOUS"],
    }


def test_a_label_that_is_held_elsewhere_must_be_taken_from_there(
    secretsmanager: Any, versions: dict[str, str]
) -> None:
    """Without RemoveFromVersionId (recorded), or with the wrong one, nothing moves."""
    update = secretsmanager.update_secret_version_stage
    v1, v2 = versions["v1"], versions["v2"]
    before = stages(secretsmanager, "app")
    assert refusal(update, SecretId="app", VersionStage="AWSCURRENT", MoveToVersionId=v1) == (
        "InvalidParameterException",
        "The parameter RemoveFromVersionId can't be empty. Staging label AWSCURRENT is currently attached to "
        f"version {v2}, so you must explicitly reference that version in RemoveFromVersionId.",
    )
    wrong = (
        "InvalidParameterException",
        "When you move staging label AWSCURRENT, if you specify RemoveFromVersionId, it must be set to the "
        "version that currently has the staging label AWSCURRENT.",
    )
    for target in ({"MoveToVersionId": v1}, {"MoveToVersionId": v2}, {}):
        parameters = {"SecretId": "app", "VersionStage": "AWSCURRENT", "RemoveFromVersionId": v1, **target}
        assert refusal(update, **parameters) == wrong
    assert stages(secretsmanager, "app") == before


def test_current_is_never_lost(secretsmanager: Any, versions: dict[str, str]) -> None:
    """AWSCURRENT moves, but is not taken away."""
    code, _ = refusal(
        secretsmanager.update_secret_version_stage,
        SecretId="app",
        VersionStage="AWSCURRENT",
        RemoveFromVersionId=versions["v2"],
    )
    assert code == "InvalidParameterException"
    assert secretsmanager.get_secret_value(SecretId="app")["SecretString"] == "2"


def test_a_move_to_where_the_label_is_changes_nothing(secretsmanager: Any, versions: dict[str, str]) -> None:
    """It succeeds; neither AWSPREVIOUS nor the date of the change moves."""
    before = secretsmanager.describe_secret(SecretId="app")
    v2 = versions["v2"]
    for more in ({}, {"RemoveFromVersionId": v2}):
        secretsmanager.update_secret_version_stage(
            SecretId="app", VersionStage="AWSCURRENT", MoveToVersionId=v2, **more
        )
    after = secretsmanager.describe_secret(SecretId="app")
    assert after["VersionIdsToStages"] == before["VersionIdsToStages"]
    assert after["LastChangedDate"] == before["LastChangedDate"]


def test_errors_have_their_texts(secretsmanager: Any, versions: dict[str, str]) -> None:
    """Absent secrets and versions, no version at all, too many labels, a secret marked for deletion."""
    update = secretsmanager.update_secret_version_stage
    unknown = new_token()
    assert refusal(update, SecretId="absent", VersionStage="x", MoveToVersionId=unknown) == NOT_FOUND
    assert refusal(update, SecretId="not a name", VersionStage="x", MoveToVersionId=unknown) == INVALID_NAME
    assert refusal(update, SecretId="app", VersionStage="x", MoveToVersionId=unknown) == (
        "ResourceNotFoundException",
        f"Secrets Manager can't find the specified secret value for VersionId: {unknown}",
    )
    assert refusal(update, SecretId="app", VersionStage="x")[0] == "InvalidParameterException"
    removal = refusal(update, SecretId="app", VersionStage="x", RemoveFromVersionId=versions["v1"])
    assert removal[0] == "InvalidParameterException"
    for number in range(18):
        update(SecretId="app", VersionStage=f"l{number}", MoveToVersionId=versions["v1"])
    full = refusal(update, SecretId="app", VersionStage="one more", MoveToVersionId=versions["v1"])
    assert full[0] == "LimitExceededException"
    secretsmanager.delete_secret(SecretId="app")
    marked = refusal(update, SecretId="app", VersionStage="x", MoveToVersionId=versions["v1"])
    assert marked == MARKED


def test_p11_a_version_of_another_secret_is_no_target(secretsmanager: Any, versions: dict[str, str]) -> None:
    """Version ids are looked up in the secret that the decision was about."""
    other = secretsmanager.create_secret(Name="other", SecretString="x")["VersionId"]
    update = secretsmanager.update_secret_version_stage
    code, _ = refusal(update, SecretId="app", VersionStage="x", MoveToVersionId=other)
    assert code == "ResourceNotFoundException"


def test_the_label_is_a_condition(
    server: Server, account: Account, secretsmanager: Any, versions: dict[str, str]
) -> None:
    """A principal may be allowed to move one label only."""
    condition = {"StringEquals": {"secretsmanager:VersionStage": "blue"}}
    client = limited_client(server, account, allow("UpdateSecretVersionStage", condition=condition))
    update = client.update_secret_version_stage
    v1 = versions["v1"]
    assert update(SecretId="app", VersionStage="blue", MoveToVersionId=v1)["Name"] == "app"
    denied = refusal(update, SecretId="app", VersionStage="green", MoveToVersionId=v1)
    assert denied[0] == "AccessDeniedException"
    absent = refusal(update, SecretId="gone", VersionStage="green", MoveToVersionId=v1)
    assert denied == (absent[0], absent[1].replace("gone", "app"))


def test_l02_the_record_shows_the_move(server: Server, secretsmanager: Any, versions: dict[str, str]) -> None:
    """One record with the parameters as sent and the ARN and name of the answer."""
    moved = secretsmanager.update_secret_version_stage(
        SecretId="app", VersionStage="blue", MoveToVersionId=versions["v1"]
    )
    record = the_record(server, moved)
    assert record["requestParameters"] == {
        "secretId": "app",
        "versionStage": "blue",
        "moveToVersionId": versions["v1"],
    }
    assert record["responseElements"] == {"arn": moved["ARN"], "name": "app"}
