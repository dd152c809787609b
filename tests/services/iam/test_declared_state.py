"""Tools that declare what should be, as Terraform does: make, read everything back, change, read, take down.

The calls and their order are those that Terraform's provider makes for a role, a policy, an attachment, an instance
profile and an OpenID Connect provider. What is read back must equal what was declared, or such tools see a change
that nobody made.
"""

from __future__ import annotations

import json
from typing import Any

from tests.services.iam.answers import policy
from tests.services.iam.test_roles import SERVICE_TRUST, trust

TAGS = [{"Key": "Team", "Value": "blue"}, {"Key": "env", "Value": "test"}]


def read_back(iam: Any, arn: str, provider: str) -> dict[str, Any]:
    """Read everything as a refresh does."""
    role = iam.get_role(RoleName="app")["Role"]
    described = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=described["DefaultVersionId"])["PolicyVersion"]
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    (inline,) = iam.list_role_policies(RoleName="app")["PolicyNames"]
    (profile,) = iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"]
    return {
        "trust": role["AssumeRolePolicyDocument"],
        "session": role["MaxSessionDuration"],
        "description": role.get("Description"),
        "tags": role.get("Tags"),
        "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        "inline": iam.get_role_policy(RoleName="app", PolicyName=inline)["PolicyDocument"],
        "attached": iam.list_attached_role_policies(RoleName="app")["AttachedPolicies"],
        "document": version["Document"],
        "policy": (described["Description"], described["Path"], described["Tags"]),
        "profile": profile["InstanceProfileName"],
        "roles": [each["RoleName"] for each in profile["Roles"]],
        "provider": (found["Url"], found["ClientIDList"], found["ThumbprintList"], found["Tags"]),
    }


def test_what_is_declared_is_read_back_changed_and_taken_down(iam: Any, account: Any) -> None:
    """No call fails, no value differs, and nothing is left."""
    before = {"users": iam.list_users()["Users"], "policies": iam.list_policies(Scope="Local")["Policies"]}
    document, other = policy("secretsmanager:Get*"), policy("secretsmanager:*", resource="*")
    arn = iam.create_policy(
        PolicyName="read", Path="/apps/", PolicyDocument=document, Description="reads", Tags=TAGS
    )["Policy"]["Arn"]
    iam.create_role(
        RoleName="app",
        Path="/apps/",
        AssumeRolePolicyDocument=SERVICE_TRUST,
        Description="an application",
        MaxSessionDuration=7200,
        PermissionsBoundary=arn,
        Tags=TAGS,
    )
    iam.put_role_policy(RoleName="app", PolicyName="own", PolicyDocument=other)
    iam.attach_role_policy(RoleName="app", PolicyArn=arn)
    iam.create_instance_profile(InstanceProfileName="app", Path="/apps/", Tags=TAGS)
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    provider = iam.create_open_id_connect_provider(
        Url="https://issuer.example/cluster", ClientIDList=["sts.amazonaws.com"], ThumbprintList=[], Tags=TAGS
    )["OpenIDConnectProviderArn"]
    declared: dict[str, Any] = {
        "trust": json.loads(SERVICE_TRUST),
        "session": 7200,
        "description": "an application",
        "tags": TAGS,
        "boundary": arn,
        "inline": json.loads(other),
        "attached": [{"PolicyName": "read", "PolicyArn": arn}],
        "document": json.loads(document),
        "policy": ("reads", "/apps/", TAGS),
        "profile": "app",
        "roles": ["app"],
        "provider": ("issuer.example/cluster", ["sts.amazonaws.com"], [], TAGS),
    }
    for _ in range(2):
        assert read_back(iam, arn, provider) == declared

    federated = trust({"Federated": provider}, action="sts:AssumeRoleWithWebIdentity")
    iam.update_assume_role_policy(RoleName="app", PolicyDocument=federated)
    iam.update_role_description(RoleName="app", Description="another")
    iam.update_role(RoleName="app", MaxSessionDuration=3600)
    iam.delete_role_permissions_boundary(RoleName="app")
    iam.untag_role(RoleName="app", TagKeys=["env"])
    iam.tag_role(RoleName="app", Tags=[{"Key": "Team", "Value": "red"}])
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=other, SetAsDefault=True)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    declared |= {
        "trust": json.loads(federated),
        "session": 3600,
        "description": "another",
        "tags": [{"Key": "Team", "Value": "red"}],
        "boundary": None,
        "document": json.loads(other),
    }
    assert read_back(iam, arn, provider) == declared

    for profile in iam.list_instance_profiles_for_role(RoleName="app")["InstanceProfiles"]:
        name = profile["InstanceProfileName"]
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName="app")
        iam.delete_instance_profile(InstanceProfileName=name)
    for attached in iam.list_attached_role_policies(RoleName="app")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="app", PolicyArn=attached["PolicyArn"])
    for name in iam.list_role_policies(RoleName="app")["PolicyNames"]:
        iam.delete_role_policy(RoleName="app", PolicyName=name)
    iam.delete_role(RoleName="app")
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider)
    assert {
        "users": iam.list_users()["Users"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
    } == before
    assert iam.list_roles()["Roles"] == []
    assert iam.list_instance_profiles()["InstanceProfiles"] == []
    assert iam.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []
