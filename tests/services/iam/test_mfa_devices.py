"""Virtual MFA devices, as a client sees them."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found
from tests.support.authenticator import Authenticator

INVALID_CODE = (403, "InvalidAuthenticationCode", "Authentication code for device is not valid.")


def not_found(serial: str) -> tuple[int, str, str]:
    """Word the refusal of a device that is not there, or not the user's."""
    return 404, "NoSuchEntity", f"VirtualMFADevice with serial number {serial} doesn't exist."


def make(iam: Any, name: str = "phone") -> tuple[str, Authenticator]:
    """Make a device; return its serial number and the app that has its seed."""
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName=name)["VirtualMFADevice"]
    return made["SerialNumber"], Authenticator(made["Base32StringSeed"])


@pytest.fixture
def alice(iam: Any) -> str:
    """A user without devices."""
    iam.create_user(UserName="Alice")
    return "alice"


def test_a_device_is_made_with_a_seed_and_a_picture_that_are_not_recorded(
    iam: Any, server: Any, account: Any
) -> None:
    """64 characters of base32, a PNG; the answer is not to be kept by anybody on the way."""
    answer = iam.create_virtual_mfa_device(
        VirtualMFADeviceName="phone", Path="/ops/", Tags=[{"Key": "a", "Value": "1"}]
    )
    device = answer["VirtualMFADevice"]
    assert device["SerialNumber"] == f"arn:aws:iam::{account.account_id}:mfa/ops/phone"
    assert len(base64.b32decode(device["Base32StringSeed"])) == 40
    assert device["QRCodePNG"].startswith(b"\x89PNG\r\n\x1a\n")
    assert device["Tags"] == [{"Key": "a", "Value": "1"}]
    assert answer["ResponseMetadata"]["HTTPHeaders"]["cache-control"] == "no-store"
    record = only_record(server, answer)
    assert record["requestParameters"] == {
        "path": "/ops/",
        "virtualMFADeviceName": "phone",
        "tags": [{"key": "a", "value": "1"}],
    }
    assert record["responseElements"] == {"virtualMFADevice": {"serialNumber": device["SerialNumber"]}}
    assert device["Base32StringSeed"].decode() not in json.dumps(record)
    assert refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="PHONE", Path="/ops/") == (
        409,
        "EntityAlreadyExists",
        "MFADevice entity at the same path and name already exists.",
    )
    listed = iam.list_virtual_mfa_devices()["VirtualMFADevices"]
    assert listed == [{"SerialNumber": device["SerialNumber"]}]


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"VirtualMFADeviceName": "a/b"}, "ValidationError"),
        ({"VirtualMFADeviceName": "x" * 300}, "InvalidInput"),
        ({"VirtualMFADeviceName": "x", "Path": "nowhere"}, "ValidationError"),
        ({"VirtualMFADeviceName": "x", "Tags": [{"Key": "aws:x", "Value": "1"}]}, "InvalidInput"),
    ],
)
def test_a_device_that_cannot_be_is_refused(iam: Any, members: dict[str, Any], code: str) -> None:
    """Nothing is made."""
    assert refusal(iam.create_virtual_mfa_device, **members)[:2] == (400, code)
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []


def test_a_user_gets_a_device_by_two_codes_and_gives_it_back(iam: Any, server: Any, alice: str) -> None:
    """Enabled, listed from both sides, in nobody else's reach, deactivated, deleted."""
    serial, app = make(iam)
    asked = {"UserName": alice, "SerialNumber": serial}
    assert refusal(iam.enable_mfa_device, **asked, **_swapped(app)) == INVALID_CODE
    assert iam.list_mfa_devices(UserName=alice)["MFADevices"] == []
    answer = iam.enable_mfa_device(**asked, **app.pair(time.time()))
    record = only_record(server, answer)
    assert record["requestParameters"] == {"userName": alice, "serialNumber": serial}
    [shown] = iam.list_mfa_devices(UserName=alice)["MFADevices"]
    assert (shown["UserName"], shown["SerialNumber"]) == ("Alice", serial)
    found = iam.get_mfa_device(UserName=alice, SerialNumber=serial)
    assert (found["UserName"], found["SerialNumber"], found["EnableDate"]) == (
        "Alice",
        serial,
        shown["EnableDate"],
    )
    [listed] = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert (listed["User"]["UserName"], listed["EnableDate"]) == ("Alice", shown["EnableDate"])
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"] == []
    in_use = (409, "EntityAlreadyExists", "MFA Device is already in use.")
    assert refusal(iam.enable_mfa_device, **asked, **app.pair(time.time() + 90)) == in_use
    assert refusal(iam.deactivate_mfa_device, UserName="admin", SerialNumber=serial) == not_found(serial)
    assert refusal(iam.get_mfa_device, UserName="admin", SerialNumber=serial) == not_found(serial)
    conflict = (409, "DeleteConflict")
    text = "MFA VirtualDevice in use. Must deactivate first."
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=serial) == (*conflict, text)
    text = "Cannot delete entity, must delete MFA device first."
    assert refusal(iam.delete_user, UserName=alice) == (*conflict, text)
    iam.deactivate_mfa_device(**asked)
    assert iam.list_mfa_devices(UserName=alice)["MFADevices"] == []
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=serial) == not_found(serial)
    iam.delete_user(UserName=alice)


def _swapped(app: Authenticator) -> dict[str, str]:
    codes = app.pair(time.time())
    return {
        "AuthenticationCode1": codes["AuthenticationCode2"],
        "AuthenticationCode2": codes["AuthenticationCode1"],
    }


def test_w03_codes_that_were_used_do_not_synchronise_a_device_again(iam: Any, alice: str) -> None:
    """ResyncMFADevice wants two later ones, perhaps of a clock that is far off."""
    serial, app = make(iam)
    now = time.time()
    asked = {"UserName": alice, "SerialNumber": serial}
    iam.enable_mfa_device(**asked, **app.pair(now))
    assert refusal(iam.resync_mfa_device, **asked, **app.pair(now)) == INVALID_CODE
    assert refusal(iam.resync_mfa_device, **asked, **app.pair(now + 30)) == INVALID_CODE
    iam.resync_mfa_device(**asked, **app.pair(now + 600))
    assert refusal(iam.resync_mfa_device, **asked, **app.pair(now + 600)) == INVALID_CODE
    other = {**asked, "UserName": "admin"}
    assert refusal(iam.resync_mfa_device, **other, **app.pair(now + 900)) == not_found(serial)


def test_w03_who_guesses_is_held_up(iam: Any, alice: str) -> None:
    """After five wrong pairs even the right one is refused for a while."""
    serial, app = make(iam)
    asked = {"UserName": alice, "SerialNumber": serial}
    wrong = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000000"}
    for _ in range(6):
        assert refusal(iam.enable_mfa_device, **asked, **wrong) == INVALID_CODE
    assert refusal(iam.enable_mfa_device, **asked, **app.pair(time.time())) == INVALID_CODE


def test_a_user_has_at_most_eight_devices(iam: Any, alice: str) -> None:
    """The quota is that of AWS; pages go on behind the last serial number."""
    for number in range(8):
        serial, app = make(iam, f"d{number}")
        iam.enable_mfa_device(UserName=alice, SerialNumber=serial, **app.pair(time.time()))
    serial, app = make(iam, "d9")
    asked = {"UserName": alice, "SerialNumber": serial}
    assert refusal(iam.enable_mfa_device, **asked, **app.pair(time.time())) == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for MFADevicesPerUser: 8",
    )
    page = iam.list_mfa_devices(UserName=alice, MaxItems=5)
    rest = iam.list_mfa_devices(UserName=alice, Marker=page["Marker"])
    assert (len(page["MFADevices"]), len(rest["MFADevices"]), rest["IsTruncated"]) == (5, 3, False)
    page = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned", MaxItems=1)
    assert ([each["SerialNumber"] for each in page["VirtualMFADevices"]], page["IsTruncated"]) == (
        [serial],
        False,
    )
    page = iam.list_virtual_mfa_devices(MaxItems=4)
    rest = iam.list_virtual_mfa_devices(Marker=page["Marker"])
    assert (len(page["VirtualMFADevices"]), len(rest["VirtualMFADevices"])) == (4, 5)


def test_p07_a_user_made_anew_has_no_device_of_the_former_one(iam: Any, alice: str) -> None:
    """And a renamed one keeps its own."""
    serial, app = make(iam)
    iam.enable_mfa_device(UserName=alice, SerialNumber=serial, **app.pair(time.time()))
    iam.update_user(UserName=alice, NewUserName="bob")
    iam.create_user(UserName=alice)
    assert iam.list_mfa_devices(UserName=alice)["MFADevices"] == []
    assert [each["UserName"] for each in iam.list_mfa_devices(UserName="bob")["MFADevices"]] == ["bob"]


def test_without_a_name_the_callers_own_devices_are_meant(iam: Any, server: Any, alice: str) -> None:
    """For listing, showing and deactivating."""
    iam.put_user_policy(UserName=alice, PolicyName="p", PolicyDocument=policy("iam:*"))
    own = server.client("iam", key=new_key(iam, alice))
    serial, app = make(own)
    own.enable_mfa_device(UserName="Alice", SerialNumber=serial, **app.pair(time.time()))
    assert [each["SerialNumber"] for each in own.list_mfa_devices()["MFADevices"]] == [serial]
    assert own.get_mfa_device(SerialNumber=serial)["UserName"] == "Alice"
    own.deactivate_mfa_device(SerialNumber=serial)
    assert own.list_mfa_devices()["MFADevices"] == []


def test_tags_of_a_device_are_told_apart_by_case_and_are_condition_keys(
    iam: Any, server: Any, alice: str
) -> None:
    """Unlike those of users."""
    serial, _ = make(iam)
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    found = iam.list_mfa_device_tags(SerialNumber=serial)
    assert found["Tags"] == [{"Key": "A", "Value": "2"}, {"Key": "a", "Value": "1"}]
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["A", "x"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "a", "Value": "1"}]
    document = policy("iam:DeleteVirtualMFADevice").replace(
        '"Resource"', '"Condition": {"StringEquals": {"aws:ResourceTag/a": "2"}}, "Resource"'
    )
    iam.put_user_policy(UserName=alice, PolicyName="p", PolicyDocument=document)
    caller = server.client("iam", key=new_key(iam, alice))
    assert refusal(caller.delete_virtual_mfa_device, SerialNumber=serial)[1] == "AccessDenied"
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "a", "Value": "2"}])
    caller.delete_virtual_mfa_device(SerialNumber=serial)
    calls: list[tuple[Any, dict[str, list[str]]]] = [
        (iam.tag_mfa_device, {"Tags": []}),
        (iam.untag_mfa_device, {"TagKeys": []}),
        (iam.list_mfa_device_tags, {}),
    ]
    for call, more in calls:
        assert refusal(call, SerialNumber=serial, **more) == not_found(serial)


def test_an_absent_user_is_not_found(iam: Any) -> None:
    """Before the device is looked at."""
    codes = {"AuthenticationCode1": "123456", "AuthenticationCode2": "123456"}
    calls: list[tuple[Any, dict[str, str]]] = [
        (iam.enable_mfa_device, codes),
        (iam.resync_mfa_device, codes),
        (iam.deactivate_mfa_device, {}),
        (iam.get_mfa_device, {}),
    ]
    for call, more in calls:
        assert refusal(call, UserName="nobody", SerialNumber="x" * 9, **more) == user_not_found("nobody")
    assert refusal(iam.list_mfa_devices, UserName="nobody") == user_not_found("nobody")
