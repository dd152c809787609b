"""What an account says of itself: aliases, summary, last uses, credential report."""

from __future__ import annotations

import csv
import io
import time
from typing import Any

from tests.services.iam.answers import new_key, only_record, policy, refusal
from tests.support.authenticator import Authenticator


def wait_for_use(iam: Any, access_key_id: str, service: str) -> dict[str, Any]:
    """Read the last use until it names a service: marks are committed behind the request that they mark."""
    deadline = time.monotonic() + 30
    while True:
        found = iam.get_access_key_last_used(AccessKeyId=access_key_id)
        if found["AccessKeyLastUsed"]["ServiceName"] == service:
            return dict(found)
        assert time.monotonic() < deadline, found


def test_an_account_has_one_alias_that_no_other_has(iam: Any, server: Any) -> None:
    """A new one replaces it; another account may take it when it is free."""
    name = f"ours-{time.time_ns()}"
    assert iam.list_account_aliases()["AccountAliases"] == []
    answer = iam.create_account_alias(AccountAlias=name)
    assert only_record(server, answer)["requestParameters"] == {"accountAlias": name}
    iam.create_account_alias(AccountAlias=name)
    found = iam.list_account_aliases()
    assert (found["AccountAliases"], found["IsTruncated"]) == ([name], False)
    other = server.client("iam", server.new_account())
    taken = (409, "EntityAlreadyExists", f"The account alias {name} already exists.")
    assert refusal(other.create_account_alias, AccountAlias=name) == taken
    iam.create_account_alias(AccountAlias=f"{name}-2")
    assert iam.list_account_aliases()["AccountAliases"] == [f"{name}-2"]
    other.create_account_alias(AccountAlias=name)
    gone = (404, "NoSuchEntity", f"The account alias {name} cannot be found.")
    assert refusal(iam.delete_account_alias, AccountAlias=name) == gone
    iam.delete_account_alias(AccountAlias=f"{name}-2")
    assert iam.list_account_aliases()["AccountAliases"] == []
    for wrong in ("UPPER", "a--b", "-ab", "ab-"):
        assert refusal(iam.create_account_alias, AccountAlias=wrong)[:2] == (400, "ValidationError")
    assert refusal(iam.list_account_aliases, Marker="x")[1] == "ValidationError"


def test_the_summary_counts_what_is_there(iam: Any) -> None:
    """Counts follow every change; quotas are AWS's."""
    before = iam.get_account_summary()["SummaryMap"]
    assert (before["Users"], before["UsersQuota"], before["Groups"], before["MFADevices"]) == (1, 5000, 0, 0)
    iam.create_user(UserName="alice")
    iam.create_group(GroupName="g")
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="d")["VirtualMFADevice"]
    iam.create_virtual_mfa_device(VirtualMFADeviceName="e")
    codes = Authenticator(device["Base32StringSeed"]).pair(time.time())
    iam.enable_mfa_device(UserName="alice", SerialNumber=device["SerialNumber"], **codes)
    iam.create_policy(PolicyName="p", PolicyDocument=policy("s3:*"))
    after = iam.get_account_summary()["SummaryMap"]
    expected = {"Users": 2, "Groups": 1, "MFADevices": 2, "MFADevicesInUse": 1, "Policies": 1}
    assert {name: after[name] for name in expected} == expected
    assert after["GroupPolicySizeQuota"] == 5120
    assert after["AccountMFAEnabled"] == after["ServerCertificates"] == 0


def test_the_last_use_of_a_key_is_known(iam: Any, server: Any) -> None:
    """Not before the first request; then service, Region and date of it."""
    iam.create_user(UserName="Alice")
    key = new_key(iam, "Alice")
    unused = iam.get_access_key_last_used(AccessKeyId=key.access_key_id)
    assert unused["UserName"] == "Alice"
    assert unused["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    started = time.time()
    server.client("sts", key=key).get_caller_identity()
    used = wait_for_use(iam, key.access_key_id, "sts")["AccessKeyLastUsed"]
    assert used["Region"] == "us-east-1"
    assert started - 2 < used["LastUsedDate"].timestamp() < time.time() + 2


def test_a_use_is_marked_once_an_hour_and_when_the_service_changes(moved_server: Any) -> None:
    """Another service is marked after a minute, the same use after an hour."""
    iam = moved_server.client("iam")
    iam.create_user(UserName="alice")
    key = new_key(iam, "alice")
    moved_server.client("sts", key=key).get_caller_identity()
    first = wait_for_use(iam, key.access_key_id, "sts")["AccessKeyLastUsed"]["LastUsedDate"]
    moved_server.advance(seconds=3_000)
    moved_server.client("sts", key=key).get_caller_identity()
    assert wait_for_use(iam, key.access_key_id, "sts")["AccessKeyLastUsed"]["LastUsedDate"] == first
    refusal(moved_server.client("iam", key=key).list_users)
    second = wait_for_use(iam, key.access_key_id, "iam")["AccessKeyLastUsed"]["LastUsedDate"]
    assert (second - first).total_seconds() >= 3_000
    moved_server.client("sts", key=key).get_caller_identity()  # within a minute of the last mark
    moved_server.advance(seconds=4_000)
    refusal(moved_server.client("iam", key=key).list_users)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        third = wait_for_use(iam, key.access_key_id, "iam")["AccessKeyLastUsed"]["LastUsedDate"]
        if third > second:
            break
    assert (third - second).total_seconds() >= 4_000


def test_p09_a_key_of_nobody_is_refused_in_awss_words_and_looks_like_any_without_rights(
    iam: Any, server: Any, account: Any
) -> None:
    """With rights the recorded text; without them the same text for keys that exist and keys that do not."""
    me = f"arn:aws:iam::{account.account_id}:user"
    theirs = server.new_account().access_key_id
    for absent in ("AKIA" + "A" * 16, theirs):
        assert refusal(iam.get_access_key_last_used, AccessKeyId=absent) == (
            403,
            "AccessDenied",
            f"User: {me}/admin is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key "
            f"{absent}",
        )
    iam.create_user(UserName="caller")
    caller = server.client("iam", key=new_key(iam, "caller"))
    for key_id in ("AKIA" + "A" * 16, theirs, account.access_key_id):
        status, code, text = refusal(caller.get_access_key_last_used, AccessKeyId=key_id)
        assert (status, code) == (403, "AccessDenied")
        assert text == (
            f"User: {me}/caller is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key "
            f"{key_id} because no identity-based policy allows the iam:GetAccessKeyLastUsed action"
        )


def test_the_credential_report_lists_every_user(iam: Any, server: Any, account: Any) -> None:
    """Root first, then users by name, with AWS's columns and literals."""
    assert refusal(iam.get_credential_report)[:2] == (410, "ReportNotPresent")
    iam.update_account_password_policy(MaxPasswordAge=30)
    iam.create_user(UserName="a,b=c")
    iam.create_login_profile(UserName="a,b=c", Password="Correct-h0rse")
    key = new_key(iam, "a,b=c")
    server.client("sts", key=key).get_caller_identity()
    wait_for_use(iam, key.access_key_id, "sts")
    second = new_key(iam, "a,b=c")
    iam.update_access_key(UserName="a,b=c", AccessKeyId=second.access_key_id, Status="Inactive")
    assert iam.generate_credential_report()["State"] == "STARTED"
    again = iam.generate_credential_report()
    assert again["State"] == "COMPLETE"
    assert "Description" not in again
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    rows = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert [row["user"] for row in rows] == ["<root_account>", "a,b=c", "admin"]
    assert list(rows[0])[:8] == [
        "user",
        "arn",
        "user_creation_time",
        "password_enabled",
        "password_last_used",
        "password_last_changed",
        "password_next_rotation",
        "mfa_active",
    ]
    assert len(rows[0]) == 22
    root, user, admin = rows
    assert root["arn"] == f"arn:aws:iam::{account.account_id}:root"
    assert (root["password_enabled"], root["access_key_1_active"]) == ("not_supported", "false")
    assert (user["password_enabled"], user["password_last_used"]) == ("true", "no_information")
    assert user["password_next_rotation"] > user["password_last_changed"]
    assert (user["access_key_1_active"], user["access_key_1_last_used_service"]) == ("true", "sts")
    assert user["access_key_1_last_used_region"] == "us-east-1"
    assert (user["access_key_2_active"], user["access_key_2_last_used_date"]) == ("false", "N/A")
    assert (admin["password_enabled"], admin["password_last_changed"]) == ("false", "N/A")
    assert (admin["cert_1_active"], admin["cert_2_last_rotated"]) == ("false", "N/A")


def test_a_credential_report_is_shown_for_four_hours_and_made_anew_then(moved_server: Any) -> None:
    """Not earlier."""
    iam = moved_server.client("iam")
    iam.generate_credential_report()
    first = iam.get_credential_report()["GeneratedTime"]
    moved_server.advance(hours=3.9)
    assert iam.generate_credential_report()["State"] == "COMPLETE"
    assert iam.get_credential_report()["GeneratedTime"] == first
    moved_server.advance(hours=0.2)
    assert refusal(iam.get_credential_report)[:2] == (410, "ReportExpired")
    assert iam.generate_credential_report()["State"] == "STARTED"
    assert iam.get_credential_report()["GeneratedTime"] > first
