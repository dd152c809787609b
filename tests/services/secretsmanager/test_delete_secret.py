"""DeleteSecret over the wire, and the removal at the end of the recovery window."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from strongroom.clock import render_text
from tests.services.secretsmanager.answers import (
    INVALID_NAME,
    MARKED,
    NOT_FOUND,
    allow,
    events_of,
    limited_client,
    plain,
    refusal,
    share,
    the_record,
)
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server

START, END = "StartSecretVersionDelete", "EndSecretVersionDelete"


def test_the_window_is_thirty_days_unless_given(moved_server: MovedServer) -> None:
    """DeletionDate is the time of the request and the window."""
    client = moved_server.client("secretsmanager")
    moved_server.set_time("2030-01-01T12:00:00+00:00")
    for name, window, date in (
        ("default", {}, datetime(2030, 1, 31, 12, tzinfo=UTC)),
        ("short", {"RecoveryWindowInDays": 7}, datetime(2030, 1, 8, 12, tzinfo=UTC)),
        (
            "both",
            {"RecoveryWindowInDays": 30, "ForceDeleteWithoutRecovery": False},
            datetime(2030, 1, 31, 12, tzinfo=UTC),
        ),
    ):
        made = client.create_secret(Name=name, SecretString="x")
        deleted = plain(client.delete_secret(SecretId=name, **window))
        assert abs((deleted.pop("DeletionDate") - date).total_seconds()) < 60
        assert deleted == {"ARN": made["ARN"], "Name": name}


@pytest.mark.parametrize("days", [0, 6, 31, -1, 2**62])
def test_other_windows_are_refused(secretsmanager: Any, days: int) -> None:
    """Seven to thirty days."""
    secretsmanager.create_secret(Name="app")
    assert refusal(secretsmanager.delete_secret, SecretId="app", RecoveryWindowInDays=days) == (
        "InvalidParameterException",
        "The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).",
    )
    assert "DeletedDate" not in secretsmanager.describe_secret(SecretId="app")


def test_force_and_window_exclude_each_other(secretsmanager: Any) -> None:
    """Nothing is deleted."""
    secretsmanager.create_secret(Name="app")
    both = {"RecoveryWindowInDays": 7, "ForceDeleteWithoutRecovery": True}
    assert refusal(secretsmanager.delete_secret, SecretId="app", **both) == (
        "InvalidParameterException",
        "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.",
    )
    assert secretsmanager.describe_secret(SecretId="app")["Name"] == "app"


def test_what_waits_for_deletion_can_be_described_and_listed_only(secretsmanager: Any) -> None:
    """Describe and ListSecretVersionIds work, with the date; a second plain delete does not."""
    made = secretsmanager.create_secret(Name="app", SecretString="x")
    before = secretsmanager.describe_secret(SecretId="app")["LastChangedDate"]
    secretsmanager.delete_secret(SecretId="app")
    found = secretsmanager.describe_secret(SecretId="app")
    assert found["DeletedDate"] == found["LastChangedDate"] > before
    listed = secretsmanager.list_secret_version_ids(SecretId=made["ARN"])["Versions"]
    assert [version["VersionId"] for version in listed] == [made["VersionId"]]
    assert refusal(secretsmanager.delete_secret, SecretId="app") == MARKED


def test_force_frees_the_name_at_once(secretsmanager: Any) -> None:
    """Nothing of the secret is found any more, by any name; a new one starts empty."""
    made = secretsmanager.create_secret(Name="app", SecretString="x", Description="d")
    deleted = secretsmanager.delete_secret(SecretId="app", ForceDeleteWithoutRecovery=True)
    assert deleted["ARN"] == made["ARN"]
    age = datetime.now(UTC) - deleted["DeletionDate"]
    assert abs(age.total_seconds()) < 60
    for secret_id in ("app", made["ARN"]):
        assert refusal(secretsmanager.describe_secret, SecretId=secret_id) == NOT_FOUND
        assert refusal(secretsmanager.get_secret_value, SecretId=secret_id) == NOT_FOUND
        assert refusal(secretsmanager.restore_secret, SecretId=secret_id) == NOT_FOUND
    secretsmanager.create_secret(Name="app")
    assert "Description" not in secretsmanager.describe_secret(SecretId="app")


def test_force_ends_a_recovery_window(secretsmanager: Any) -> None:
    """A secret that waits for its deletion can be removed at once (recorded)."""
    secretsmanager.create_secret(Name="app", SecretString="x")
    secretsmanager.delete_secret(SecretId="app")
    secretsmanager.delete_secret(SecretId="app", ForceDeleteWithoutRecovery=True)
    assert refusal(secretsmanager.describe_secret, SecretId="app") == NOT_FOUND


def test_force_succeeds_for_what_does_not_exist(account: Account, secretsmanager: Any) -> None:
    """Name as sent, an ARN, and a date (recorded); without force it is not found."""
    deleted = secretsmanager.delete_secret(SecretId="never", ForceDeleteWithoutRecovery=True)
    assert deleted["Name"] == "never"
    pattern = rf"arn:aws:secretsmanager:us-east-1:{account.account_id}:secret:never-[A-Za-z0-9]{{6}}"
    assert re.fullmatch(pattern, deleted["ARN"])
    assert "DeletionDate" in deleted
    again = secretsmanager.delete_secret(SecretId=deleted["ARN"], ForceDeleteWithoutRecovery=True)
    assert (again["ARN"], again["Name"]) == (deleted["ARN"], deleted["ARN"])
    assert refusal(secretsmanager.delete_secret, SecretId="never") == NOT_FOUND
    force = {"ForceDeleteWithoutRecovery": True}
    assert refusal(secretsmanager.delete_secret, SecretId="not a name", **force) == INVALID_NAME


def test_the_data_goes_after_the_window_and_not_before(moved_server: MovedServer) -> None:
    """The deletion worker removes it; until then it can be restored."""
    client = moved_server.client("secretsmanager")
    client.create_secret(Name="app", SecretString="x")
    client.create_secret(Name="kept", SecretString="x")
    client.delete_secret(SecretId="app", RecoveryWindowInDays=7)
    client.delete_secret(SecretId="kept", RecoveryWindowInDays=8)
    moved_server.advance(days=6, hours=23)
    moved_server.run_background()
    assert "DeletedDate" in client.describe_secret(SecretId="app")
    moved_server.advance(hours=2)
    moved_server.run_background()
    assert refusal(client.describe_secret, SecretId="app") == NOT_FOUND
    assert client.create_secret(Name="app", SecretString="new")["Name"] == "app"
    client.restore_secret(SecretId="kept")
    moved_server.advance(days=60)
    moved_server.run_background()
    assert client.get_secret_value(SecretId="kept")["SecretString"] == "x"


def test_a_restart_forgets_no_deadline(moved_server: MovedServer) -> None:
    """What became due while the server was down goes when it is up again."""
    moved_server.client("secretsmanager").create_secret(Name="app", SecretString="x")
    moved_server.client("secretsmanager").delete_secret(SecretId="app", RecoveryWindowInDays=7)
    moved_server.stop()
    moved_server.advance(days=8)
    moved_server.start()
    moved_server.run_background()
    client = moved_server.client("secretsmanager")
    assert refusal(client.describe_secret, SecretId="app") == NOT_FOUND


def test_each_version_has_its_service_events(moved_server: MovedServer) -> None:
    """Started when marked, ended when removed; both at once with force; only ended when it was marked."""
    client = moved_server.client("secretsmanager")
    first = client.create_secret(Name="app", SecretString="1")["VersionId"]
    second = client.put_secret_value(SecretId="app", SecretString="2")["VersionId"]
    deleted = client.delete_secret(SecretId="app", RecoveryWindowInDays=7)
    account = moved_server.first
    assert events_of(moved_server, account, START, END) == [(START, first), (START, second)]
    assert the_record(moved_server, deleted)["eventName"] == "DeleteSecret"
    moved_server.advance(days=8)
    moved_server.run_background()
    assert events_of(moved_server, account, END) == [(END, first), (END, second)]

    third = client.create_secret(Name="now", SecretString="3")["VersionId"]
    client.delete_secret(SecretId="now", ForceDeleteWithoutRecovery=True)
    fourth = client.create_secret(Name="now", SecretString="4")["VersionId"]
    client.delete_secret(SecretId="now")
    client.delete_secret(SecretId="now", ForceDeleteWithoutRecovery=True)
    events = events_of(moved_server, account, START, END)
    for version in (third, fourth):
        assert [name for name, of in events if of == version] == [START, END]


def test_another_account_may_delete_and_restore(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """Neither touches the value (recorded)."""
    arn = secretsmanager.create_secret(Name="shared", SecretString="x")["ARN"]
    other = server.new_account()
    share(secretsmanager, "shared", other.account_id)
    client = server.client("secretsmanager", other)
    assert client.delete_secret(SecretId=arn)["Name"] == "shared"
    assert client.restore_secret(SecretId=arn)["Name"] == "shared"


def test_conditions_see_force_and_window(server: Server, account: Account, secretsmanager: Any) -> None:
    """A principal may be kept from deleting at once, or in less than two weeks."""
    secretsmanager.create_secret(Name="app")
    careful = limited_client(
        server,
        account,
        allow(
            "DeleteSecret", condition={"BoolIfExists": {"secretsmanager:ForceDeleteWithoutRecovery": "false"}}
        ),
    )
    force = {"ForceDeleteWithoutRecovery": True}
    assert refusal(careful.delete_secret, SecretId="app", **force)[0] == "AccessDeniedException"
    slow = limited_client(
        server,
        account,
        allow(
            "DeleteSecret",
            condition={"NumericGreaterThanEquals": {"secretsmanager:RecoveryWindowInDays": "14"}},
        ),
    )
    assert refusal(slow.delete_secret, SecretId="app")[0] == "AccessDeniedException"
    short = refusal(slow.delete_secret, SecretId="app", RecoveryWindowInDays=13)
    assert short[0] == "AccessDeniedException"
    assert slow.delete_secret(SecretId="app", RecoveryWindowInDays=14)["Name"] == "app"
    secretsmanager.restore_secret(SecretId="app")
    assert careful.delete_secret(SecretId="app")["Name"] == "app"


def test_p09_force_tells_nothing_to_who_may_not_delete(
    server: Server, account: Account, secretsmanager: Any
) -> None:
    """The success for absent secrets is only for those who may delete them."""
    nobody = limited_client(server, account, allow("ListSecrets"))
    secretsmanager.create_secret(Name="there")
    for force in (True, False):
        there = refusal(nobody.delete_secret, SecretId="there", ForceDeleteWithoutRecovery=force)
        absent = refusal(nobody.delete_secret, SecretId="nowhere", ForceDeleteWithoutRecovery=force)
        assert there[0] == "AccessDeniedException"
        assert there == (absent[0], absent[1].replace("nowhere", "there"))


def test_l02_the_record_shows_the_date_as_a_text(server: Server, secretsmanager: Any) -> None:
    """Parameters as sent; ARN, name and date of the answer."""
    secretsmanager.create_secret(Name="app", SecretString="x")
    deleted = secretsmanager.delete_secret(SecretId="app", RecoveryWindowInDays=9)
    record = the_record(server, deleted)
    assert record["requestParameters"] == {"secretId": "app", "recoveryWindowInDays": 9}
    date = render_text(round(deleted["DeletionDate"].timestamp() * 1000))
    assert record["responseElements"] == {"arn": deleted["ARN"], "name": "app", "deletionDate": date}
    forced = secretsmanager.delete_secret(SecretId="app", ForceDeleteWithoutRecovery=True)
    assert the_record(server, forced)["requestParameters"] == {
        "secretId": "app",
        "forceDeleteWithoutRecovery": True,
    }


def test_dates_are_written_as_cloudtrail_writes_them() -> None:
    """Month, day without zero, twelve hours."""
    assert render_text(1_660_171_107_000) == "Aug 10, 2022, 10:38:27 PM"
    assert render_text(0) == "Jan 1, 1970, 12:00:00 AM"
    assert render_text(43_200_000) == "Jan 1, 1970, 12:00:00 PM"
