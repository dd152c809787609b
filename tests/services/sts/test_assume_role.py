"""AssumeRole: who may, what the credentials are good for, and what stands in the record."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.iam.answers import only_record, refusal
from tests.services.sts.roles import (
    ANYTHING,
    assume,
    document,
    key_of,
    new_name,
    new_role,
    new_user,
    trusting,
)

MAY_ASSUME = {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}


def denied(caller: str, action: str, role: str) -> tuple[int, str, str]:
    """Word the refusal; it never says which policy was missing."""
    return (
        403,
        "AccessDenied",
        f"User: {caller} is not authorized to perform: {action} on resource: {role}",
    )


@pytest.fixture
def admin(account: Any) -> str:
    """The ARN of the administrator."""
    return f"arn:aws:iam::{account.account_id}:user/admin"


def test_the_credentials_are_those_of_the_role(
    server: Any, account: Any, iam: Any, sts: Any, admin: str
) -> None:
    """Id, ARN and account are the role's; the ARN of the session drops the path."""
    role = new_role(iam, trust=trusting(admin), name="reader", Path="/apps/")
    answer = sts.assume_role(RoleArn=role, RoleSessionName="one@example.com")
    role_id = iam.get_role(RoleName="reader")["Role"]["RoleId"]
    arn = f"arn:aws:sts::{account.account_id}:assumed-role/reader/one@example.com"
    assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{role_id}:one@example.com", "Arn": arn}
    assert "PackedPolicySize" not in answer
    made = answer["Credentials"]
    assert made["AccessKeyId"].startswith("ASIA")
    assert len(made["SecretAccessKey"]) == 40
    assert len(made["SessionToken"]) == answer["SessionTokenSize"] < 1_000
    who = server.client("sts", key=key_of(answer)).get_caller_identity()
    assert who["Arn"] == arn
    assert who["UserId"] == f"{role_id}:one@example.com"
    assert who["Account"] == account.account_id
    assert server.client("sts").get_access_key_info(AccessKeyId=made["AccessKeyId"])["Account"] == (
        account.account_id
    )


def test_the_record_is_cloudtrails_and_holds_no_credentials(
    server: Any, account: Any, iam: Any, sts: Any, admin: str
) -> None:
    """What was asked, the id and the end of the credentials, the role as resource; neither secret nor token."""
    role = new_role(iam, trust=trusting(admin), name="reader")
    answer = sts.assume_role(RoleArn=role, RoleSessionName="one", ExternalId="ticket/7")
    record = only_record(server, answer)
    made = answer["Credentials"]
    assert record["eventName"] == "AssumeRole"
    assert record["readOnly"] is True
    assert record["requestParameters"] == {
        "roleArn": role,
        "roleSessionName": "one",
        "externalId": "ticket/7",
    }
    shown = record["responseElements"]
    assert shown["credentials"]["accessKeyId"] == made["AccessKeyId"]
    assert shown["credentials"].keys() == {"accessKeyId", "expiration"}
    assert shown["assumedRoleUser"]["arn"] == answer["AssumedRoleUser"]["Arn"]
    assert record["resources"] == [{"accountId": account.account_id, "type": "AWS::IAM::Role", "ARN": role}]
    written = json.dumps(record)
    assert made["SecretAccessKey"] not in written
    assert made["SessionToken"] not in written


def test_records_of_a_session_say_whose_it_is(
    server: Any, account: Any, iam: Any, sts: Any, admin: str
) -> None:
    """The identity names the session and the role behind it; there is no user name."""
    role = new_role(
        iam,
        ANYTHING,
        trust=trusting(admin, actions=("sts:AssumeRole", "sts:SetSourceIdentity")),
        name="reader",
        Path="/apps/",
    )
    key = assume(sts, role, "one", SourceIdentity="alice")
    answer = server.client("iam", key=key).get_role(RoleName="reader")
    identity = only_record(server, answer)["userIdentity"]
    role_id = answer["Role"]["RoleId"]
    created = identity["sessionContext"]["attributes"].pop("creationDate")
    assert created.endswith("Z")
    assert identity == {
        "type": "AssumedRole",
        "principalId": f"{role_id}:one",
        "arn": f"arn:aws:sts::{account.account_id}:assumed-role/reader/one",
        "accountId": account.account_id,
        "accessKeyId": key.access_key_id,
        "sessionContext": {
            "sessionIssuer": {
                "type": "Role",
                "principalId": role_id,
                "arn": role,
                "accountId": account.account_id,
                "userName": "reader",
            },
            "webIdFederationData": {},
            "attributes": {"mfaAuthenticated": "false"},
            "sourceIdentity": "alice",
        },
    }


def test_lookup_events_finds_a_session_by_its_name_and_its_key(
    server: Any, account: Any, iam: Any, sts: Any, admin: str
) -> None:
    """The user name of a role's session is the session name."""
    role = new_role(iam, trust=trusting(admin))
    name = new_name()
    key = assume(sts, role, name)
    server.client("sts", key=key).get_caller_identity()
    server.run_background()
    trail = server.client("cloudtrail", account)
    for attribute, value in (("Username", name), ("AccessKeyId", key.access_key_id)):
        found = trail.lookup_events(LookupAttributes=[{"AttributeKey": attribute, "AttributeValue": value}])[
            "Events"
        ]
        assert [event["EventName"] for event in found] == ["GetCallerIdentity"]


def test_rights_are_the_roles(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """What the role may is what the session may, and no more, whoever assumed it."""
    reads = {"Effect": "Allow", "Action": "iam:GetRole", "Resource": "*"}
    role = new_role(iam, reads, trust=trusting(admin), name="reader")
    session = server.client("iam", key=assume(sts, role, "one"))
    assert session.get_role(RoleName="reader")["Role"]["Arn"] == role
    status, code, text = refusal(session.list_users)
    assert (status, code) == (403, "AccessDenied")
    assert ":assumed-role/reader/one is not authorized to perform: iam:ListUsers" in text


def test_s09_a_changed_role_holds_on_the_next_request(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """A policy that is put, a boundary that is set, a tag that is changed: no session lives in the past."""
    role = new_role(iam, trust=trusting(admin), name="reader")
    session = server.client("iam", key=assume(sts, role))
    assert refusal(session.get_role, RoleName="reader")[1] == "AccessDenied"
    iam.put_role_policy(
        RoleName="reader",
        PolicyName="rights",
        PolicyDocument=document(
            {
                "Effect": "Allow",
                "Action": "iam:GetRole",
                "Resource": "*",
                "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
            }
        ),
    )
    assert refusal(session.get_role, RoleName="reader")[1] == "AccessDenied"
    iam.tag_role(RoleName="reader", Tags=[{"Key": "team", "Value": "blue"}])
    assert session.get_role(RoleName="reader")["Role"]["Arn"] == role
    iam.delete_role_policy(RoleName="reader", PolicyName="rights")
    assert refusal(session.get_role, RoleName="reader")[1] == "AccessDenied"


def test_p07_sessions_die_with_their_role_and_do_not_rise_with_its_name(
    server: Any, iam: Any, sts: Any, admin: str
) -> None:
    """A role that is made anew under the old name has none of the old one's sessions."""
    role = new_role(iam, trust=trusting(admin), name="reader")
    session = server.client("sts", key=assume(sts, role))
    session.get_caller_identity()
    iam.delete_role(RoleName="reader")
    gone = (403, "InvalidClientTokenId", "The security token included in the request is invalid.")
    assert refusal(session.get_caller_identity) == gone
    new_role(iam, ANYTHING, trust=trusting(admin), name="reader")
    assert refusal(session.get_caller_identity) == gone


def test_p07_a_user_made_anew_is_not_trusted(server: Any, iam: Any) -> None:
    """The trust policy means the user that there was when it was put."""
    arn, key = new_user(iam)
    name = arn.rpartition("/")[2]
    role = new_role(iam, trust=trusting(arn))
    assume(server.client("sts", key=key), role)
    iam.delete_access_key(UserName=name, AccessKeyId=key.access_key_id)
    iam.delete_user(UserName=name)
    iam.create_user(UserName=name)
    made = iam.create_access_key(UserName=name)["AccessKey"]
    other = server.client("sts", key=type(key)(made["AccessKeyId"], made["SecretAccessKey"]))
    got = refusal(other.assume_role, RoleArn=role, RoleSessionName="one")
    assert got == denied(arn, "sts:AssumeRole", role)


def test_who_is_named_needs_no_policy_and_who_is_only_of_the_account_does(
    server: Any, account: Any, iam: Any
) -> None:
    """The account hands the decision to its own policies."""
    arn, key = new_user(iam)
    caller = server.client("sts", key=key)
    named = new_role(iam, trust=trusting(arn))
    assume(caller, named)
    of_account = new_role(iam, trust=trusting(account.account_id))
    assert refusal(caller.assume_role, RoleArn=of_account, RoleSessionName="one") == denied(
        arn, "sts:AssumeRole", of_account
    )
    _, key = new_user(iam, {**MAY_ASSUME, "Resource": of_account})
    assume(server.client("sts", key=key), of_account)


def test_p09_absent_untrusting_and_wrong_external_id_look_alike(server: Any, account: Any, iam: Any) -> None:
    """One text, whatever is missing: the role, its trust, or the external id."""
    arn, key = new_user(iam, MAY_ASSUME)
    caller = server.client("sts", key=key)
    locked = new_role(
        iam,
        trust=trusting(account.account_id, conditions={"StringEquals": {"sts:ExternalId": "right"}}),
    )
    untrusting = new_role(iam, trust=trusting("ec2.amazonaws.com", kind="Service"))
    absent = f"arn:aws:iam::{account.account_id}:role/{new_name()}"
    elsewhere = "arn:aws:iam::999988887777:role/elsewhere"
    for role in (locked, untrusting, absent, elsewhere):
        for more in ({}, {"ExternalId": "wrong"}):
            got = refusal(caller.assume_role, RoleArn=role, RoleSessionName="one", **more)
            assert got == denied(arn, "sts:AssumeRole", role)
    assume(caller, locked, ExternalId="right")


def test_another_account_needs_both_sides(server: Any, account: Any, iam: Any, sts: Any) -> None:
    """The trust of the role's account and a policy of the caller's; each alone is not enough."""
    other = server.new_account()
    others = server.client("iam", other)
    theirs = new_role(others, ANYTHING, trust=trusting(account.account_id))
    arn, key = new_user(iam)
    assert refusal(
        server.client("sts", key=key).assume_role, RoleArn=theirs, RoleSessionName="one"
    ) == denied(arn, "sts:AssumeRole", theirs)
    _, key = new_user(iam, {**MAY_ASSUME, "Resource": theirs})
    session = assume(server.client("sts", key=key), theirs)
    assert server.client("sts", key=session).get_caller_identity()["Account"] == other.account_id
    closed = new_role(others, trust=trusting(other.account_id))
    assert refusal(sts.assume_role, RoleArn=closed, RoleSessionName="one")[1] == "AccessDenied"


def test_both_accounts_learn_of_a_role_that_is_assumed_across(
    server: Any, account: Any, iam: Any, sts: Any, admin: str
) -> None:
    """The owner's record does not name the caller; both carry one shared id; a refusal is the caller's alone."""
    other = server.new_account()
    role = new_role(server.client("iam", other), trust=trusting(account.account_id))
    answer = sts.assume_role(RoleArn=role, RoleSessionName="across")
    request_id = answer["ResponseMetadata"]["RequestId"]
    (own,) = server.records(request_id=request_id, account=account)
    (theirs,) = server.records(request_id=request_id, account=other)
    assert own["userIdentity"]["arn"] == admin
    assert theirs["userIdentity"].keys() == {"type", "principalId", "accountId"}
    assert theirs["userIdentity"]["type"] == "AWSAccount"
    assert theirs["userIdentity"]["accountId"] == account.account_id
    assert own["sharedEventID"] == theirs["sharedEventID"]
    assert own["eventID"] != theirs["eventID"]
    before = len(server.records("AssumeRole", account=other))
    closed = new_role(server.client("iam", other), trust=trusting(other.account_id))
    assert refusal(sts.assume_role, RoleArn=closed, RoleSessionName="one")[1] == "AccessDenied"
    assert len(server.records("AssumeRole", account=other)) == before


def test_a_role_may_assume_itself_only_when_it_is_trusted(
    server: Any, account: Any, iam: Any, sts: Any, admin: str
) -> None:
    """Since 2022 a role needs itself in its trust policy."""
    role = new_role(iam, MAY_ASSUME, trust=trusting(admin), name="reader")
    session = server.client("sts", key=assume(sts, role, "one"))
    arn = session.get_caller_identity()["Arn"]
    assert refusal(session.assume_role, RoleArn=role, RoleSessionName="two") == denied(
        arn, "sts:AssumeRole", role
    )
    iam.update_assume_role_policy(RoleName="reader", PolicyDocument=document(trusting(admin), trusting(role)))
    assume(session, role, "two")


@pytest.mark.parametrize(
    "arn", ["arn:aws:iam::111122223333:user/a", "arn:aws:iam::12345:role/abcdefg", "x" * 20]
)
def test_what_is_no_role_is_refused(sts: Any, arn: str) -> None:
    """The text is AWS's."""
    got = refusal(sts.assume_role, RoleArn=arn, RoleSessionName="one")
    assert got == (400, "ValidationError", f"{arn} is invalid")


def test_constraints_are_worded_as_aws_does(sts: Any, account: Any) -> None:
    """The recorded text."""
    role = f"arn:aws:iam::{account.account_id}:role/reader"
    got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="Session1:2")
    assert got == (
        400,
        "ValidationError",
        "1 validation error detected: Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: "
        r"Member must satisfy regular expression pattern: [\w+=,.@-]*",
    )


def test_a_session_lives_as_long_as_the_role_allows(iam: Any, sts: Any, admin: str) -> None:
    """An hour by default; longer only where the role says so."""
    role = new_role(iam, trust=trusting(admin), MaxSessionDuration=7_200)
    answer = sts.assume_role(RoleArn=role, RoleSessionName="one", DurationSeconds=7_200)
    asked = answer["ResponseMetadata"]["HTTPHeaders"]["date"]
    from email.utils import parsedate_to_datetime

    left = answer["Credentials"]["Expiration"] - parsedate_to_datetime(asked)
    assert 7_195 <= left.total_seconds() <= 7_201
    got = refusal(sts.assume_role, RoleArn=role, RoleSessionName="one", DurationSeconds=7_201)
    assert got == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    )


def test_a_chained_session_lives_one_hour_at_most(server: Any, iam: Any, sts: Any, admin: str) -> None:
    """Whatever the role allows."""
    first = new_role(iam, trust=trusting(admin))
    second = new_role(iam, trust=trusting(first), MaxSessionDuration=43_200)
    iam.put_role_policy(
        RoleName=first.rpartition("/")[2], PolicyName="rights", PolicyDocument=document(MAY_ASSUME)
    )
    session = server.client("sts", key=assume(sts, first))
    assume(session, second, DurationSeconds=3_600)
    got = refusal(session.assume_role, RoleArn=second, RoleSessionName="two", DurationSeconds=3_601)
    assert got == (
        400,
        "ValidationError",
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
    )


def test_s09_an_expired_session_opens_nothing_and_its_use_is_recorded(moved_server: Any) -> None:
    """``now >= expiry`` is expired; the clock is the one that gave the expiry."""
    iam, sts = moved_server.client("iam"), moved_server.client("sts")
    arn = f"arn:aws:iam::{moved_server.first.account_id}:user/admin"
    role = new_role(iam, ANYTHING, trust=trusting(arn))
    key = assume(sts, role, DurationSeconds=900)
    session = moved_server.client("sts", key=key)
    secrets = moved_server.client("secretsmanager", key=key)
    moved_server.advance(seconds=890)
    session.get_caller_identity()
    secrets.list_secrets()
    moved_server.advance(seconds=10)
    text = "The security token included in the request is expired"
    assert refusal(session.get_caller_identity) == (403, "ExpiredToken", text)
    with pytest.raises(secrets.exceptions.ClientError) as caught:
        secrets.list_secrets()
    assert caught.value.response["Error"] == {"Code": "ExpiredTokenException", "Message": text}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    record = only_record(moved_server, caught.value.response)
    assert record["errorCode"] == "ExpiredTokenException"
    assert record["userIdentity"]["accessKeyId"] == key.access_key_id
