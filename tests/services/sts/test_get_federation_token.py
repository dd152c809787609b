"""GetFederationToken: credentials for somebody else, never with more rights than the user who asks."""

from __future__ import annotations

from typing import Any

from tests.services.iam.answers import only_record, refusal
from tests.services.sts.roles import ANYTHING, document, key_of, new_user

LISTS = {"Effect": "Allow", "Action": "secretsmanager:ListSecrets", "Resource": "*"}


def test_the_rights_are_those_of_both(server: Any, iam: Any, account: Any) -> None:
    """The user's and the session policy's; without a session policy none."""
    arn, key = new_user(iam, LISTS, {"Effect": "Allow", "Action": "sts:GetFederationToken", "Resource": "*"})
    caller = server.client("sts", key=key)
    answer = caller.get_federation_token(Name="bob", Policy=document(ANYTHING))
    federated = f"arn:aws:sts::{account.account_id}:federated-user/bob"
    assert answer["FederatedUser"] == {"FederatedUserId": f"{account.account_id}:bob", "Arn": federated}
    record = only_record(server, answer)
    assert record["responseElements"]["federatedUser"]["arn"] == federated
    session = key_of(answer)
    listed = server.client("secretsmanager", key=session).list_secrets()
    identity = only_record(server, listed)["userIdentity"]
    assert identity["type"] == "FederatedUser"
    assert identity["arn"] == federated
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == arn
    got = server.raw("secretsmanager", "GetRandomPassword", {}, key=session)
    assert got.status == 400
    nothing = key_of(caller.get_federation_token(Name="bob"))
    assert server.raw("secretsmanager", "ListSecrets", {}, key=nothing).status == 400


def test_it_opens_neither_iam_nor_sts(server: Any, iam: Any) -> None:
    """But for the question who one is."""
    _, key = new_user(iam, ANYTHING)
    answer = server.client("sts", key=key).get_federation_token(Name="bob", Policy=document(ANYTHING))
    session = key_of(answer)
    assert refusal(server.client("iam", key=session).list_users)[1] == "InvalidClientTokenId"
    caller = server.client("sts", key=session)
    caller.get_caller_identity()
    assert refusal(caller.get_session_token)[1] == "AccessDenied"


def test_it_needs_a_permission(server: Any, iam: Any) -> None:
    """``sts:GetFederationToken`` on the federated user."""
    _, key = new_user(iam, LISTS)
    got = refusal(server.client("sts", key=key).get_federation_token, Name="bob")
    assert got[:2] == (403, "AccessDenied")
    assert "sts:GetFederationToken" in got[2]
