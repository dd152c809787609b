"""Groups, their members and their inline policies, as a client sees them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found


def group_not_found(name: str) -> tuple[int, str, str]:
    """Word the refusal of a name that no group has."""
    return 404, "NoSuchEntity", f"The group with name {name} cannot be found."


@pytest.fixture
def readers(iam: Any) -> str:
    """A group whose members may read users, and a user ``alice`` outside of it."""
    iam.create_group(GroupName="Readers", Path="/ops/")
    iam.put_group_policy(GroupName="Readers", PolicyName="p", PolicyDocument=policy("iam:GetUser"))
    iam.create_user(UserName="alice")
    return "readers"


def test_a_group_is_made_shown_and_recorded(iam: Any, server: Any, account: Any) -> None:
    """Path, id and ARN are AWS's."""
    answer = iam.create_group(GroupName="Readers", Path="/ops/")
    group = answer["Group"]
    assert group["Arn"] == f"arn:aws:iam::{account.account_id}:group/ops/Readers"
    assert group["GroupId"].startswith("AGPA")
    assert len(group["GroupId"]) == 21
    found = iam.get_group(GroupName="readers")
    assert (found["Group"], found["Users"], found["IsTruncated"]) == (group, [], False)
    record = only_record(server, answer)
    assert record["requestParameters"] == {"path": "/ops/", "groupName": "Readers"}
    shown = record["responseElements"]["group"]
    assert (shown["groupId"], shown["arn"], shown["path"]) == (group["GroupId"], group["Arn"], "/ops/")


def test_a_name_is_taken_whatever_its_case(iam: Any) -> None:
    """Users and groups do not share names."""
    iam.create_user(UserName="Readers")
    iam.create_group(GroupName="Readers")
    assert refusal(iam.create_group, GroupName="READERS") == (
        409,
        "EntityAlreadyExists",
        "Group with name READERS already exists.",
    )


def test_an_account_has_at_most_300_groups(iam: Any) -> None:
    """The quota is that of AWS."""
    for number in range(300):
        iam.create_group(GroupName=f"g{number}")
    assert refusal(iam.create_group, GroupName="one-more") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerAccount: 300",
    )


def test_groups_are_listed_by_name_in_pages_and_by_path(iam: Any) -> None:
    """A marker belongs to its question."""
    for name, path in (("b", "/x/"), ("A", "/"), ("c", "/x/y/")):
        iam.create_group(GroupName=name, Path=path)
    page = iam.list_groups(MaxItems=2)
    rest = iam.list_groups(Marker=page["Marker"])
    names = [each["GroupName"] for each in (*page["Groups"], *rest["Groups"])]
    assert (names, page["IsTruncated"], rest["IsTruncated"]) == (["A", "b", "c"], True, False)
    assert [each["GroupName"] for each in iam.list_groups(PathPrefix="/x/")["Groups"]] == ["b", "c"]
    wrong = refusal(iam.list_groups, PathPrefix="/x/", Marker=page["Marker"])
    assert wrong == (400, "ValidationError", "Invalid Marker.")


def test_s09_a_member_has_the_rights_of_the_group_from_its_next_request_on(
    iam: Any, server: Any, readers: str
) -> None:
    """Joined, policy replaced, policy deleted, joined again, left: each shows at once."""
    user = server.client("iam", key=new_key(iam, "alice"))
    assert refusal(user.get_user)[1] == "AccessDenied"
    answer = iam.add_user_to_group(GroupName=readers, UserName="Alice")
    assert only_record(server, answer)["requestParameters"] == {"groupName": readers, "userName": "Alice"}
    user.get_user()
    iam.put_group_policy(GroupName=readers, PolicyName="p", PolicyDocument=policy("iam:ListUsers"))
    assert refusal(user.get_user)[1] == "AccessDenied"
    user.list_users()
    iam.put_group_policy(GroupName=readers, PolicyName="deny", PolicyDocument=policy("*", effect="Deny"))
    assert refusal(user.list_users)[2].endswith("with an explicit deny in an identity-based policy")
    iam.delete_group_policy(GroupName=readers, PolicyName="deny")
    user.list_users()
    iam.remove_user_from_group(GroupName=readers, UserName="alice")
    assert refusal(user.list_users)[1] == "AccessDenied"


def test_joining_twice_is_no_error_and_leaving_twice_is_one(iam: Any, readers: str) -> None:
    """Adding is idempotent (identity reference 4.3)."""
    iam.add_user_to_group(GroupName=readers, UserName="alice")
    iam.add_user_to_group(GroupName=readers, UserName="alice")
    assert [each["UserName"] for each in iam.get_group(GroupName=readers)["Users"]] == ["alice"]
    iam.remove_user_from_group(GroupName=readers, UserName="alice")
    assert iam.get_group(GroupName=readers)["Users"] == []
    gone = refusal(iam.remove_user_from_group, GroupName=readers, UserName="alice")
    assert gone == user_not_found("alice")


@pytest.mark.parametrize("operation", ["add_user_to_group", "remove_user_from_group"])
def test_the_group_is_looked_up_before_the_user(iam: Any, readers: str, operation: str) -> None:
    """Each refusal repeats the name that is wrong."""
    call = getattr(iam, operation)
    assert refusal(call, GroupName="none", UserName="nobody") == group_not_found("none")
    assert refusal(call, GroupName=readers, UserName="nobody") == user_not_found("nobody")


def test_a_user_is_in_at_most_10_groups(iam: Any, readers: str) -> None:
    """Joining again is not one more."""
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"g{number}", UserName="alice")
    iam.add_user_to_group(GroupName="g3", UserName="alice")
    assert refusal(iam.add_user_to_group, GroupName="g10", UserName="alice") == (
        409,
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
    )
    assert iam.get_group(GroupName="g10")["Users"] == []


def test_members_and_groups_are_listed_in_pages(iam: Any, server: Any, readers: str) -> None:
    """From both sides; records show the question."""
    for name in ("bob", "carol"):
        iam.create_user(UserName=name, Tags=[{"Key": "k", "Value": "v"}])
    for name in ("alice", "bob", "carol"):
        iam.add_user_to_group(GroupName=readers, UserName=name)
    page = iam.get_group(GroupName=readers, MaxItems=2)
    rest = iam.get_group(GroupName=readers, Marker=page["Marker"])
    users = [*page["Users"], *rest["Users"]]
    assert sorted(each["UserName"] for each in users) == ["alice", "bob", "carol"]
    assert all("Tags" not in each for each in users)
    assert (page["IsTruncated"], rest["IsTruncated"]) == (True, False)
    assert only_record(server, page)["requestParameters"] == {"groupName": readers, "maxItems": 2}
    for name in ("b", "A"):
        iam.create_group(GroupName=name)
        iam.add_user_to_group(GroupName=name, UserName="alice")
    page = iam.list_groups_for_user(UserName="alice", MaxItems=1)
    rest = iam.list_groups_for_user(UserName="alice", Marker=page["Marker"])
    names = [each["GroupName"] for each in (*page["Groups"], *rest["Groups"])]
    assert names == ["A", "b", "Readers"]
    assert refusal(iam.list_groups_for_user, UserName="nobody") == user_not_found("nobody")


def test_a_renamed_group_keeps_members_policies_and_id(iam: Any, server: Any, readers: str) -> None:
    """The rights of its members go on without a gap; the old name is free and gives nothing (P-07)."""
    iam.add_user_to_group(GroupName=readers, UserName="alice")
    user = server.client("iam", key=new_key(iam, "alice"))
    before = iam.get_group(GroupName=readers)["Group"]
    answer = iam.update_group(GroupName=readers, NewGroupName="Watchers", NewPath="/")
    assert only_record(server, answer)["requestParameters"] == {
        "groupName": readers,
        "newPath": "/",
        "newGroupName": "Watchers",
    }
    after = iam.get_group(GroupName="watchers")
    assert (after["Group"]["GroupId"], after["Group"]["Path"]) == (before["GroupId"], "/")
    assert [each["UserName"] for each in after["Users"]] == ["alice"]
    user.get_user()
    assert refusal(iam.get_group, GroupName=readers) == group_not_found(readers)
    iam.create_group(GroupName=readers)
    assert iam.list_group_policies(GroupName=readers)["PolicyNames"] == []
    assert refusal(iam.update_group, GroupName=readers, NewGroupName="watchers") == (
        409,
        "EntityAlreadyExists",
        "Group with name watchers already exists.",
    )


def test_p01_renaming_a_group_needs_the_right_on_both_names(iam: Any, server: Any, account: Any) -> None:
    """As for users."""
    iam.create_user(UserName="caller")
    iam.create_group(GroupName="ours", Path="/team/")
    arn = f"arn:aws:iam::{account.account_id}:group/team/*"
    document = policy("iam:UpdateGroup", resource=arn)
    iam.put_user_policy(UserName="caller", PolicyName="p", PolicyDocument=document)
    caller = server.client("iam", key=new_key(iam, "caller"))
    assert refusal(caller.update_group, GroupName="ours", NewPath="/")[1] == "AccessDenied"
    caller.update_group(GroupName="ours", NewPath="/team/x/")


def test_a_group_that_something_hangs_on_is_not_deleted(iam: Any, server: Any, readers: str) -> None:
    """Policies first, then users; the refusals are AWS's."""
    iam.add_user_to_group(GroupName=readers, UserName="alice")
    conflict = (409, "DeleteConflict")
    text = "Cannot delete entity, must delete policies first."
    assert refusal(iam.delete_group, GroupName=readers) == (*conflict, text)
    iam.delete_group_policy(GroupName=readers, PolicyName="p")
    text = "Cannot delete entity, must remove users from group first."
    assert refusal(iam.delete_group, GroupName=readers) == (*conflict, text)
    assert refusal(iam.delete_user, UserName="alice") == (*conflict, text)
    iam.remove_user_from_group(GroupName=readers, UserName="alice")
    answer = iam.delete_group(GroupName=readers)
    assert only_record(server, answer)["requestParameters"] == {"groupName": readers}
    assert refusal(iam.delete_group, GroupName=readers) == group_not_found(readers)
    iam.delete_user(UserName="alice")


def test_p07_a_group_made_anew_has_neither_members_nor_policies(iam: Any, server: Any, readers: str) -> None:
    """The unique id decides; a user made anew is in no group either."""
    iam.add_user_to_group(GroupName=readers, UserName="alice")
    iam.remove_user_from_group(GroupName=readers, UserName="alice")
    iam.delete_user(UserName="alice")
    iam.create_user(UserName="alice")
    user = server.client("iam", key=new_key(iam, "alice"))
    assert refusal(user.get_user)[1] == "AccessDenied"
    iam.delete_group_policy(GroupName=readers, PolicyName="p")
    iam.delete_group(GroupName=readers)
    iam.create_group(GroupName=readers)
    found = iam.get_group(GroupName=readers)
    assert found["Users"] == iam.list_group_policies(GroupName=readers)["PolicyNames"] == []


def test_inline_policies_of_a_group_have_5120_characters_together(iam: Any, readers: str) -> None:
    """White space does not count."""

    def of_size(size: int) -> str:
        bare = policy("s3:").replace(" ", "")
        return bare.replace("s3:", "s3:" + "x" * (size - len(bare)))

    iam.delete_group_policy(GroupName=readers, PolicyName="p")
    iam.put_group_policy(GroupName=readers, PolicyName="a", PolicyDocument=of_size(5000))
    iam.put_group_policy(GroupName=readers, PolicyName="b", PolicyDocument=" \n" * 500 + of_size(120))
    too_long = (409, "LimitExceeded", "Maximum policy size of 5120 bytes exceeded for group Readers")
    put = iam.put_group_policy
    assert refusal(put, GroupName=readers, PolicyName="b", PolicyDocument=of_size(121)) == too_long


def test_policies_of_a_group_are_kept_listed_and_not_found(iam: Any, server: Any, readers: str) -> None:
    """As those of users, with the word for groups."""
    odd = '{ "Version": "2012-10-17",\n "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"} }'
    answer = iam.put_group_policy(GroupName=readers, PolicyName="A", PolicyDocument=odd)
    assert only_record(server, answer)["requestParameters"] == {
        "groupName": readers,
        "policyName": "A",
        "policyDocument": odd,
    }
    found = iam.get_group_policy(GroupName=readers, PolicyName="A")
    assert (found["GroupName"], found["PolicyDocument"]["Statement"]["Action"]) == ("Readers", "s3:*")
    page = iam.list_group_policies(GroupName=readers, MaxItems=1)
    rest = iam.list_group_policies(GroupName=readers, Marker=page["Marker"])
    assert (page["PolicyNames"], rest["PolicyNames"]) == (["A"], ["p"])
    absent = (404, "NoSuchEntity", "The group policy with name x cannot be found.")
    assert refusal(iam.get_group_policy, GroupName=readers, PolicyName="x") == absent
    assert refusal(iam.delete_group_policy, GroupName=readers, PolicyName="x") == absent
    bad = refusal(iam.put_group_policy, GroupName=readers, PolicyName="A", PolicyDocument="no json")
    assert bad == (400, "MalformedPolicyDocument", "Syntax errors in policy.")
    nobody = {"GroupName": "none"}
    assert refusal(iam.list_group_policies, **nobody) == group_not_found("none")
    assert refusal(iam.get_group_policy, **nobody, PolicyName="x") == group_not_found("none")
    put = iam.put_group_policy
    assert refusal(put, **nobody, PolicyName="x", PolicyDocument="no json") == group_not_found("none")


@pytest.mark.parametrize("operation", ["get_group", "create_group", "delete_group", "list_group_policies"])
def test_j03_other_characters_in_a_name_are_refused(iam: Any, operation: str) -> None:
    """The text is the one AWS's clients see."""
    assert refusal(getattr(iam, operation), GroupName="a/b") == (
        400,
        "ValidationError",
        "The specified value for groupName is invalid. It must contain only alphanumeric characters and/or the "
        "following: +=,.@_-",
    )
