"""GetCallerIdentity, as a client sees it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError

from strongroom.services.sts import SERVICE
from tests.services.iam.answers import new_key, only_record, policy, refusal


def test_the_caller_learns_who_it_is(iam: Any, sts: Any, server: Any, account: Any) -> None:
    """Unique id, account and ARN; one record, read only, without parameters."""
    answer = sts.get_caller_identity()
    assert answer["Account"] == account.account_id
    assert answer["Arn"] == f"arn:aws:iam::{account.account_id}:user/admin"
    assert answer["UserId"] == iam.get_user()["User"]["UserId"]
    record = only_record(server, answer)
    assert (record["eventName"], record["eventSource"]) == ("GetCallerIdentity", "sts.amazonaws.com")
    assert record["readOnly"] is True
    assert not record.get("requestParameters")
    assert record["userIdentity"]["type"] == "IAMUser"
    assert record["userIdentity"]["accessKeyId"] == account.access_key_id


def test_no_policy_is_needed_and_none_takes_it_away(iam: Any, server: Any) -> None:
    """A user without rights may ask, and so may one with an explicit Deny."""
    iam.create_user(UserName="alice", Path="/team/")
    alice = server.client("sts", key=new_key(iam, "alice"))
    assert alice.get_caller_identity()["Arn"].endswith(":user/team/alice")
    iam.put_user_policy(UserName="alice", PolicyName="no", PolicyDocument=policy("*", effect="Deny"))
    assert alice.get_caller_identity()["Arn"].endswith(":user/team/alice")


def presigned(server: Any, account: Any) -> str:
    """Sign a request into an address; return its path and query."""
    url = server.client("sts", account).generate_presigned_url(
        "get_caller_identity", ExpiresIn=60, HttpMethod="GET"
    )
    parts = urlsplit(url)
    return f"{parts.path or '/'}?{parts.query}"


def test_it_answers_presigned_requests(server: Any, account: Any) -> None:
    """Other systems take such an address as a proof of identity."""
    answer = server.get(presigned(server, account))
    assert answer.status == 200
    assert f"<Arn>arn:aws:iam::{account.account_id}:user/admin</Arn>".encode() in answer.body


def test_s05_a_changed_presigned_request_is_refused(server: Any, account: Any) -> None:
    """A longer life than was signed is no life."""
    target = presigned(server, account)
    answer = server.get(target.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"))
    assert answer.status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body


def test_s07_no_other_operation_answers_presigned_requests(server: Any, account: Any) -> None:
    """An address that changes something could be passed on and clicked."""
    client = server.client("iam", account)
    url = client.generate_presigned_url("create_user", {"UserName": "eve"}, HttpMethod="GET")
    answer = server.get("/?" + urlencode(parse_qsl(urlsplit(url).query)))
    assert answer.status == 400
    assert b"<Code>IncompleteSignature</Code>" in answer.body
    with pytest.raises(ClientError):
        client.get_user(UserName="eve")


def test_s06_a_signature_for_another_service_does_not_open_sts(server: Any, account: Any) -> None:
    """The scope names the service that answers."""
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    answer = server.raw("iam", "GetCallerIdentity", body, account=account)
    assert answer.status == 403
    assert b"<Code>SignatureDoesNotMatch</Code>" in answer.body


def test_operations_that_are_not_served_say_so(sts: Any) -> None:
    """The reason is that of the table."""
    got = refusal(
        sts.assume_root, TargetPrincipal="123456789012", TaskPolicyArn={"arn": "arn:aws:iam::aws:policy/x"}
    )
    assert got == (
        400,
        "UnsupportedOperationException",
        f"AssumeRoot is not served by Strongroom: {SERVICE.unserved['AssumeRoot']}",
    )
