"""CreateUser, as a client sees it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from strongroom.errors import Fault
from strongroom.gateway.context import Context
from strongroom.services.iam.create_user import CREATE_USER
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.model import User
from strongroom.services.iam.recorded import render_date
from tests.services.iam.answers import new_key, only_record, policy, refusal
from tests.services.iam.store import ACCOUNT, NOW_MS, IAMStore


def test_a_user_is_made_with_path_and_tags(iam: Any, server: Any, account: Any) -> None:
    """The answer has identity, path and tags; the record shows the same, with dates as CloudTrail has them."""
    made = iam.create_user(UserName="Alice", Path="/team/blue/", Tags=[{"Key": "Cost", "Value": "42"}])
    user = made["User"]
    assert user["UserName"] == "Alice"
    assert user["Arn"] == f"arn:aws:iam::{account.account_id}:user/team/blue/Alice"
    assert re.fullmatch("AIDA[A-Z2-7]{17}", user["UserId"])
    assert abs((datetime.now(UTC) - user["CreateDate"]).total_seconds()) < 60
    assert user["Tags"] == [{"Key": "Cost", "Value": "42"}]
    record = only_record(server, made)
    assert (record["eventName"], record["eventSource"]) == ("CreateUser", "iam.amazonaws.com")
    assert (record["awsRegion"], record["readOnly"]) == ("us-east-1", False)
    assert record["requestParameters"] == {
        "userName": "Alice",
        "path": "/team/blue/",
        "tags": [{"key": "Cost", "value": "42"}],
    }
    assert record["responseElements"] == {
        "user": {
            "path": "/team/blue/",
            "userName": "Alice",
            "userId": user["UserId"],
            "arn": user["Arn"],
            "createDate": render_date(user["CreateDate"].timestamp()),
            "tags": [{"key": "Cost", "value": "42"}],
        }
    }


def test_without_tags_none_are_echoed(iam: Any) -> None:
    """The path is / unless it is given; Tags is absent."""
    user = iam.create_user(UserName="plain")["User"]
    assert user["Path"] == "/"
    assert "Tags" not in user


def test_names_are_unique_without_regard_to_case(iam: Any) -> None:
    """The refusal repeats the name as it was sent; a path makes no difference."""
    iam.create_user(UserName="Alice")
    assert refusal(iam.create_user, UserName="aLICE", Path="/other/") == (
        409,
        "EntityAlreadyExists",
        "User with name aLICE already exists.",
    )


def test_accounts_have_names_of_their_own(iam: Any, server: Any) -> None:
    """The same name may exist in two accounts."""
    iam.create_user(UserName="alice")
    other = server.client("iam", server.new_account())
    assert other.create_user(UserName="alice")["User"]["UserName"] == "alice"


@pytest.mark.parametrize("name", ["a/b", "a b", "ä", "a\n", "a:b", "\u212a"])
def test_j03_other_characters_in_a_name_are_refused(iam: Any, name: str) -> None:
    """Letters, digits and +=,.@_- in ASCII; the text is the one AWS's clients see."""
    assert refusal(iam.create_user, UserName=name) == (
        400,
        "ValidationError",
        "The specified value for userName is invalid. It must contain only alphanumeric characters and/or "
        "the following: +=,.@_-",
    )


@pytest.mark.parametrize("path", ["team", "/team", "team/", "//team x/", "/ä/", "/a/\n"])
def test_other_paths_are_refused(iam: Any, path: str) -> None:
    """A path begins and ends with a slash (recorded text)."""
    assert refusal(iam.create_user, UserName="alice", Path=path) == (
        400,
        "ValidationError",
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric "
        "characters and/or / characters.",
    )


def test_a_name_that_is_too_long_is_refused_without_its_value(iam: Any) -> None:
    """Constraint texts of IAM do not print the value (recorded)."""
    assert refusal(iam.create_user, UserName="x" * 65) == (
        400,
        "ValidationError",
        "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length "
        "less than or equal to 64",
    )


def test_tag_keys_that_differ_by_case_only_are_refused(iam: Any) -> None:
    """They could not be told apart in conditions."""
    tags = [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]
    assert refusal(iam.create_user, UserName="alice", Tags=tags) == (
        400,
        "InvalidInput",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    )


@pytest.mark.parametrize("key", ["aws:x", "AWS:x"])
def test_tag_keys_of_aws_are_refused(iam: Any, key: str) -> None:
    """The prefix aws: is reserved."""
    status, code, _ = refusal(iam.create_user, UserName="alice", Tags=[{"Key": key, "Value": "1"}])
    assert (status, code) == (400, "InvalidInput")


def test_p05_a_tag_value_with_a_wildcard_is_refused(iam: Any) -> None:
    """No policy variable may ever stand for a pattern."""
    status, code, message = refusal(iam.create_user, UserName="alice", Tags=[{"Key": "team", "Value": "*"}])
    assert (status, code) == (400, "ValidationError")
    assert "Member must satisfy regular expression pattern" in message


@pytest.mark.parametrize(
    ("arn", "expected"),
    [
        (
            "arn:aws:iam::aws:policy/Nonsense",
            (
                404,
                "NoSuchEntity",
                "Scope ARN: arn:aws:iam::aws:policy/Nonsense does not exist or is not attachable.",
            ),
        ),
        (
            "arn:aws:iam::111122223333:role/x",
            (400, "ValidationError", "ARN arn:aws:iam::111122223333:role/x is not valid."),
        ),
    ],
)
def test_a_permissions_boundary_that_is_none_makes_no_user(iam: Any, arn: str, expected: Any) -> None:
    """Leaving it out would give the user more than its maker wants."""
    assert refusal(iam.create_user, UserName="alice", PermissionsBoundary=arn) == expected
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["admin"]


def test_who_may_create_under_a_path_may_not_elsewhere(iam: Any, server: Any) -> None:
    """The policy is evaluated on the ARN that the user will have (P-01)."""
    iam.create_user(UserName="maker")
    iam.put_user_policy(
        UserName="maker",
        PolicyName="make",
        PolicyDocument=policy("iam:CreateUser", resource="arn:aws:iam::*:user/team/*"),
    )
    maker = server.client("iam", key=new_key(iam, "maker"))
    assert maker.create_user(UserName="one", Path="/team/")["User"]["UserName"] == "one"
    status, code, message = refusal(maker.create_user, UserName="two")
    assert (status, code) == (403, "AccessDenied")
    assert ":user/two because no identity-based policy allows" in message


def test_the_tags_that_a_user_is_to_have_are_condition_keys(iam: Any, server: Any) -> None:
    """A policy may ask for a value, and may forbid all other keys."""
    iam.create_user(UserName="maker")
    condition = {
        "StringEquals": {"aws:RequestTag/team": "blue"},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Team"]},
    }
    document = policy("iam:CreateUser").replace(
        '"Resource"', f'"Condition": {json.dumps(condition)}, "Resource"'
    )
    iam.put_user_policy(UserName="maker", PolicyName="make", PolicyDocument=document)
    maker = server.client("iam", key=new_key(iam, "maker"))
    team, other = {"Key": "Team", "Value": "blue"}, {"Key": "Boss", "Value": "me"}
    for tags in ([], [{"Key": "Team", "Value": "red"}], [team, other]):
        assert refusal(maker.create_user, UserName="new", Tags=tags)[1] == "AccessDenied"
    assert maker.create_user(UserName="new", Tags=[team])["User"]["Tags"] == [team]


def test_an_account_has_at_most_5000_users(store: IAMStore) -> None:
    """The handler refuses the next one; another account is not concerned."""
    with store.change() as transaction:
        for number in range(4_998):
            USERS.insert(transaction, User(ACCOUNT, f"AIDA{number}", f"user{number}", "/", NOW_MS))
    credential = store.find(store.admin.access_key_id)
    assert credential is not None

    def create(name: str) -> None:
        context = Context(
            caller=credential.caller,
            now_ms=NOW_MS,
            region="us-east-1",
            request_id="",
            source_ip="",
            user_agent="",
            is_secure=False,
            rows=store.transaction,
            deployment=None,
            inner=None,  # type: ignore[arg-type]  # the handler calls no other operation
        )
        request = CREATE_USER.request(user_name=name)
        CREATE_USER.handle(context, request, CREATE_USER.target(context, request))

    with store.change():
        create("last")
    with pytest.raises(Fault, match="Cannot exceed quota for UsersPerAccount: 5000") as caught:
        create("too-many")
    assert (caught.value.code, caught.value.status) == ("LimitExceeded", 409)
