"""GetAccountAuthorizationDetails, as a client sees it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.iam.answers import only_record, policy, refusal

READ_ONLY = "arn:aws:iam::aws:policy/AdministratorAccess"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
)


@pytest.fixture
def filled(iam: Any) -> str:
    """An account with one of everything; the ARN of its managed policy."""
    arn: str = iam.create_policy(PolicyName="own", PolicyDocument=policy("s3:*"), Description="d")["Policy"][
        "Arn"
    ]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("s3:Get*"), SetAsDefault=True)
    iam.create_group(GroupName="g")
    iam.put_group_policy(GroupName="g", PolicyName="gp", PolicyDocument=policy("kms:*"))
    iam.attach_group_policy(GroupName="g", PolicyArn=arn)
    iam.create_user(UserName="alice", PermissionsBoundary=arn, Tags=[{"Key": "k", "Value": "v"}])
    iam.put_user_policy(UserName="alice", PolicyName="up", PolicyDocument=policy("sts:*"))
    iam.add_user_to_group(GroupName="g", UserName="alice")
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="r", PolicyName="rp", PolicyDocument=policy("iam:*"))
    iam.create_instance_profile(InstanceProfileName="p")
    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="r")
    return arn


def test_everything_that_decides_is_there(iam: Any, server: Any, filled: str) -> None:
    """Users, groups, roles, managed policies with the text of every version; AWS's when they are in use."""
    found = iam.get_account_authorization_details()
    assert found["IsTruncated"] is False
    alice = next(each for each in found["UserDetailList"] if each["UserName"] == "alice")
    assert [each["UserName"] for each in found["UserDetailList"]] == ["admin", "alice"]
    assert alice["GroupList"] == ["g"]
    assert alice["PermissionsBoundary"]["PermissionsBoundaryArn"] == filled
    assert alice["Tags"] == [{"Key": "k", "Value": "v"}]
    [inline] = alice["UserPolicyList"]
    assert (inline["PolicyName"], inline["PolicyDocument"]) == ("up", json.loads(policy("sts:*")))
    [group] = found["GroupDetailList"]
    assert group["AttachedManagedPolicies"] == [{"PolicyName": "own", "PolicyArn": filled}]
    assert [each["PolicyName"] for each in group["GroupPolicyList"]] == ["gp"]
    [role] = found["RoleDetailList"]
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert [each["InstanceProfileName"] for each in role["InstanceProfileList"]] == ["p"]
    assert (role["RoleLastUsed"], [each["PolicyName"] for each in role["RolePolicyList"]]) == ({}, ["rp"])
    own, aws = found["Policies"]
    assert (own["Arn"], own["Description"], own["DefaultVersionId"]) == (filled, "d", "v2")
    assert (own["AttachmentCount"], own["PermissionsBoundaryUsageCount"]) == (1, 1)
    versions = [(each["VersionId"], each["IsDefaultVersion"]) for each in own["PolicyVersionList"]]
    assert versions == [("v2", True), ("v1", False)]
    assert own["PolicyVersionList"][1]["Document"] == json.loads(policy("s3:*"))
    assert (aws["Arn"], aws["AttachmentCount"]) == (READ_ONLY, 1)
    assert only_record(server, found)["requestParameters"] is None


def test_a_filter_chooses_kinds(iam: Any, server: Any, filled: str) -> None:
    """And is recorded."""
    found = iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
    assert (found["UserDetailList"], found["GroupDetailList"]) == ([], [])
    assert ([each["RoleName"] for each in found["RoleDetailList"]], len(found["Policies"])) == (["r"], 1)
    assert only_record(server, found)["requestParameters"] == {"filter": ["Role", "LocalManagedPolicy"]}
    assert refusal(iam.get_account_authorization_details, Filter=["Nobody"])[1] == "ValidationError"


def test_pages_end_anywhere_and_go_on_there(iam: Any, filled: str) -> None:
    """One thing a page gives what one page gives; a marker belongs to its filter."""
    whole = iam.get_account_authorization_details()
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    collected: dict[str, list[Any]] = {name: [] for name in lists}
    marker: dict[str, str] = {}
    for _ in range(20):
        page = iam.get_account_authorization_details(MaxItems=1, **marker)
        for name in lists:
            collected[name] += page[name]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert collected == {name: whole[name] for name in lists}
    wrong = refusal(iam.get_account_authorization_details, Filter=["User"], **marker)
    assert wrong == (400, "ValidationError", "Invalid Marker.")
