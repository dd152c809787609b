"""UpdateUser as a client sees it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found


def test_a_renamed_user_keeps_all_that_is_its_own(iam: Any, server: Any, account: Any) -> None:
    """Id, keys, policies, groups, tags and boundary hang on the unique id, not on the name."""
    made = iam.create_user(UserName="Alice", Tags=[{"Key": "team", "Value": "blue"}])["User"]
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="Alice")
    iam.put_user_policy(UserName="Alice", PolicyName="p", PolicyDocument=policy("iam:GetUser"))
    user = server.client("iam", key=new_key(iam, "Alice"))
    answer = iam.update_user(UserName="alice", NewUserName="Bob", NewPath="/ops/")
    assert only_record(server, answer)["requestParameters"] == {
        "userName": "alice",
        "newPath": "/ops/",
        "newUserName": "Bob",
    }
    found = user.get_user()["User"]
    assert found == {
        **made,
        "UserName": "Bob",
        "Path": "/ops/",
        "Arn": f"arn:aws:iam::{account.account_id}:user/ops/Bob",
    }
    assert [each["GroupName"] for each in iam.list_groups_for_user(UserName="Bob")["Groups"]] == ["readers"]
    assert [each["UserName"] for each in iam.get_group(GroupName="readers")["Users"]] == ["Bob"]
    assert iam.list_user_policies(UserName="Bob")["PolicyNames"] == ["p"]
    assert refusal(iam.get_user, UserName="Alice") == user_not_found("Alice")


def test_p07_who_is_made_anew_under_the_old_name_has_nothing_of_the_renamed_user(
    iam: Any, server: Any
) -> None:
    """Neither rights nor groups."""
    iam.create_user(UserName="alice")
    iam.create_group(GroupName="readers")
    iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=policy("iam:GetUser"))
    iam.add_user_to_group(GroupName="readers", UserName="alice")
    iam.update_user(UserName="alice", NewUserName="bob")
    iam.create_user(UserName="alice")
    user = server.client("iam", key=new_key(iam, "alice"))
    assert refusal(user.get_user)[1] == "AccessDenied"
    assert iam.list_groups_for_user(UserName="alice")["Groups"] == []


def test_the_case_of_a_name_may_change(iam: Any) -> None:
    """The name is not taken by the user itself."""
    iam.create_user(UserName="alice")
    iam.update_user(UserName="alice", NewUserName="ALICE")
    assert iam.get_user(UserName="alice")["User"]["UserName"] == "ALICE"


def test_a_name_that_is_taken_is_refused_and_nothing_changes(iam: Any) -> None:
    """Whatever its case; the path stays as well."""
    iam.create_user(UserName="alice")
    iam.create_user(UserName="bob")
    assert refusal(iam.update_user, UserName="alice", NewUserName="BOB", NewPath="/x/") == (
        409,
        "EntityAlreadyExists",
        "User with name BOB already exists.",
    )
    assert iam.get_user(UserName="alice")["User"]["Path"] == "/"


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (
            {"NewUserName": "a/b"},
            "The specified value for newUserName is invalid. It must contain only alphanumeric characters and/or "
            "the following: +=,.@_-",
        ),
        (
            {"NewPath": "/x"},
            "The specified value for newPath is invalid. It must begin and end with / and contain only "
            "alphanumeric characters and/or / characters.",
        ),
    ],
)
def test_j03_other_characters_are_refused(iam: Any, more: dict[str, str], text: str) -> None:
    """In AWS's words."""
    iam.create_user(UserName="alice")
    assert refusal(iam.update_user, UserName="alice", **more) == (400, "ValidationError", text)


def test_p01_the_right_is_needed_on_the_old_and_on_the_new_name(iam: Any, server: Any, account: Any) -> None:
    """Nobody renames a user out of reach, or into a path where more is allowed."""
    iam.create_user(UserName="caller")
    iam.create_user(UserName="ours", Path="/team/")
    arn = f"arn:aws:iam::{account.account_id}:user/team/*"
    iam.put_user_policy(
        UserName="caller", PolicyName="p", PolicyDocument=policy("iam:UpdateUser", resource=arn)
    )
    caller = server.client("iam", key=new_key(iam, "caller"))
    assert refusal(caller.update_user, UserName="ours", NewPath="/admins/") == (
        403,
        "AccessDenied",
        f"User: arn:aws:iam::{account.account_id}:user/caller is not authorized to perform: iam:UpdateUser on "
        "resource: user ours because no identity-based policy allows the iam:UpdateUser action",
    )
    assert iam.get_user(UserName="ours")["User"]["Path"] == "/team/"
    caller.update_user(UserName="ours", NewPath="/team/more/")
    assert refusal(caller.update_user, UserName="caller", NewPath="/team/")[1] == "AccessDenied"
