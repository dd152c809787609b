"""Login profiles, ChangePassword and the password policy of an account, as a client sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found

GOOD = "Correct-h0rse"
BETTER = "Better-h0rse!"
VIOLATED = (400, "PasswordPolicyViolation", "Password does not conform to the account password policy.")


def no_login(name: str) -> tuple[int, str, str]:
    """Word the refusal of a user without a password."""
    return 404, "NoSuchEntity", f"Login Profile for User {name} cannot be found."


@pytest.fixture
def alice(iam: Any) -> str:
    """A user that may do anything, without a password."""
    iam.create_user(UserName="Alice")
    iam.put_user_policy(UserName="Alice", PolicyName="p", PolicyDocument=policy("iam:*"))
    return "alice"


@pytest.fixture
def own(iam: Any, server: Any, alice: str) -> Any:
    """IAM as that user."""
    return server.client("iam", key=new_key(iam, alice))


def test_a_login_profile_is_made_shown_changed_and_removed(iam: Any, server: Any, alice: str) -> None:
    """The password is in no record and no answer."""
    made = iam.create_login_profile(UserName=alice, Password=GOOD, PasswordResetRequired=True)
    profile = made["LoginProfile"]
    assert (profile["UserName"], profile["PasswordResetRequired"]) == ("Alice", True)
    assert iam.get_login_profile(UserName=alice)["LoginProfile"] == profile
    record = only_record(server, made)
    assert record["requestParameters"] == {"userName": alice, "passwordResetRequired": True}
    assert record["responseElements"]["loginProfile"]["userName"] == "Alice"
    changed = iam.update_login_profile(UserName=alice, Password=BETTER)
    assert iam.get_login_profile(UserName=alice)["LoginProfile"] == profile
    iam.update_login_profile(UserName=alice, PasswordResetRequired=False)
    assert iam.get_login_profile(UserName=alice)["LoginProfile"]["PasswordResetRequired"] is False
    written = json.dumps([record, only_record(server, changed)])
    assert GOOD not in written
    assert BETTER not in written
    text = "Cannot delete entity, must delete login profile first."
    iam.delete_user_policy(UserName=alice, PolicyName="p")
    assert refusal(iam.delete_user, UserName=alice) == (409, "DeleteConflict", text)
    iam.delete_login_profile(UserName=alice)
    assert refusal(iam.get_login_profile, UserName=alice) == no_login("Alice")
    iam.delete_user(UserName=alice)


def test_there_is_one_login_profile_for_a_user(iam: Any, alice: str) -> None:
    """A second one is refused, and so is one without a password."""
    status, code, _ = refusal(iam.create_login_profile, UserName=alice)
    assert (status, code) == (400, "ValidationError")
    iam.create_login_profile(UserName=alice, Password=GOOD)
    assert refusal(iam.create_login_profile, UserName=alice, Password=GOOD) == (
        409,
        "EntityAlreadyExists",
        "Login Profile for user Alice already exists.",
    )


def test_who_is_absent_or_has_no_password_is_not_found(iam: Any, alice: str) -> None:
    """Before the password is looked at."""
    calls: list[tuple[Any, dict[str, str]]] = [
        (iam.get_login_profile, {}),
        (iam.update_login_profile, {"Password": "x"}),
        (iam.delete_login_profile, {}),
    ]
    for call, more in calls:
        assert refusal(call, UserName="nobody", **more) == user_not_found("nobody")
        assert refusal(call, UserName=alice, **more) == no_login("Alice")
    create = iam.create_login_profile
    assert refusal(create, UserName="nobody", Password="x") == user_not_found("nobody")


def test_a_user_changes_its_own_password_by_showing_the_old_one(
    iam: Any, server: Any, own: Any, alice: str
) -> None:
    """The old one counts no longer, and nothing is recorded of either."""
    assert refusal(own.change_password, OldPassword=GOOD, NewPassword=BETTER) == no_login("Alice")
    iam.create_login_profile(UserName=alice, Password=GOOD, PasswordResetRequired=True)
    wrong = (403, "AccessDenied", "The old password was incorrect.")
    assert refusal(own.change_password, OldPassword=BETTER, NewPassword=BETTER) == wrong
    assert refusal(own.change_password, OldPassword=GOOD, NewPassword="short") == VIOLATED
    answer = own.change_password(OldPassword=GOOD, NewPassword=BETTER)
    assert only_record(server, answer)["requestParameters"] is None
    assert refusal(own.change_password, OldPassword=GOOD, NewPassword=GOOD) == wrong
    assert iam.get_login_profile(UserName=alice)["LoginProfile"]["PasswordResetRequired"] is False
    own.change_password(OldPassword=BETTER, NewPassword=GOOD)


def test_p07_a_user_made_anew_has_no_password(iam: Any, alice: str) -> None:
    """And a renamed one keeps its own."""
    iam.create_login_profile(UserName=alice, Password=GOOD)
    iam.update_user(UserName=alice, NewUserName="bob")
    iam.create_user(UserName=alice)
    assert refusal(iam.get_login_profile, UserName=alice) == no_login(alice)
    assert iam.get_login_profile(UserName="bob")["LoginProfile"]["UserName"] == "bob"


@pytest.mark.parametrize("weak", ["Short-1", "onlysmallletters", "SMALLand", "letters1234", "x" * 20])
def test_without_a_policy_eight_characters_of_three_kinds_are_asked_for(
    iam: Any, alice: str, weak: str
) -> None:
    """As AWS does."""
    assert refusal(iam.create_login_profile, UserName=alice, Password=weak) == VIOLATED
    assert refusal(iam.get_login_profile, UserName=alice) == no_login("Alice")


def test_the_policy_of_the_account_decides_from_then_on(
    iam: Any, server: Any, account: Any, alice: str
) -> None:
    """Set, shown, replaced as a whole, removed."""
    absent = (
        404,
        "NoSuchEntity",
        f"The Password Policy with domain name {account.account_id} cannot be found.",
    )
    assert refusal(iam.get_account_password_policy) == absent
    assert refusal(iam.delete_account_password_policy) == absent
    rules = {
        "MinimumPasswordLength": 10,
        "RequireSymbols": True,
        "RequireNumbers": True,
        "RequireUppercaseCharacters": True,
        "RequireLowercaseCharacters": True,
        "AllowUsersToChangePassword": True,
        "MaxPasswordAge": 90,
        "PasswordReusePrevention": 2,
        "HardExpiry": True,
    }
    answer = iam.update_account_password_policy(**rules)
    shown = iam.get_account_password_policy()["PasswordPolicy"]
    assert shown == {**rules, "ExpirePasswords": True}
    recorded = only_record(server, answer)["requestParameters"]
    assert recorded == {name[0].lower() + name[1:]: value for name, value in rules.items()}
    for weak in ("Aa1-56789", "aaaaaaa-1234", "AAAAAAA-1234", "AAAAaaaa-bbb", "AAAAaaaa1234"):
        assert refusal(iam.create_login_profile, UserName=alice, Password=weak) == VIOLATED
    iam.create_login_profile(UserName=alice, Password="AAAaaa-1234")
    iam.update_account_password_policy()
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        "MinimumPasswordLength": 6,
        "RequireSymbols": False,
        "RequireNumbers": False,
        "RequireUppercaseCharacters": False,
        "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False,
        "ExpirePasswords": False,
    }
    iam.update_login_profile(UserName=alice, Password="aaaaaa")
    iam.delete_account_password_policy()
    assert refusal(iam.update_login_profile, UserName=alice, Password="aaaaaa") == VIOLATED


def test_former_passwords_do_not_come_back_as_long_as_the_policy_remembers_them(iam: Any, alice: str) -> None:
    """Two are remembered here: the one in force and the one before."""
    iam.update_account_password_policy(PasswordReusePrevention=2)
    iam.create_login_profile(UserName=alice, Password="first-one")
    iam.update_login_profile(UserName=alice, Password="second-one")
    for used in ("first-one", "second-one"):
        assert refusal(iam.update_login_profile, UserName=alice, Password=used) == VIOLATED
    iam.update_login_profile(UserName=alice, Password="third-one")
    iam.update_login_profile(UserName=alice, Password="first-one")


def test_who_may_not_set_a_password_makes_nobody_hash(iam: Any, server: Any, alice: str) -> None:
    """The refusal comes before the work, and tells nothing about the password."""
    iam.create_user(UserName="bob")
    bob = server.client("iam", key=new_key(iam, "bob"))
    for password in (GOOD, "weak"):
        assert refusal(bob.create_login_profile, UserName=alice, Password=password)[1] == "AccessDenied"


def test_only_users_have_passwords_to_change(server: Any, account: Any, iam: Any) -> None:
    """A role has none."""
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": account.account_id},
                "Action": "sts:AssumeRole",
            },
        }
    )
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=policy("iam:*"))
    sts = server.client("sts", account)
    session = sts.assume_role(RoleArn=role, RoleSessionName="someone")["Credentials"]
    import boto3

    client: Any = boto3.client(
        "iam",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    assert refusal(client.change_password, OldPassword=GOOD, NewPassword=BETTER) == (
        400,
        "InvalidUserType",
        "Only IAM Users can change their own password.",
    )
