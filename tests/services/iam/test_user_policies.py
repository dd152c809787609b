"""PutUserPolicy, GetUserPolicy, ListUserPolicies and DeleteUserPolicy, as a client sees them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.iam.answers import new_key, only_record, policy, refusal, user_not_found

ODD = (
    '{ "Version": "2012-10-17",\n\t"Statement": [{"Effect": "Allow", "Action": "s3:*", '
    '"Resource": "arn:aws:s3:::b+ü/%20&~*"}] }'
)


def policy_not_found(name: str) -> tuple[int, str, str]:
    """Word the refusal of a policy that the user does not have."""
    return 404, "NoSuchEntity", f"The user policy with name {name} cannot be found."


@pytest.fixture
def alice(iam: Any) -> str:
    """A user without rights."""
    iam.create_user(UserName="Alice")
    return "alice"


def test_a_document_is_kept_byte_for_byte_and_url_encoded(
    iam: Any, server: Any, account: Any, alice: str
) -> None:
    """botocore decodes it to the same object; on the wire every reserved character is escaped (RFC 3986)."""
    put = iam.put_user_policy(UserName=alice, PolicyName="p", PolicyDocument=ODD)
    found = iam.get_user_policy(UserName=alice, PolicyName="p")
    assert (found["UserName"], found["PolicyName"]) == ("Alice", "p")
    assert found["PolicyDocument"] == json.loads(ODD)
    raw = server.raw("iam", "GetUserPolicy", {"UserName": alice, "PolicyName": "p"}, account=account).body
    assert b"<PolicyDocument>%7B%20%22Version%22%3A%20%222012-10-17%22%2C%0A%09%22Statement" in raw
    assert b"b%2B%C3%BC%2F%2520%26~%2A" in raw
    record = only_record(server, put)
    assert record["requestParameters"] == {"userName": alice, "policyName": "p", "policyDocument": ODD}
    assert only_record(server, found)["requestParameters"] == {"userName": alice, "policyName": "p"}


def test_policies_are_listed_by_name_in_pages(iam: Any, server: Any, alice: str) -> None:
    """Names are told apart by case."""
    for name in ("b", "a", "B"):
        iam.put_user_policy(UserName=alice, PolicyName=name, PolicyDocument=policy("s3:*"))
    page = iam.list_user_policies(UserName=alice, MaxItems=2)
    rest = iam.list_user_policies(UserName=alice, Marker=page["Marker"])
    assert (page["PolicyNames"], rest["PolicyNames"]) == (["B", "a"], ["b"])
    assert (page["IsTruncated"], rest["IsTruncated"]) == (True, False)
    assert only_record(server, page)["requestParameters"] == {"userName": alice, "maxItems": 2}


def test_s09_a_policy_holds_from_the_next_request_until_it_is_deleted(
    iam: Any, server: Any, alice: str
) -> None:
    """Put, replace, put a Deny beside, delete: each shows at once."""
    user = server.client("iam", key=new_key(iam, alice))
    assert refusal(user.get_user)[:2] == (403, "AccessDenied")
    iam.put_user_policy(UserName=alice, PolicyName="p", PolicyDocument=policy("iam:Get*"))
    assert user.get_user()["User"]["UserName"] == "Alice"
    iam.put_user_policy(UserName=alice, PolicyName="p", PolicyDocument=policy("iam:List*"))
    assert refusal(user.get_user)[:2] == (403, "AccessDenied")
    iam.put_user_policy(UserName=alice, PolicyName="p", PolicyDocument=policy("iam:*"))
    assert user.get_user()["User"]["UserName"] == "Alice"
    iam.put_user_policy(UserName=alice, PolicyName="deny", PolicyDocument=policy("*", effect="Deny"))
    assert refusal(user.get_user)[2].endswith("with an explicit deny in an identity-based policy")
    answer = iam.delete_user_policy(UserName=alice, PolicyName="deny")
    assert user.get_user()["User"]["UserName"] == "Alice"
    assert only_record(server, answer)["requestParameters"] == {"userName": alice, "policyName": "deny"}
    iam.delete_user_policy(UserName=alice, PolicyName="p")
    assert refusal(user.get_user)[:2] == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("no json", "Syntax errors in policy."),
        ('{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}', "Syntax errors in policy."),
        (
            '{"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*"}}',
            "Policy document must be version 2012-10-17 or greater.",
        ),
        (policy("a:b", effect="aLLow"), "The policy failed legacy parsing"),
        (
            '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Resource":"*"}}',
            "Policy statement must contain actions.",
        ),
        (
            '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"bad"}}',
            "Policy statement must contain resources.",
        ),
        (policy("bad", resource="x"), 'Resource x must be in ARN format or "*".'),
        (
            policy("bad"),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
    ],
)
def test_a_malformed_document_is_refused_with_awss_text(
    iam: Any, alice: str, document: str, message: str
) -> None:
    """The first stage that fails chooses the message (recorded); nothing is stored."""
    assert refusal(iam.put_user_policy, UserName=alice, PolicyName="p", PolicyDocument=document) == (
        400,
        "MalformedPolicyDocument",
        message,
    )
    assert iam.list_user_policies(UserName=alice)["PolicyNames"] == []


def test_inline_policies_have_2048_characters_together(iam: Any, alice: str) -> None:
    """White space does not count, and a policy that is replaced does not count twice."""

    def of_size(size: int) -> str:
        bare = policy("s3:").replace(" ", "")
        return bare.replace("s3:", "s3:" + "x" * (size - len(bare)))

    iam.put_user_policy(UserName=alice, PolicyName="a", PolicyDocument=of_size(1000))
    iam.put_user_policy(UserName=alice, PolicyName="b", PolicyDocument=" \n\t\r" * 500 + of_size(1048))
    iam.put_user_policy(UserName=alice, PolicyName="b", PolicyDocument=of_size(1048))
    too_long = (409, "LimitExceeded", "Maximum policy size of 2048 bytes exceeded for user Alice")
    assert (
        refusal(iam.put_user_policy, UserName=alice, PolicyName="b", PolicyDocument=of_size(1049)) == too_long
    )
    assert (
        refusal(iam.put_user_policy, UserName=alice, PolicyName="c", PolicyDocument=policy("s3:*"))
        == too_long
    )


@pytest.mark.parametrize("operation", ["get_user_policy", "delete_user_policy"])
def test_an_absent_policy_is_not_found(iam: Any, alice: str, operation: str) -> None:
    """The refusal repeats the name."""
    assert refusal(getattr(iam, operation), UserName=alice, PolicyName="p") == policy_not_found("p")


@pytest.mark.parametrize("operation", ["get_user_policy", "delete_user_policy", "put_user_policy"])
def test_j03_other_characters_in_a_policy_name_are_refused(iam: Any, alice: str, operation: str) -> None:
    """The text is the one AWS's clients see."""
    more = {"PolicyDocument": policy("s3:*")} if operation == "put_user_policy" else {}
    assert refusal(getattr(iam, operation), UserName=alice, PolicyName="a/b", **more) == (
        400,
        "ValidationError",
        "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or "
        "the following: +=,.@_-",
    )


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("put_user_policy", {"PolicyName": "p", "PolicyDocument": "no json"}),
        ("get_user_policy", {"PolicyName": "p"}),
        ("list_user_policies", {}),
        ("delete_user_policy", {"PolicyName": "p"}),
    ],
)
def test_an_absent_user_is_not_found(iam: Any, operation: str, more: dict[str, str]) -> None:
    """The user is looked up before the policy."""
    assert refusal(getattr(iam, operation), UserName="nobody", **more) == user_not_found("nobody")
