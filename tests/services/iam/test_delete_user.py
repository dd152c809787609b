"""DeleteUser, as a client sees it."""

from __future__ import annotations

from typing import Any

from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found


def test_a_user_is_deleted(iam: Any, server: Any) -> None:
    """It is gone, in whatever case it was named; the record has the name as it was sent."""
    iam.create_user(UserName="Alice")
    answer = iam.delete_user(UserName="aliCE")
    assert refusal(iam.get_user, UserName="Alice") == user_not_found("Alice")
    assert only_record(server, answer)["requestParameters"] == {"userName": "aliCE"}


def test_an_absent_user_is_not_found(iam: Any) -> None:
    """The refusal repeats the name as it was sent."""
    assert refusal(iam.delete_user, UserName="nobody") == user_not_found("nobody")


def test_a_user_with_policies_or_keys_stays(iam: Any) -> None:
    """Policies first, then keys, then the user (recorded texts)."""
    iam.create_user(UserName="alice")
    key = new_key(iam, "alice")
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=policy("iam:GetUser"))
    assert refusal(iam.delete_user, UserName="alice") == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
    )
    iam.delete_user_policy(UserName="alice", PolicyName="p")
    assert refusal(iam.delete_user, UserName="alice") == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must delete access keys first.",
    )
    iam.delete_access_key(UserName="alice", AccessKeyId=key.access_key_id)
    iam.delete_user(UserName="alice")


def test_a_user_with_an_attached_policy_stays(iam: Any) -> None:
    """The administrator of an account does not delete itself by mistake."""
    assert refusal(iam.delete_user, UserName="admin") == (
        409,
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    )


def test_p07_a_user_made_anew_has_another_id_and_no_rights(iam: Any, server: Any, sts: Any) -> None:
    """The successor under the same name starts with nothing."""
    before = iam.create_user(UserName="alice")["User"]["UserId"]
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=policy("iam:*"))
    key = new_key(iam, "alice")
    assert server.client("iam", key=key).get_user()["User"]["UserId"] == before
    iam.delete_user_policy(UserName="alice", PolicyName="p")
    iam.delete_access_key(UserName="alice", AccessKeyId=key.access_key_id)
    iam.delete_user(UserName="alice")
    after = iam.create_user(UserName="alice")["User"]["UserId"]
    assert after != before
    assert iam.list_user_policies(UserName="alice")["PolicyNames"] == []
    assert iam.list_access_keys(UserName="alice")["AccessKeyMetadata"] == []
    assert refusal(server.client("iam", key=key).get_user)[1] == "InvalidClientTokenId"
    successor = server.client("iam", key=new_key(iam, "alice"))
    assert refusal(successor.get_user)[:2] == (403, "AccessDenied")
