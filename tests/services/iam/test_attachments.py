"""Managed policies attached to users and roles, and boundaries of roles, as a client sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.services.iam.answers import new_key, only_record, policy, refusal
from tests.services.iam.test_managed_policies import OF_AWS, make
from tests.services.iam.test_roles import SERVICE_TRUST


class Kind(NamedTuple):
    """Operations on one kind of identity."""

    word: str
    member: str
    create: Callable[[Any, str], Any]

    def call(self, iam: Any, verb: str) -> Any:
        """Give the operation of a verb: ``attach`` is ``iam.attach_user_policy``."""
        return getattr(iam, f"{verb}_{self.word}_policy")

    def attached(self, iam: Any, name: str, **how: Any) -> dict[str, Any]:
        """List what is attached."""
        listed: dict[str, Any] = getattr(iam, f"list_attached_{self.word}_policies")(
            **{self.member: name}, **how
        )
        return listed


KINDS = [
    Kind("user", "UserName", lambda iam, name: iam.create_user(UserName=name)),
    Kind("group", "GroupName", lambda iam, name: iam.create_group(GroupName=name)),
    Kind(
        "role",
        "RoleName",
        lambda iam, name: iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE_TRUST),
    ),
]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.word for kind in KINDS])


@every_kind
def test_policies_are_attached_listed_and_detached(iam: Any, server: Any, kind: Kind) -> None:
    """Attaching twice changes nothing; listings go by name, under a path, in pages."""
    kind.create(iam, "It")
    own = make(iam, "poweruseraccess", Path="/x/")
    answer = kind.call(iam, "attach")(**{kind.member: "it", "PolicyArn": OF_AWS})
    name = kind.member[0].lower() + kind.member[1:]
    assert only_record(server, answer)["requestParameters"] == {name: "it", "policyArn": OF_AWS}
    for _ in range(2):
        kind.call(iam, "attach")(**{kind.member: "it", "PolicyArn": own})
    of_aws = {"PolicyName": "PowerUserAccess", "PolicyArn": OF_AWS}
    mine = {"PolicyName": "poweruseraccess", "PolicyArn": own}
    assert kind.attached(iam, "it")["AttachedPolicies"] == [of_aws, mine]
    assert kind.attached(iam, "it", PathPrefix="/x/")["AttachedPolicies"] == [mine]
    page = kind.attached(iam, "it", MaxItems=1)
    rest = kind.attached(iam, "it", Marker=page["Marker"])
    assert (page["AttachedPolicies"], rest["AttachedPolicies"]) == ([of_aws], [mine])
    assert (page["IsTruncated"], rest["IsTruncated"]) == (True, False)
    assert iam.get_policy(PolicyArn=own)["Policy"]["AttachmentCount"] == 1
    entities = iam.list_entities_for_policy(PolicyArn=own)
    shown = entities[f"Policy{kind.word.capitalize()}s"]
    assert [each[kind.member] for each in shown] == ["It"]
    kind.call(iam, "detach")(**{kind.member: "it", "PolicyArn": own})
    assert kind.attached(iam, "it")["AttachedPolicies"] == [of_aws]
    assert refusal(kind.call(iam, "detach"), **{kind.member: "it", "PolicyArn": own}) == (
        404,
        "NoSuchEntity",
        f"Policy {own} was not found.",
    )
    assert iam.get_policy(PolicyArn=own)["Policy"]["AttachmentCount"] == 0


@every_kind
def test_what_is_absent_is_not_found(iam: Any, account: Any, kind: Kind) -> None:
    """First the identity, then the policy."""
    arn = f"arn:aws:iam::{account.account_id}:policy/none"
    nobody = (404, "NoSuchEntity", f"The {kind.word} with name none cannot be found.")
    for verb in ("attach", "detach"):
        assert refusal(kind.call(iam, verb), **{kind.member: "none", "PolicyArn": arn}) == nobody
    kind.create(iam, "it")
    assert refusal(kind.call(iam, "attach"), **{kind.member: "it", "PolicyArn": arn}) == (
        404,
        "NoSuchEntity",
        f"Policy {arn} does not exist or is not attachable.",
    )


@every_kind
def test_at_most_ten_policies_are_attached(iam: Any, kind: Kind) -> None:
    """The eleventh is refused, and one of the ten may be attached again."""
    kind.create(iam, "it")
    arns = [make(iam, f"p{number}") for number in range(11)]
    for arn in (*arns[:10], arns[0]):
        kind.call(iam, "attach")(**{kind.member: "it", "PolicyArn": arn})
    assert refusal(kind.call(iam, "attach"), **{kind.member: "it", "PolicyArn": arns[10]}) == (
        409,
        "LimitExceeded",
        f"Cannot exceed quota for PoliciesPer{kind.word.capitalize()}: 10",
    )


@every_kind
def test_what_has_policies_attached_is_not_deleted(iam: Any, kind: Kind) -> None:
    """Detach first."""
    kind.create(iam, "it")
    kind.call(iam, "attach")(**{kind.member: "it", "PolicyArn": OF_AWS})
    delete = getattr(iam, f"delete_{kind.word}")
    assert refusal(delete, **{kind.member: "it"}) == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    )
    kind.call(iam, "detach")(**{kind.member: "it", "PolicyArn": OF_AWS})
    delete(**{kind.member: "it"})


def test_entities_are_listed_by_kind_path_and_use_in_pages(iam: Any) -> None:
    """A policy that is attached and a boundary at once is shown once."""
    arn = make(iam)
    iam.create_user(UserName="both", Path="/x/", PermissionsBoundary=arn)
    iam.attach_user_policy(UserName="both", PolicyArn=arn)
    iam.create_user(UserName="bounded", PermissionsBoundary=arn)
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=SERVICE_TRUST, PermissionsBoundary=arn)
    iam.attach_role_policy(RoleName="role", PolicyArn=arn)

    def names(**how: Any) -> list[str]:
        found = iam.list_entities_for_policy(PolicyArn=arn, **how)
        users = [each["UserName"] for each in found["PolicyUsers"]]
        return sorted(users + [each["RoleName"] for each in found["PolicyRoles"]])

    assert names() == ["both", "bounded", "role"]
    assert names(EntityFilter="User") == ["both", "bounded"]
    assert names(EntityFilter="Role") == ["role"]
    assert names(EntityFilter="LocalManagedPolicy") == []
    assert names(PathPrefix="/x/") == ["both"]
    assert names(PolicyUsageFilter="PermissionsPolicy") == ["both", "role"]
    assert names(PolicyUsageFilter="PermissionsBoundary", EntityFilter="User") == ["both", "bounded"]
    page = iam.list_entities_for_policy(PolicyArn=arn, MaxItems=2)
    rest = iam.list_entities_for_policy(PolicyArn=arn, Marker=page["Marker"])
    assert len(page["PolicyUsers"] + page["PolicyRoles"]) == 2
    assert len(rest["PolicyUsers"] + rest["PolicyRoles"]) == 1
    assert rest["IsTruncated"] is False
    counts = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (counts["AttachmentCount"], counts["PermissionsBoundaryUsageCount"]) == (2, 3)


def test_the_policy_and_the_boundary_are_condition_keys(iam: Any, server: Any) -> None:
    """A delegate may attach one policy only, and only to roles that have the boundary."""
    may, must_not, boundary = make(iam, "may"), make(iam, "must-not"), make(iam, "boundary")
    iam.create_user(UserName="delegate")
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
    statements = [
        {
            "Effect": "Allow",
            "Action": ["iam:AttachRolePolicy", "iam:DetachRolePolicy"],
            "Resource": "*",
            "Condition": {"ArnEquals": {"iam:PolicyARN": may}, **bounded},
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"],
            "Resource": "*",
            "Condition": bounded,
        },
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName="delegate", PolicyName="p", PolicyDocument=document)
    delegate = server.client("iam", key=new_key(iam, "delegate"))
    role = {"RoleName": "bounded", "AssumeRolePolicyDocument": SERVICE_TRUST}
    assert refusal(delegate.create_role, **role)[1] == "AccessDenied"
    assert refusal(delegate.create_role, **role, PermissionsBoundary=may)[1] == "AccessDenied"
    delegate.create_role(**role, PermissionsBoundary=boundary)
    iam.create_role(RoleName="free", AssumeRolePolicyDocument=SERVICE_TRUST)
    delegate.attach_role_policy(RoleName="bounded", PolicyArn=may)
    delegate.put_role_policy(RoleName="bounded", PolicyName="p", PolicyDocument=policy("s3:*"))
    delegate.detach_role_policy(RoleName="bounded", PolicyArn=may)
    for call, members in (
        (delegate.attach_role_policy, {"RoleName": "bounded", "PolicyArn": must_not}),
        (delegate.attach_role_policy, {"RoleName": "free", "PolicyArn": may}),
        (delegate.put_role_policy, {"RoleName": "free", "PolicyName": "p", "PolicyDocument": policy("s3:*")}),
        (delegate.put_role_permissions_boundary, {"RoleName": "free", "PermissionsBoundary": may}),
        (delegate.delete_role_permissions_boundary, {"RoleName": "bounded"}),
    ):
        assert refusal(call, **members)[:2] == (403, "AccessDenied")
    delegate.put_role_permissions_boundary(RoleName="free", PermissionsBoundary=boundary)


def test_the_boundary_of_a_role_is_set_shown_and_removed(iam: Any, server: Any, account: Any) -> None:
    """It must be a managed policy of AWS or of the account."""
    iam.create_role(RoleName="App", AssumeRolePolicyDocument=SERVICE_TRUST)
    arn = make(iam)
    answer = iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=arn)
    assert only_record(server, answer)["requestParameters"] == {"roleName": "app", "permissionsBoundary": arn}
    shown = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    assert iam.get_role(RoleName="App")["Role"]["PermissionsBoundary"] == shown
    iam.put_role_permissions_boundary(RoleName="app", PermissionsBoundary=OF_AWS)
    iam.delete_policy(PolicyArn=arn)
    assert refusal(iam.put_role_permissions_boundary, RoleName="app", PermissionsBoundary=arn) == (
        404,
        "NoSuchEntity",
        f"Scope ARN: {arn} does not exist or is not attachable.",
    )
    iam.delete_role_permissions_boundary(RoleName="app")
    assert "PermissionsBoundary" not in iam.get_role(RoleName="App")["Role"]
    assert refusal(iam.delete_role_permissions_boundary, RoleName="app")[:2] == (404, "NoSuchEntity")


def test_inline_policies_of_a_role(iam: Any, server: Any) -> None:
    """Kept byte for byte, listed by name; 10,240 characters together; in the way of a deletion."""
    iam.create_role(RoleName="App", AssumeRolePolicyDocument=SERVICE_TRUST)
    odd = policy("s3:*").replace(" ", "\n ")
    answer = iam.put_role_policy(RoleName="app", PolicyName="b", PolicyDocument=odd)
    assert only_record(server, answer)["requestParameters"] == {
        "roleName": "app",
        "policyName": "b",
        "policyDocument": odd,
    }
    found = iam.get_role_policy(RoleName="app", PolicyName="b")
    assert (found["RoleName"], found["PolicyName"]) == ("App", "b")
    assert found["PolicyDocument"] == json.loads(odd)
    iam.put_role_policy(RoleName="app", PolicyName="a", PolicyDocument=odd)
    page = iam.list_role_policies(RoleName="app", MaxItems=1)
    rest = iam.list_role_policies(RoleName="app", Marker=page["Marker"])
    assert (page["PolicyNames"], rest["PolicyNames"]) == (["a"], ["b"])
    assert refusal(iam.delete_role, RoleName="app") == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
    )
    long = policy("s3:" + "x" * 10_240)
    assert refusal(iam.put_role_policy, RoleName="app", PolicyName="c", PolicyDocument=long) == (
        409,
        "LimitExceeded",
        "Maximum policy size of 10240 bytes exceeded for role App",
    )
    for name in ("a", "b"):
        iam.delete_role_policy(RoleName="app", PolicyName=name)
    assert refusal(iam.get_role_policy, RoleName="app", PolicyName="a") == (
        404,
        "NoSuchEntity",
        "The role policy with name a cannot be found.",
    )
    iam.delete_role(RoleName="app")


def test_a_role_with_a_boundary_that_is_none_is_not_made(iam: Any) -> None:
    """And a role that is deleted no longer counts among those that a boundary bounds."""
    absent = "arn:aws:iam::aws:policy/none"
    role = {"RoleName": "App", "AssumeRolePolicyDocument": SERVICE_TRUST}
    assert refusal(iam.create_role, **role, PermissionsBoundary=absent) == (
        404,
        "NoSuchEntity",
        f"Scope ARN: {absent} does not exist or is not attachable.",
    )
    assert iam.list_roles()["Roles"] == []
    iam.create_role(**role, PermissionsBoundary=OF_AWS)
    assert iam.get_policy(PolicyArn=OF_AWS)["Policy"]["PermissionsBoundaryUsageCount"] == 1
    iam.delete_role(RoleName="App")
    assert iam.get_policy(PolicyArn=OF_AWS)["Policy"]["PermissionsBoundaryUsageCount"] == 0
