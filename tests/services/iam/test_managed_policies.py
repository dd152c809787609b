"""Managed policies, their versions and their tags, as a client sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from strongroom.policy.managed import MANAGED_POLICIES
from strongroom.services.iam.recorded import render_date
from tests.services.iam.answers import denied, new_key, only_record, policy, refusal

OF_AWS = "arn:aws:iam::aws:policy/PowerUserAccess"
DOCUMENT = policy("s3:*")


def make(iam: Any, name: str = "Read", **more: Any) -> str:
    """Make a managed policy; return its ARN."""
    made = iam.create_policy(**{"PolicyName": name, "PolicyDocument": DOCUMENT, **more})
    return str(made["Policy"]["Arn"])


def not_found(arn: str) -> tuple[int, str, str]:
    """Word the refusal of an ARN that no policy has."""
    return 404, "NoSuchEntity", f"Policy {arn} was not found."


def test_a_policy_is_made_shown_and_recorded(iam: Any, server: Any, account: Any) -> None:
    """The answer has no description; GetPolicy has it, and always tags (recorded)."""
    tags = [{"Key": "a", "Value": "2"}, {"Key": "A", "Value": "1"}]
    answer = iam.create_policy(
        PolicyName="Read", Path="/t/", PolicyDocument=DOCUMENT, Description="d", Tags=tags
    )
    made = answer["Policy"]
    assert made["Arn"] == f"arn:aws:iam::{account.account_id}:policy/t/Read"
    assert made["PolicyId"].startswith("ANPA")
    assert len(made["PolicyId"]) == 21
    assert {name: made[name] for name in made if name not in ("Arn", "PolicyId", "CreateDate", "UpdateDate")} == {
        "PolicyName": "Read",
        "Path": "/t/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 0,
        "PermissionsBoundaryUsageCount": 0,
        "IsAttachable": True,
        "Tags": [{"Key": "A", "Value": "1"}, {"Key": "a", "Value": "2"}],
    }  # fmt: skip
    assert iam.get_policy(PolicyArn=made["Arn"])["Policy"] == {**made, "Description": "d"}
    record = only_record(server, answer)
    assert record["requestParameters"] == {
        "policyName": "Read",
        "path": "/t/",
        "policyDocument": DOCUMENT,
        "description": "d",
        "tags": [{"key": "a", "value": "2"}, {"key": "A", "value": "1"}],
    }
    shown = record["responseElements"]["policy"]
    assert shown["policyId"] == made["PolicyId"]
    assert shown["createDate"] == render_date(made["CreateDate"].timestamp())
    assert shown["defaultVersionId"] == "v1"
    plain = make(iam, "plain")
    assert "Tags" not in iam.create_policy(PolicyName="other", PolicyDocument=DOCUMENT)["Policy"]
    found = iam.get_policy(PolicyArn=plain)["Policy"]
    assert found["Tags"] == []
    assert "Description" not in found


def test_the_document_is_kept_byte_for_byte_in_each_version(iam: Any, server: Any, account: Any) -> None:
    """URL-encoded on the wire; only GetPolicyVersion shows it."""
    odd = DOCUMENT.replace(" ", " \n\t")
    arn = make(iam, PolicyDocument=odd)
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert version["Document"] == json.loads(odd)
    assert (version["VersionId"], version["IsDefaultVersion"]) == ("v1", True)
    members = {"PolicyArn": arn, "VersionId": "v1"}
    raw = server.raw("iam", "GetPolicyVersion", members, account=account).body
    assert b"<Document>%7B%22Version%22%3A%20%0A%09%222012-10-17%22" in raw


def test_names_are_taken_without_regard_to_case(iam: Any) -> None:
    """At any path; policies of AWS do not take names."""
    make(iam)
    assert refusal(make, iam=iam, name="READ", Path="/x/") == (
        409,
        "EntityAlreadyExists",
        "A policy called READ already exists. Duplicate names are not allowed.",
    )
    make(iam, "AdministratorAccess")


def test_versions_are_numbered_on_and_the_newest_comes_first(iam: Any, server: Any) -> None:
    """At most five; a number is never used again (recorded)."""
    arn = make(iam)
    answer = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("s3:Get*"))
    made = answer["PolicyVersion"]
    assert (made["VersionId"], made["IsDefaultVersion"]) == ("v2", False)
    assert "Document" not in made
    assert only_record(server, answer)["responseElements"] == {
        "policyVersion": {
            "versionId": "v2",
            "isDefaultVersion": False,
            "createDate": render_date(made["CreateDate"].timestamp()),
        }
    }
    for number in (3, 4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy(f"s3:A{number}"))
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=policy("s3:A5"), SetAsDefault=True)
    assert made["PolicyVersion"]["IsDefaultVersion"] is True
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v5"
    assert refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=DOCUMENT) == (
        409,
        "LimitExceeded",
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing "
        "version.",
    )
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    last = iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)["PolicyVersion"]
    assert last["VersionId"] == "v6"
    page = iam.list_policy_versions(PolicyArn=arn, MaxItems=2)
    rest = iam.list_policy_versions(PolicyArn=arn, Marker=page["Marker"])
    listed = page["Versions"] + rest["Versions"]
    assert [version["VersionId"] for version in listed] == ["v6", "v5", "v4", "v3", "v1"]
    assert [version["IsDefaultVersion"] for version in listed] == [False, True, False, False, False]
    assert (page["IsTruncated"], rest["IsTruncated"]) == (True, False)


def test_a_version_is_put_in_force_and_the_one_in_force_stays(iam: Any, server: Any) -> None:
    """The default version cannot be deleted."""
    arn = make(iam)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    answer = iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    assert only_record(server, answer)["requestParameters"] == {"policyArn": arn, "versionId": "v2"}
    assert refusal(iam.delete_policy_version, PolicyArn=arn, VersionId="v2") == (
        409,
        "DeleteConflict",
        "Cannot delete the default version of a policy.",
    )
    for call in (iam.get_policy_version, iam.set_default_policy_version, iam.delete_policy_version):
        assert refusal(call, PolicyArn=arn, VersionId="v9") == (
            404,
            "NoSuchEntity",
            f"Policy {arn} version v9 does not exist or is not attachable.",
        )
        status, code, message = refusal(call, PolicyArn=arn, VersionId="9")
        assert (status, code) == (400, "ValidationError")
        assert message.startswith("1 validation error detected: Value at 'versionId' failed to satisfy")
    assert refusal(iam.get_policy_version, PolicyArn=arn, VersionId="v" + "9" * 5000)[:2] == (
        404,
        "NoSuchEntity",
    )


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "Syntax errors in policy."),
        (policy("a:b", effect="aLLow"), "The policy failed legacy parsing"),
        (policy(), "Policy statement must contain actions."),
    ],
)
def test_a_malformed_document_is_refused_with_awss_text(iam: Any, document: str, message: str) -> None:
    """By CreatePolicy and CreatePolicyVersion; nothing is made."""
    expected = (400, "MalformedPolicyDocument", message)
    assert refusal(make, iam=iam, PolicyDocument=document) == expected
    arn = make(iam)
    assert refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=document) == expected
    assert len(iam.list_policy_versions(PolicyArn=arn)["Versions"]) == 1


def test_a_document_has_at_most_6144_characters(iam: Any) -> None:
    """White space does not count (recorded text)."""

    def of_size(size: int) -> str:
        bare = policy("s3:").replace(" ", "")
        return bare.replace("s3:", "s3:" + "x" * (size - len(bare)))

    arn = make(iam, PolicyDocument=" \n" * 3000 + of_size(6144))
    too_long = (409, "LimitExceeded", "Cannot exceed quota for PolicySize: 6144")
    assert refusal(make, iam=iam, name="other", PolicyDocument=of_size(6145)) == too_long
    assert refusal(iam.create_policy_version, PolicyArn=arn, PolicyDocument=of_size(6145)) == too_long


def test_a_policy_is_deleted_when_nothing_hangs_on_it(iam: Any, server: Any) -> None:
    """Versions, attachments and boundaries are in the way."""
    arn = make(iam)
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=DOCUMENT)
    status, code, message = refusal(iam.delete_policy, PolicyArn=arn)
    assert (status, code) == (409, "DeleteConflict")
    assert message.startswith("This policy has more than one version.")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    attached = (409, "DeleteConflict", "Cannot delete a policy attached to entities.")
    iam.create_user(UserName="alice", PermissionsBoundary=arn)
    assert refusal(iam.delete_policy, PolicyArn=arn) == attached
    iam.delete_user(UserName="alice")
    iam.create_user(UserName="alice")
    iam.attach_user_policy(UserName="alice", PolicyArn=arn)
    assert refusal(iam.delete_policy, PolicyArn=arn) == attached
    iam.detach_user_policy(UserName="alice", PolicyArn=arn)
    answer = iam.delete_policy(PolicyArn=arn)
    assert only_record(server, answer)["requestParameters"] == {"policyArn": arn}
    assert refusal(iam.get_policy, PolicyArn=arn) == not_found(arn)
    first = make(iam)
    assert first == arn
    assert [each["VersionId"] for each in iam.list_policy_versions(PolicyArn=arn)["Versions"]] == ["v1"]


def test_policies_of_aws_are_read_and_not_changed(iam: Any) -> None:
    """In the recorded words."""
    found = iam.get_policy(PolicyArn=OF_AWS)["Policy"]
    assert (found["PolicyName"], found["DefaultVersionId"]) == ("PowerUserAccess", "v12")
    assert found["PolicyId"].startswith("ANPA")
    version = iam.get_policy_version(PolicyArn=OF_AWS, VersionId="v12")["PolicyVersion"]
    assert version["Document"] == json.loads(MANAGED_POLICIES[OF_AWS].document)
    assert iam.list_policy_versions(PolicyArn=OF_AWS)["Versions"][0]["IsDefaultVersion"] is True
    assert iam.list_policy_tags(PolicyArn=OF_AWS)["Tags"] == []
    assert refusal(iam.get_policy_version, PolicyArn=OF_AWS, VersionId="v1")[1] == "NoSuchEntity"
    for call, more, doing in (
        (iam.delete_policy, {}, "delete policies"),
        (iam.delete_policy_version, {"VersionId": "v1"}, "delete policy versions for policies"),
        (iam.create_policy_version, {"PolicyDocument": DOCUMENT}, "update policies"),
        (iam.set_default_policy_version, {"VersionId": "v12"}, "update policies"),
        (iam.tag_policy, {"Tags": [{"Key": "a", "Value": "b"}]}, "update policies"),
        (iam.untag_policy, {"TagKeys": ["a"]}, "update policies"),
    ):
        expected = (403, "AccessDenied", f"Cannot {doing} outside your own account.")
        assert refusal(call, PolicyArn=OF_AWS, **more) == expected


@pytest.mark.parametrize(
    "arn",
    ["arn:aws:iam::aws:policy", "x" * 20, "arn:aws:iam::123:policy/x/y", "arn:aws:iam::123456789012:role/x"],
)
def test_what_is_no_arn_of_a_policy_is_refused(iam: Any, arn: str) -> None:
    """In every operation that takes one."""
    iam.create_user(UserName="alice")
    expected = (400, "ValidationError", f"ARN {arn} is not valid.")
    assert refusal(iam.get_policy, PolicyArn=arn) == expected
    assert refusal(iam.attach_user_policy, UserName="alice", PolicyArn=arn) == expected
    assert refusal(iam.list_entities_for_policy, PolicyArn=arn) == expected


def test_an_absent_policy_is_not_found(iam: Any, account: Any) -> None:
    """In the words of each operation (recorded); path and case count."""
    make(iam)
    for name in ("none", "read", "x/Read"):
        arn = f"arn:aws:iam::{account.account_id}:policy/{name}"
        assert refusal(iam.get_policy, PolicyArn=arn) == not_found(arn)
        assert refusal(iam.delete_policy, PolicyArn=arn) == not_found(arn)
        assert refusal(iam.list_entities_for_policy, PolicyArn=arn) == (
            404,
            "NoSuchEntity",
            f"Policy {arn} does not exist or is not attachable.",
        )
    nothing_of_aws = "arn:aws:iam::aws:policy/Nothing"
    assert refusal(iam.get_policy, PolicyArn=nothing_of_aws) == not_found(nothing_of_aws)


def test_tags_of_a_policy_are_told_apart_by_case(iam: Any, server: Any) -> None:
    """``A`` is listed before ``a`` (recorded); the same key twice is refused in other words than for roles."""
    arn = make(iam)
    answer = iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])
    assert only_record(server, answer)["requestParameters"]["policyArn"] == arn
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "a", "Value": "3"}])
    listed = [{"Key": "A", "Value": "2"}, {"Key": "a", "Value": "3"}]
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == listed
    page = iam.list_policy_tags(PolicyArn=arn, MaxItems=1)
    rest = iam.list_policy_tags(PolicyArn=arn, Marker=page["Marker"])
    assert page["Tags"] + rest["Tags"] == listed
    twice = [{"Key": "x", "Value": "1"}, {"Key": "x", "Value": "2"}]
    assert refusal(iam.tag_policy, PolicyArn=arn, Tags=twice) == (
        400,
        "InvalidInput",
        "Duplicate tag keys found.",
    )
    iam.untag_policy(PolicyArn=arn, TagKeys=["A"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "a", "Value": "3"}]


def test_no_tag_hides_behind_another_that_differs_by_case(iam: Any, server: Any) -> None:
    """Condition keys fold case, tags of policies do not: a Deny sees both values, in either order."""
    iam.create_user(UserName="caller")
    condition = {"StringEquals": {"aws:RequestTag/level": "high"}}
    deny = {"Effect": "Deny", "Action": "iam:*", "Resource": "*", "Condition": condition}
    statements = [deny, {"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="caller", PolicyName="p", PolicyDocument=document)
    caller = server.client("iam", key=new_key(iam, "caller"))
    high, low = {"Key": "level", "Value": "high"}, {"Key": "Level", "Value": "low"}
    for tags in ([high, low], [low, high]):
        refused = refusal(caller.create_policy, PolicyName="x", PolicyDocument=DOCUMENT, Tags=tags)
        assert refused[:2] == (403, "AccessDenied")
    caller.create_policy(PolicyName="x", PolicyDocument=DOCUMENT, Tags=[low])


def test_policies_are_listed_by_scope_path_and_use(iam: Any, server: Any) -> None:
    """Own ones by name, then AWS's; in pages, without descriptions and tags."""
    own = [make(iam, name, Path="/x/", Tags=[{"Key": "k", "Value": "v"}]) for name in ("b", "A", "c")]
    iam.create_user(UserName="alice", PermissionsBoundary=own[2])
    iam.attach_user_policy(UserName="alice", PolicyArn=own[1])

    def names(**how: Any) -> list[str]:
        return [each["PolicyName"] for each in iam.list_policies(**how)["Policies"]]

    of_aws = sorted((each.name for each in MANAGED_POLICIES.values()), key=str.lower)
    assert names(Scope="Local") == ["A", "b", "c"]
    assert names(Scope="AWS") == of_aws
    assert names() == ["A", "b", "c", *of_aws]
    assert names(PathPrefix="/service-role/") == ["AWSLambdaBasicExecutionRole"]
    assert names(PathPrefix="/x/") == ["A", "b", "c"]
    assert names(OnlyAttached=True) == ["A", "AdministratorAccess"]
    assert names(OnlyAttached=True, Scope="Local") == ["A"]
    assert names(PolicyUsageFilter="PermissionsPolicy", Scope="Local") == ["A"]
    assert names(PolicyUsageFilter="PermissionsBoundary") == ["c"]
    (only,) = iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]
    assert (only["AttachmentCount"], only["PermissionsBoundaryUsageCount"]) == (1, 0)
    assert not {"Tags", "Description"} & only.keys()
    seen: list[str] = []
    marker: dict[str, str] = {}
    for _ in range(20):
        page = iam.list_policies(MaxItems=2, **marker)
        seen += [each["PolicyName"] for each in page["Policies"]]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert seen == ["A", "b", "c", *of_aws]
    assert refusal(iam.list_policies, Scope="Local", **marker) == (400, "ValidationError", "Invalid Marker.")
    answer = iam.list_policies(Scope="Local", OnlyAttached=True)
    assert only_record(server, answer)["requestParameters"] == {"scope": "Local", "onlyAttached": True}


def test_p02_policies_of_another_account_are_its_own(iam: Any, server: Any) -> None:
    """They are neither shown nor changed nor attached, and nobody learns whether they exist."""
    arn = make(iam)
    other_account = server.new_account()
    other = server.client("iam", other_account)
    admin = f"arn:aws:iam::{other_account.account_id}:user/admin"
    for there in (arn, arn + "-absent"):
        assert refusal(other.get_policy, PolicyArn=there) == (
            403,
            "AccessDenied",
            f"User: {admin} is not authorized to perform: iam:GetPolicy on resource: policy {there} because no "
            "resource-based policy allows the iam:GetPolicy action",
        )
        assert refusal(other.attach_user_policy, UserName="admin", PolicyArn=there) == (
            404,
            "NoSuchEntity",
            f"Policy {there} does not exist or is not attachable.",
        )
    assert iam.list_policies(Scope="Local")["Policies"][0]["Arn"] == arn


def test_p09_existing_and_absent_policies_look_the_same_without_rights(
    iam: Any, server: Any, account: Any
) -> None:
    """The refusal repeats what the caller sent."""
    iam.create_user(UserName="caller")
    arn = make(iam, Path="/hidden/", Tags=[{"Key": "k", "Value": "v"}])
    caller = server.client("iam", key=new_key(iam, "caller"))
    me = f"arn:aws:iam::{account.account_id}:user/caller"
    for there in (arn, arn + "x"):
        assert refusal(caller.get_policy, PolicyArn=there) == denied(me, "iam:GetPolicy", f"policy {there}")
    assert refusal(make, iam=caller) == denied(me, "iam:CreatePolicy", "policy Read")
    assert refusal(caller.list_policies) == denied(me, "iam:ListPolicies", "policy path /")


def test_tags_of_a_policy_are_condition_keys(iam: Any, server: Any) -> None:
    """aws:ResourceTag decides on one policy and not on another."""
    iam.create_user(UserName="caller")
    ours = make(iam, "ours", Tags=[{"Key": "team", "Value": "blue"}])
    theirs = make(iam, "theirs", Tags=[{"Key": "team", "Value": "red"}])
    document = policy("iam:GetPolicy").replace(
        '"Resource"', '"Condition": {"StringEquals": {"aws:ResourceTag/team": "blue"}}, "Resource"'
    )
    iam.put_user_policy(UserName="caller", PolicyName="p", PolicyDocument=document)
    caller = server.client("iam", key=new_key(iam, "caller"))
    assert caller.get_policy(PolicyArn=ours)["Policy"]["PolicyName"] == "ours"
    assert refusal(caller.get_policy, PolicyArn=theirs)[1] == "AccessDenied"
