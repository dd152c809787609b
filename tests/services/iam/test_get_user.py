"""GetUser, as a client sees it."""

from __future__ import annotations

from typing import Any

from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found


def test_a_user_is_found_in_any_case_and_shown_as_it_was_made(iam: Any, server: Any) -> None:
    """The name keeps the case of its creation; one record, without response elements."""
    made = iam.create_user(UserName="Alice", Path="/team/", Tags=[{"Key": "a", "Value": ""}])["User"]
    found = iam.get_user(UserName="ALICE")
    assert found["User"] == made
    record = only_record(server, found)
    assert record["requestParameters"] == {"userName": "ALICE"}
    assert record["readOnly"] is True
    assert not record.get("responseElements")


def test_without_a_name_the_caller_is_meant(iam: Any, server: Any, account: Any) -> None:
    """An administrator sees itself; so does a user who may."""
    assert iam.get_user()["User"]["Arn"] == f"arn:aws:iam::{account.account_id}:user/admin"
    iam.create_user(UserName="alice")
    iam.put_user_policy(
        UserName="alice",
        PolicyName="self",
        PolicyDocument=policy("iam:GetUser", resource="arn:aws:iam::*:user/${aws:username}"),
    )
    alice = server.client("iam", key=new_key(iam, "alice"))
    assert alice.get_user()["User"]["UserName"] == "alice"
    assert refusal(alice.get_user, UserName="admin")[:2] == (403, "AccessDenied")


def test_an_absent_user_is_not_found(iam: Any) -> None:
    """The refusal repeats the name as it was sent."""
    assert refusal(iam.get_user, UserName="Nobody") == user_not_found("Nobody")


def test_p01_the_policy_is_evaluated_on_the_stored_name_and_path(iam: Any, server: Any) -> None:
    """Sending the name in another case does not step around a Deny."""
    iam.create_user(UserName="Boss", Path="/top/")
    iam.create_user(UserName="alice")
    iam.put_user_policy(UserName="alice", PolicyName="a", PolicyDocument=policy("iam:GetUser"))
    iam.put_user_policy(
        UserName="alice",
        PolicyName="b",
        PolicyDocument=policy("iam:GetUser", effect="Deny", resource="arn:aws:iam::*:user/top/Boss"),
    )
    alice = server.client("iam", key=new_key(iam, "alice"))
    assert alice.get_user(UserName="admin")["User"]["UserName"] == "admin"
    for name in ("Boss", "boss", "BOSS"):
        status, code, message = refusal(alice.get_user, UserName=name)
        assert (status, code) == (403, "AccessDenied")
        assert message.endswith(f"on resource: user {name} with an explicit deny in an identity-based policy")


def test_a_user_of_another_account_is_not_found(iam: Any, server: Any) -> None:
    """Names are looked up in the caller's account only."""
    iam.create_user(UserName="alice")
    other = server.client("iam", server.new_account())
    assert refusal(other.get_user, UserName="alice") == user_not_found("alice")
