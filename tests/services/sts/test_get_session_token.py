"""GetSessionToken: the user itself, for a while."""

from __future__ import annotations

from typing import Any

import pytest

from strongroom.policy.evaluate import UNGOVERNED_ACTIONS
from tests.services.iam.answers import only_record, refusal
from tests.services.sts.roles import ANYTHING, assume, key_of, new_role, new_user, trusting


def test_the_credentials_are_the_users(server: Any, iam: Any) -> None:
    """Same ARN, same rights, no permission needed; the record names the user and says that it is a session."""
    arn, key = new_user(iam, {"Effect": "Allow", "Action": "secretsmanager:ListSecrets", "Resource": "*"})
    assert "sts:GetSessionToken" in UNGOVERNED_ACTIONS
    answer = server.client("sts", key=key).get_session_token()
    record = only_record(server, answer)
    assert record["responseElements"]["credentials"].keys() == {"accessKeyId", "expiration"}
    session = key_of(answer)
    listed = server.client("secretsmanager", key=session).list_secrets()
    identity = only_record(server, listed)["userIdentity"]
    assert identity["type"] == "IAMUser"
    assert identity["arn"] == arn
    assert identity["userName"] == arn.rpartition("/")[2]
    assert identity["accessKeyId"] == session.access_key_id
    assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"
    assert server.client("sts", key=session).get_caller_identity()["Arn"] == arn


def test_it_opens_neither_iam_nor_most_of_sts(server: Any, iam: Any) -> None:
    """Without a second factor; AssumeRole and GetCallerIdentity are left."""
    arn, key = new_user(iam, ANYTHING)
    session = key_of(server.client("sts", key=key).get_session_token())
    assert refusal(server.client("iam", key=session).list_users) == (
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )
    caller = server.client("sts", key=session)
    assert refusal(caller.get_session_token) == (
        403,
        "AccessDenied",
        "Cannot call GetSessionToken with session credentials",
    )
    assert refusal(caller.get_federation_token, Name="bob")[1] == "AccessDenied"
    assume(caller, new_role(iam, trust=trusting(arn)))


def test_a_roles_session_cannot_ask(server: Any, iam: Any, sts: Any, account: Any) -> None:
    """Only a long-term key can."""
    role = new_role(iam, ANYTHING, trust=trusting(f"arn:aws:iam::{account.account_id}:user/admin"))
    session = server.client("sts", key=assume(sts, role))
    for call, more in ((session.get_session_token, {}), (session.get_federation_token, {"Name": "bob"})):
        assert refusal(call, **more)[:2] == (403, "AccessDenied")


@pytest.mark.parametrize("end", ["key off", "key gone", "user gone"])
def test_s09_it_ends_with_the_user_and_the_key_that_asked(server: Any, iam: Any, end: str) -> None:
    """On the next request."""
    arn, key = new_user(iam)
    name = arn.rpartition("/")[2]
    caller = server.client("sts", key=key_of(server.client("sts", key=key).get_session_token()))
    caller.get_caller_identity()
    if end == "key off":
        iam.update_access_key(UserName=name, AccessKeyId=key.access_key_id, Status="Inactive")
    else:
        iam.delete_access_key(UserName=name, AccessKeyId=key.access_key_id)
        if end == "user gone":
            iam.delete_user(UserName=name)
            iam.create_user(UserName=name)
    assert refusal(caller.get_caller_identity)[:2] == (403, "InvalidClientTokenId")


def test_durations(sts: Any, server: Any, account: Any) -> None:
    """900 seconds to 36 hours."""
    for seconds in (899, 129_601):
        answer = server.raw("sts", "GetSessionToken", {"DurationSeconds": seconds}, account=account)
        assert answer.status == 400
        assert b"<Code>ValidationError</Code>" in answer.body
    sts.get_session_token(DurationSeconds=129_600)
