"""Instance profiles and their roles, as a client sees them."""

from __future__ import annotations

import json
from typing import Any

from tests.services.iam.answers import denied, new_key, only_record, policy, refusal
from tests.services.iam.test_roles import SERVICE_TRUST


def make(iam: Any, name: str = "Web", **more: Any) -> dict[str, Any]:
    """Make a profile."""
    made: dict[str, Any] = iam.create_instance_profile(InstanceProfileName=name, **more)
    return made


def make_role(iam: Any, name: str = "App") -> dict[str, Any]:
    """Make a role."""
    made: dict[str, Any] = iam.create_role(RoleName=name, AssumeRolePolicyDocument=SERVICE_TRUST)
    return made


def not_found(name: str) -> tuple[int, str, str]:
    """Word the refusal of a name that no profile has."""
    return 404, "NoSuchEntity", f"Instance Profile {name} cannot be found."


def test_a_profile_is_made_shown_and_recorded(iam: Any, server: Any, account: Any) -> None:
    """Without a role; tags are echoed."""
    tags = [{"Key": "k", "Value": "v"}]
    answer = make(iam, Path="/x/", Tags=tags)
    made = answer["InstanceProfile"]
    assert made["Arn"] == f"arn:aws:iam::{account.account_id}:instance-profile/x/Web"
    assert made["InstanceProfileId"].startswith("AIPA")
    assert (made["Roles"], made["Tags"]) == ([], tags)
    assert iam.get_instance_profile(InstanceProfileName="wEB")["InstanceProfile"] == made
    record = only_record(server, answer)
    assert record["requestParameters"] == {
        "instanceProfileName": "Web",
        "path": "/x/",
        "tags": [{"key": "k", "value": "v"}],
    }
    assert record["responseElements"]["instanceProfile"]["instanceProfileId"] == made["InstanceProfileId"]
    assert refusal(make, iam=iam, name="web") == (
        409,
        "EntityAlreadyExists",
        "Instance Profile web already exists.",
    )
    assert refusal(make, iam=iam, name="a b")[2].startswith("The specified value for instanceProfileName is")


def test_a_profile_holds_one_role(iam: Any, server: Any) -> None:
    """It is shown with the profile, and both are in each other's way of being deleted."""
    make(iam)
    role = make_role(iam)["Role"]
    make_role(iam, "Other")
    answer = iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="app")
    assert only_record(server, answer)["requestParameters"] == {
        "instanceProfileName": "web",
        "roleName": "app",
    }
    assert iam.get_instance_profile(InstanceProfileName="web")["InstanceProfile"]["Roles"] == [role]
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="web", RoleName="Other") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    )
    in_the_way = (
        409,
        "DeleteConflict",
        "Cannot delete entity, must remove roles from instance profile first.",
    )
    assert refusal(iam.delete_role, RoleName="app") == in_the_way
    assert refusal(iam.delete_instance_profile, InstanceProfileName="web") == in_the_way
    assert refusal(iam.remove_role_from_instance_profile, InstanceProfileName="web", RoleName="Other") == (
        404,
        "NoSuchEntity",
        "Role Other in Instance Profile Web cannot be found.",
    )
    iam.remove_role_from_instance_profile(InstanceProfileName="web", RoleName="app")
    iam.delete_role(RoleName="app")
    iam.delete_instance_profile(InstanceProfileName="web")
    assert refusal(iam.get_instance_profile, InstanceProfileName="web") == not_found("web")


def test_what_is_absent_is_not_found(iam: Any) -> None:
    """Profile and role, each in its words."""
    make_role(iam)
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="none", RoleName="App") == not_found(
        "none"
    )
    make(iam)
    assert refusal(iam.add_role_to_instance_profile, InstanceProfileName="Web", RoleName="none") == (
        404,
        "NoSuchEntity",
        "The role with name none cannot be found.",
    )
    assert refusal(iam.delete_instance_profile, InstanceProfileName="none") == not_found("none")


def test_profiles_are_listed_by_name_under_a_path_and_for_a_role(iam: Any) -> None:
    """In pages, without tags."""
    make_role(iam)
    for name, path in (("b", "/x/"), ("A", "/x/"), ("c", "/")):
        make(iam, name, Path=path, Tags=[{"Key": "k", "Value": "v"}])
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="App")

    def names(page: dict[str, Any]) -> list[str]:
        return [each["InstanceProfileName"] for each in page["InstanceProfiles"]]

    page = iam.list_instance_profiles(PathPrefix="/x/", MaxItems=1)
    rest = iam.list_instance_profiles(PathPrefix="/x/", Marker=page["Marker"])
    assert (names(page), names(rest), rest["IsTruncated"]) == (["A"], ["b"], False)
    assert "Tags" not in page["InstanceProfiles"][0]
    page = iam.list_instance_profiles_for_role(RoleName="app", MaxItems=2)
    rest = iam.list_instance_profiles_for_role(RoleName="app", Marker=page["Marker"])
    assert (names(page), names(rest)) == (["A", "b"], ["c"])
    assert refusal(iam.list_instance_profiles, Marker=page["Marker"])[2] == "Invalid Marker."


def test_tags_of_a_profile_are_told_apart_by_case(iam: Any) -> None:
    """Set, listed by key, removed."""
    make(iam, Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_instance_profile(InstanceProfileName="web", Tags=[{"Key": "A", "Value": "2"}])
    listed = iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"]
    assert listed == [{"Key": "A", "Value": "2"}, {"Key": "a", "Value": "1"}]
    iam.untag_instance_profile(InstanceProfileName="web", TagKeys=["a"])
    assert iam.list_instance_profile_tags(InstanceProfileName="web")["Tags"] == [{"Key": "A", "Value": "2"}]


def test_p08_who_adds_a_role_must_be_allowed_to_pass_it(iam: Any, server: Any, account: Any) -> None:
    """iam:PassRole on the role, to EC2; an absent and a forbidden role look alike."""
    make(iam)
    role = make_role(iam)["Role"]
    iam.create_user(UserName="caller")

    def allow(condition: dict[str, Any]) -> None:
        statements = [
            json.loads(policy("iam:AddRoleToInstanceProfile"))["Statement"][0],
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": role["Arn"],
                "Condition": {"StringEquals": condition},
            },
        ]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName="caller", PolicyName="p", PolicyDocument=document)

    caller = server.client("iam", key=new_key(iam, "caller"))
    me = f"arn:aws:iam::{account.account_id}:user/caller"
    add = caller.add_role_to_instance_profile
    allow({"iam:PassedToService": "lambda.amazonaws.com"})
    for name in ("App", "nothing"):
        arn = f"arn:aws:iam::{account.account_id}:role/{name}"
        got = refusal(add, InstanceProfileName="Web", RoleName=name)
        assert got == denied(me, "iam:PassRole", arn)
    allow({"iam:PassedToService": "ec2.amazonaws.com"})
    add(InstanceProfileName="Web", RoleName="App")
