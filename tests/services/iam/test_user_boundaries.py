"""Permissions boundaries of users: CreateUser, PutUserPermissionsBoundary, DeleteUserPermissionsBoundary."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
SECRETS = "arn:aws:iam::aws:policy/SecretsManagerReadWrite"


def shown(arn: str) -> dict[str, str]:
    """Write a boundary as the API shows it."""
    return {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}


def test_a_user_may_be_made_with_a_boundary(iam: Any, server: Any) -> None:
    """It is echoed, recorded and shown by GetUser; ListUsers leaves it out."""
    made = iam.create_user(UserName="alice", PermissionsBoundary=SECRETS)
    assert made["User"]["PermissionsBoundary"] == shown(SECRETS)
    record = only_record(server, made)
    assert record["requestParameters"] == {"userName": "alice", "permissionsBoundary": SECRETS}
    assert record["responseElements"]["user"]["permissionsBoundary"] == {
        "permissionsBoundaryType": "Policy",
        "permissionsBoundaryArn": SECRETS,
    }
    assert iam.get_user(UserName="alice")["User"]["PermissionsBoundary"] == shown(SECRETS)
    assert all("PermissionsBoundary" not in user for user in iam.list_users()["Users"])


def test_s09_a_boundary_limits_from_the_next_request_until_it_is_removed(iam: Any, server: Any) -> None:
    """Put, replaced, deleted: each shows at once."""
    iam.create_user(UserName="alice")
    iam.put_user_policy(UserName="alice", PolicyName="p", PolicyDocument=policy("iam:*"))
    user = server.client("iam", key=new_key(iam, "alice"))
    user.get_user()
    answer = iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=SECRETS)
    assert only_record(server, answer)["requestParameters"] == {
        "userName": "alice",
        "permissionsBoundary": SECRETS,
    }
    assert refusal(user.get_user)[2].endswith("because no permissions boundary allows the iam:GetUser action")
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=ADMINISTRATOR)
    assert user.get_user()["User"]["PermissionsBoundary"] == shown(ADMINISTRATOR)
    iam.put_user_permissions_boundary(UserName="alice", PermissionsBoundary=SECRETS)
    assert refusal(user.get_user)[1] == "AccessDenied"
    answer = iam.delete_user_permissions_boundary(UserName="alice")
    assert only_record(server, answer)["requestParameters"] == {"userName": "alice"}
    assert "PermissionsBoundary" not in user.get_user()["User"]


def test_a_boundary_that_is_none_changes_nothing(iam: Any) -> None:
    """Neither one that does not exist nor the policy of somebody else."""
    iam.create_user(UserName="alice", PermissionsBoundary=SECRETS)
    for arn in ("arn:aws:iam::aws:policy/Nonsense", "arn:aws:iam::999999999999:policy/theirs"):
        assert refusal(iam.put_user_permissions_boundary, UserName="alice", PermissionsBoundary=arn) == (
            404,
            "NoSuchEntity",
            f"Scope ARN: {arn} does not exist or is not attachable.",
        )
    wrong = "arn:aws:iam::aws:user/somebody"
    assert refusal(iam.put_user_permissions_boundary, UserName="alice", PermissionsBoundary=wrong) == (
        400,
        "ValidationError",
        f"ARN {wrong} is not valid.",
    )
    assert iam.get_user(UserName="alice")["User"]["PermissionsBoundary"] == shown(SECRETS)


def test_who_is_absent_or_has_none_is_not_found(iam: Any) -> None:
    """A boundary cannot be removed where there is none."""
    iam.create_user(UserName="alice")
    status, code, _ = refusal(iam.delete_user_permissions_boundary, UserName="alice")
    assert (status, code) == (404, "NoSuchEntity")
    absent = user_not_found("nobody")
    assert refusal(iam.delete_user_permissions_boundary, UserName="nobody") == absent
    put = iam.put_user_permissions_boundary
    assert refusal(put, UserName="nobody", PermissionsBoundary=SECRETS) == absent


@pytest.mark.parametrize("boundary", [SECRETS, ADMINISTRATOR, None])
def test_a_delegate_makes_and_feeds_only_users_with_the_boundary(
    iam: Any, server: Any, boundary: str | None
) -> None:
    """``iam:PermissionsBoundary`` is the key with which AWS describes delegated administration."""
    iam.create_user(UserName="delegate")
    statement = {
        "Effect": "Allow",
        "Action": [
            "iam:CreateUser",
            "iam:PutUserPolicy",
            "iam:DeleteUserPolicy",
            "iam:PutUserPermissionsBoundary",
            "iam:DeleteUserPermissionsBoundary",
        ],
        "Resource": "*",
        "Condition": {"StringEquals": {"iam:PermissionsBoundary": SECRETS}},
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    iam.put_user_policy(UserName="delegate", PolicyName="p", PolicyDocument=document)
    delegate = server.client("iam", key=new_key(iam, "delegate"))
    asked = {} if boundary is None else {"PermissionsBoundary": boundary}
    calls = [
        (delegate.put_user_policy, {"PolicyName": "p", "PolicyDocument": policy("s3:*")}),
        (delegate.delete_user_policy, {"PolicyName": "p"}),
        (delegate.delete_user_permissions_boundary, {}),
    ]
    if boundary == SECRETS:
        delegate.create_user(UserName="made", **asked)
        for call, more in calls:
            call(UserName="made", **more)
        delegate.put_user_permissions_boundary(UserName="made", PermissionsBoundary=SECRETS)
        return
    assert refusal(delegate.create_user, UserName="made", **asked)[1] == "AccessDenied"
    iam.create_user(UserName="made", **asked)
    for call, more in calls:
        assert refusal(call, UserName="made", **more)[1] == "AccessDenied"
    if boundary is not None:
        put = delegate.put_user_permissions_boundary
        assert refusal(put, UserName="made", PermissionsBoundary=boundary)[1] == "AccessDenied"
