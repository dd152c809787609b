"""What all operations of IAM have in common."""

from __future__ import annotations

from typing import Any

import pytest

from strongroom.services.iam import SERVICE
from strongroom.wire.describe import describe
from strongroom.wire.shapes import Shape
from tests.services.iam.answers import denied, new_key, policy, refusal

KEY_ID = "AKIA" + "A" * 16
CODES = {"SerialNumber": "x" * 9, "AuthenticationCode1": "123456", "AuthenticationCode2": "123456"}
ON_A_USER: list[tuple[str, str, dict[str, Any]]] = [
    ("GetUser", "get_user", {}),
    ("DeleteUser", "delete_user", {}),
    ("CreateAccessKey", "create_access_key", {}),
    ("ListAccessKeys", "list_access_keys", {}),
    ("UpdateAccessKey", "update_access_key", {"AccessKeyId": KEY_ID, "Status": "Inactive"}),
    ("DeleteAccessKey", "delete_access_key", {"AccessKeyId": KEY_ID}),
    ("PutUserPolicy", "put_user_policy", {"PolicyName": "p", "PolicyDocument": policy("*")}),
    ("GetUserPolicy", "get_user_policy", {"PolicyName": "p"}),
    ("ListUserPolicies", "list_user_policies", {}),
    ("DeleteUserPolicy", "delete_user_policy", {"PolicyName": "p"}),
    ("DeleteUserPermissionsBoundary", "delete_user_permissions_boundary", {}),
    ("ListGroupsForUser", "list_groups_for_user", {}),
    ("ListUserTags", "list_user_tags", {}),
    ("PutUserPermissionsBoundary", "put_user_permissions_boundary", {"PermissionsBoundary": "a" * 20}),
    ("DeactivateMFADevice", "deactivate_mfa_device", {"SerialNumber": "x" * 9}),
    ("EnableMFADevice", "enable_mfa_device", CODES),
    ("GetMFADevice", "get_mfa_device", {"SerialNumber": "x" * 9}),
    ("ListMFADevices", "list_mfa_devices", {}),
    ("ResyncMFADevice", "resync_mfa_device", CODES),
    ("CreateLoginProfile", "create_login_profile", {"Password": "Correct-h0rse"}),
    ("DeleteLoginProfile", "delete_login_profile", {}),
    ("GetLoginProfile", "get_login_profile", {}),
    ("UpdateLoginProfile", "update_login_profile", {"Password": "Correct-h0rse"}),
    ("TagUser", "tag_user", {"Tags": [{"Key": "k", "Value": "v"}]}),
    ("UntagUser", "untag_user", {"TagKeys": ["k"]}),
    ("UpdateUser", "update_user", {"NewUserName": "other"}),
    ("AttachUserPolicy", "attach_user_policy", {"PolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}),
    ("DetachUserPolicy", "detach_user_policy", {"PolicyArn": "arn:aws:iam::aws:policy/PowerUserAccess"}),
    ("ListAttachedUserPolicies", "list_attached_user_policies", {}),
]


def test_the_table_of_this_test_is_complete() -> None:
    """An operation on users that is added must be added here."""
    shapes: dict[str, type[Shape]] = {operation.name: operation.request for operation in SERVICE.operations}
    on_a_user = {
        name for name, shape in shapes.items() if "UserName" in {each.wire_name for each in describe(shape)}
    }
    on_a_group = {"AddUserToGroup", "RemoveUserFromGroup"}
    assert {name for name, _, _ in ON_A_USER} | on_a_group | {"CreateUser"} == on_a_user


def test_p09_existing_and_absent_users_look_the_same_without_rights(
    iam: Any, server: Any, account: Any
) -> None:
    """The refusal repeats what the caller sent and nothing else, for every operation; each is recorded once."""
    iam.create_user(UserName="caller")
    iam.create_user(UserName="Victim", Path="/hidden/", Tags=[{"Key": "a", "Value": "b"}])
    iam.put_user_policy(UserName="Victim", PolicyName="p", PolicyDocument=policy("s3:*"))
    caller = server.client("iam", key=new_key(iam, "caller"))
    me = f"arn:aws:iam::{account.account_id}:user/caller"
    for name, operation, more in ON_A_USER:
        for user in ("victim", "nobody"):
            got = refusal(getattr(caller, operation), UserName=user, **more)
            assert got == denied(me, f"iam:{name}", f"user {user}")
        records = [
            record
            for record in server.records(event_name=name, account=account)
            if record["userIdentity"]["arn"] == me
        ]
        assert [record["errorCode"] for record in records] == ["AccessDenied", "AccessDenied"]
    root = f"arn:aws:iam::{account.account_id}:user"
    assert refusal(caller.create_user, UserName="victim") == denied(me, "iam:CreateUser", f"{root}/victim")
    assert refusal(caller.list_users) == denied(me, "iam:ListUsers", f"{root}/")


def test_tags_of_a_user_are_condition_keys(iam: Any, server: Any) -> None:
    """A policy may let a caller act on users with a tag only."""
    iam.create_user(UserName="caller")
    iam.create_user(UserName="ours", Tags=[{"Key": "Team", "Value": "blue"}])
    iam.create_user(UserName="theirs", Tags=[{"Key": "Team", "Value": "red"}])
    document = policy("iam:GetUser").replace(
        '"Resource"', '"Condition": {"StringEquals": {"iam:ResourceTag/team": "blue"}}, "Resource"'
    )
    iam.put_user_policy(UserName="caller", PolicyName="p", PolicyDocument=document)
    caller = server.client("iam", key=new_key(iam, "caller"))
    assert caller.get_user(UserName="ours")["User"]["UserName"] == "ours"
    assert refusal(caller.get_user, UserName="theirs")[1] == "AccessDenied"


def test_an_operation_that_is_not_served_says_so(iam: Any) -> None:
    """The reason is that of the table; nothing pretends to work."""
    status, code, message = refusal(iam.list_saml_providers)
    assert (status, code) == (400, "UnsupportedOperationException")
    assert (
        message == f"ListSAMLProviders is not served by Strongroom: {SERVICE.unserved['ListSAMLProviders']}"
    )


def test_an_operation_that_does_not_exist_is_an_invalid_action(server: Any, account: Any) -> None:
    """The text has the name and the version."""
    answer = server.raw("iam", "MakeCoffee", {}, account=account)
    assert answer.status == 400
    assert b"<Code>InvalidAction</Code>" in answer.body
    assert b"Could not find operation MakeCoffee for version 2010-05-08" in answer.body


@pytest.mark.parametrize("region", ["eu-central-1", "us-west-2"])
def test_s06_iam_is_signed_for_its_home_region_only(server: Any, account: Any, region: str) -> None:
    """A signature for another Region does not open it."""
    answer = server.raw("iam", "GetUser", {}, account=account, region=region)
    assert answer.status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body


def test_the_answer_is_the_xml_of_the_query_protocol(server: Any, account: Any) -> None:
    """Namespace, result element and request id stand where AWS has them."""
    answer = server.raw("iam", "GetUser", {}, account=account)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/xml"
    assert answer.body.startswith(b'<GetUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">')
    assert b"<GetUserResult><User><Path>/</Path><UserName>admin</UserName>" in answer.body
    request_id = answer.headers["x-amzn-RequestId"].encode()
    assert b"<ResponseMetadata><RequestId>" + request_id + b"</RequestId>" in answer.body
