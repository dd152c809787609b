"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy and ValidateResourcePolicy, as a client sees them."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from strongroom.control import ControlRefused
from tests.services.secretsmanager.answers import INVALID_NAME, MARKED, NOT_FOUND, plain, refusal, request_id
from tests.support.accounts import Key

BROAD = "You can't attach a resource-based policy that allows broad access to the secret."
SYNTAX = "This resource policy contains a syntax error."
LOCKOUT = "Your requested changes will not allow you to manage this secret in the future."


def policy(*statements: dict[str, Any], **members: Any) -> str:
    """Write a policy; statements without some member get a harmless one."""
    plain_statement = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    document = {"Version": "2012-10-17", "Statement": [plain_statement | each for each in statements]}
    return json.dumps(document | members)


EVERYBODY = policy({"Principal": "*"})
SOMEBODY_ELSE = "123456789012"


@pytest.fixture(autouse=True, scope="module")
def somebody_else(server: Any) -> None:
    """The other account that policies here name: an account that does not exist cannot be named."""
    with contextlib.suppress(ControlRefused):  # made before on this server
        server.new_account(SOMEBODY_ELSE)


@pytest.fixture
def secret(secretsmanager: Any) -> dict[str, Any]:
    """A secret with a value."""
    created: dict[str, Any] = secretsmanager.create_secret(Name="guarded", SecretString="a value")
    return created


def test_a_policy_is_kept_as_it_was_sent(secretsmanager: Any, secret: dict[str, Any], account: Any) -> None:
    """Put, get, replace, delete: the text comes back to the letter, and is absent where there is none."""
    whose = {"ARN": secret["ARN"], "Name": "guarded"}
    assert plain(secretsmanager.get_resource_policy(SecretId="guarded")) == whose
    text = policy({"Principal": {"AWS": f"arn:aws:iam::{account.account_id}:root"}}).replace(", ", " ,\n\t")
    assert plain(secretsmanager.put_resource_policy(SecretId=secret["ARN"], ResourcePolicy=text)) == whose
    got = plain(secretsmanager.get_resource_policy(SecretId="guarded"))
    assert got == {**whose, "ResourcePolicy": text}
    other = policy({"Principal": {"AWS": account.account_id}})
    secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=other)
    assert secretsmanager.get_resource_policy(SecretId="guarded")["ResourcePolicy"] == other
    assert plain(secretsmanager.delete_resource_policy(SecretId="guarded")) == whose
    assert plain(secretsmanager.get_resource_policy(SecretId="guarded")) == whose


def test_deleting_no_policy_changes_nothing(secretsmanager: Any, secret: dict[str, Any]) -> None:
    """Deletion is idempotent, and only a real one is a change of the secret."""
    before = secretsmanager.describe_secret(SecretId="guarded")["LastChangedDate"]
    secretsmanager.delete_resource_policy(SecretId="guarded")
    assert secretsmanager.describe_secret(SecretId="guarded")["LastChangedDate"] == before
    secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=EVERYBODY)
    put = secretsmanager.describe_secret(SecretId="guarded")["LastChangedDate"]
    assert put > before
    secretsmanager.delete_resource_policy(SecretId="guarded")
    assert secretsmanager.describe_secret(SecretId="guarded")["LastChangedDate"] > put


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", SYNTAX),
        ("[]", SYNTAX),
        ('{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}', SYNTAX),
        (policy({"Principal": "*", "Effect": "AllowSomething"}), SYNTAX),
        (policy({}), SYNTAX),
        (policy({"Principal": "*"}, Version="2020-01-01"), "This policy has invalid syntax."),
        (
            policy({"Principal": {"AWS": "arn:aws:iam::123456789012:user/*"}}),
            "This resource policy contains an unsupported principal.",
        ),
        (
            policy({"Principal": {"Service": "nobody"}}),
            "This resource policy contains an invalid service principal.",
        ),
    ],
)
def test_what_is_no_policy_is_refused(
    secretsmanager: Any, secret: dict[str, Any], text: str, message: str
) -> None:
    """A malformed policy is not attached, and ValidateResourcePolicy tells the same."""
    expected = ("MalformedPolicyDocumentException", message)
    put = secretsmanager.put_resource_policy
    assert refusal(put, SecretId="guarded", ResourcePolicy=text) == expected
    assert "ResourcePolicy" not in secretsmanager.get_resource_policy(SecretId="guarded")
    answer = plain(secretsmanager.validate_resource_policy(SecretId="guarded", ResourcePolicy=text))
    assert answer == {
        "PolicyValidationPassed": False,
        "ValidationErrors": [{"CheckName": "Syntax", "ErrorMessage": message}],
    }


def narrowed(operator: str, key: str, value: Any) -> str:
    """Let in everybody for whom a condition holds."""
    return policy({"Principal": {"AWS": "*"}, "Condition": {operator: {key: value}}})


@pytest.mark.parametrize(
    "text",
    [
        EVERYBODY,
        policy({"Principal": {"AWS": "*"}}),
        policy({"Principal": {"AWS": ["arn:aws:iam::123456789012:root", "*"]}}),
        policy({"Principal": {"AWS": "123456789012"}}, {"Principal": "*", "Action": "secretsmanager:*"}),
        narrowed("StringLike", "aws:SourceAccount", "1234*"),
        narrowed("StringEquals", "aws:SourceVpc", ["vpc-1", "${aws:SourceVpc}"]),
        narrowed("ArnLike", "aws:SourceArn", "arn:aws:s3:::?"),
        narrowed("StringNotEquals", "aws:SourceAccount", "123456789012"),
        narrowed("StringEqualsIfExists", "aws:SourceAccount", "123456789012"),
        narrowed("ForAllValues:StringEquals", "aws:SourceVpce", "vpce-1"),
        narrowed("StringEquals", "secretsmanager:VersionStage", "AWSCURRENT"),
        narrowed("Null", "aws:SourceVpc", "false"),
        narrowed("IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]),
        narrowed("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/app"),
        policy({"Principal": "*"}, {"Principal": {"AWS": "123456789012"}, "Effect": "Deny"}),
    ],
)
def test_p10_broad_access_is_refused_on_request_only(
    secretsmanager: Any, secret: dict[str, Any], text: str
) -> None:
    """BlockPublicPolicy refuses what lets in everybody; without it such a policy is attached (recorded)."""
    put = secretsmanager.put_resource_policy
    blocked = refusal(put, SecretId="guarded", ResourcePolicy=text, BlockPublicPolicy=True)
    assert blocked == ("PublicPolicyException", BROAD)
    assert "ResourcePolicy" not in secretsmanager.get_resource_policy(SecretId="guarded")
    answer = plain(secretsmanager.validate_resource_policy(ResourcePolicy=text))
    assert answer == {
        "PolicyValidationPassed": False,
        "ValidationErrors": [{"CheckName": "BroadAccess", "ErrorMessage": BROAD}],
    }
    put(SecretId="guarded", ResourcePolicy=text, BlockPublicPolicy=False)
    put(SecretId="guarded", ResourcePolicy=text)
    assert secretsmanager.get_resource_policy(SecretId="guarded")["ResourcePolicy"] == text


@pytest.mark.parametrize(
    "text",
    [
        policy({"Principal": {"AWS": "123456789012"}}),
        policy({"Principal": {"Service": "lambda.amazonaws.com"}}),
        policy({"Principal": "*", "Effect": "Deny"}),
        narrowed("StringEquals", "aws:SourceAccount", "123456789012"),
        narrowed("StringEqualsIgnoreCase", "AWS:SOURCEVPC", ["vpc-1", "vpc-2"]),
        narrowed("ArnLike", "aws:SourceArn", "arn:aws:sns:us-east-1:123456789012:topic"),
        narrowed("StringLike", "aws:SourceVpce", "vpce-1"),
        narrowed("ArnLike", "aws:PrincipalArn", "arn:aws:iam::123456789012:role/*"),
        policy(
            {"Principal": "*"},
            {
                "Principal": "*",
                "Effect": "Deny",
                "Action": "secretsmanager:*Value",
                "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
            },
        ),
    ],
)
def test_p10_narrow_access_is_not_broad(secretsmanager: Any, secret: dict[str, Any], text: str) -> None:
    """Named principals, denials, and everybody from a fixed source pass BlockPublicPolicy."""
    secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=text, BlockPublicPolicy=True)
    assert secretsmanager.get_resource_policy(SecretId="guarded")["ResourcePolicy"] == text
    secretsmanager.delete_resource_policy(SecretId="guarded")
    answer = plain(secretsmanager.validate_resource_policy(SecretId="guarded", ResourcePolicy=text))
    assert answer == {"PolicyValidationPassed": True, "ValidationErrors": []}


@pytest.mark.parametrize("named", [{}, {"SecretId": "guarded"}])
def test_validation_tells_every_check_that_fails(
    secretsmanager: Any, secret: dict[str, Any], named: dict[str, str]
) -> None:
    """A policy may be too broad and lock its author out at once; nothing is attached."""
    text = policy(
        {"Principal": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "secretsmanager:Put*"},
    )
    answer = plain(secretsmanager.validate_resource_policy(ResourcePolicy=text, **named))
    assert answer == {
        "PolicyValidationPassed": False,
        "ValidationErrors": [
            {"CheckName": "BroadAccess", "ErrorMessage": BROAD},
            {"CheckName": "Lockout", "ErrorMessage": LOCKOUT},
        ],
    }
    assert "ResourcePolicy" not in secretsmanager.get_resource_policy(SecretId="guarded")


def test_validation_knows_who_asks(
    secretsmanager: Any, secret: dict[str, Any], limited_client: Any, account: Any
) -> None:
    """A policy that shuts out one user locks out that user only."""
    client, user_arn = limited_client({"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"})
    text = policy({"Effect": "Deny", "Principal": {"AWS": user_arn}, "Action": "secretsmanager:*"})
    by_user = client.validate_resource_policy(SecretId="guarded", ResourcePolicy=text)
    assert [error["CheckName"] for error in by_user["ValidationErrors"]] == ["Lockout"]
    by_admin = secretsmanager.validate_resource_policy(SecretId="guarded", ResourcePolicy=text)
    assert by_admin["PolicyValidationPassed"] is True


def test_validation_needs_the_permission_to_put(secretsmanager: Any, limited_client: Any) -> None:
    """Two permissions, and the second is named when it lacks."""
    secretsmanager.create_secret(Name="any")
    client, user_arn = limited_client(
        {"Effect": "Allow", "Action": "secretsmanager:ValidateResourcePolicy", "Resource": "*"}
    )
    assert refusal(client.validate_resource_policy, SecretId="any", ResourcePolicy=EVERYBODY) == (
        "AccessDeniedException",
        f"User: {user_arn} is not authorized to perform: secretsmanager:PutResourcePolicy on resource: any "
        "because no identity-based policy allows the secretsmanager:PutResourcePolicy action",
    )


def calls(client: Any, secret_id: str) -> list[tuple[str, Any, dict[str, Any]]]:
    """Give every operation of this file on a secret."""
    return [
        (
            "PutResourcePolicy",
            client.put_resource_policy,
            {"SecretId": secret_id, "ResourcePolicy": EVERYBODY},
        ),
        ("GetResourcePolicy", client.get_resource_policy, {"SecretId": secret_id}),
        ("DeleteResourcePolicy", client.delete_resource_policy, {"SecretId": secret_id}),
        (
            "ValidateResourcePolicy",
            client.validate_resource_policy,
            {"SecretId": secret_id, "ResourcePolicy": EVERYBODY},
        ),
    ]


def test_an_absent_secret_and_a_name_that_is_none_are_told(secretsmanager: Any) -> None:
    """All four operations have the two texts (the second is recorded)."""
    for _, call, parameters in calls(secretsmanager, "absent"):
        assert refusal(call, **parameters) == NOT_FOUND
    for _, call, parameters in calls(secretsmanager, "not a name"):
        assert refusal(call, **parameters) == INVALID_NAME


def test_a_secret_that_waits_for_deletion_only_shows_its_policy(secretsmanager: Any) -> None:
    """Its policy can be read, but neither changed nor judged."""
    secretsmanager.create_secret(Name="given-up")
    secretsmanager.put_resource_policy(SecretId="given-up", ResourcePolicy=EVERYBODY)
    secretsmanager.delete_secret(SecretId="given-up")
    for name, call, parameters in calls(secretsmanager, "given-up"):
        if name == "GetResourcePolicy":
            assert call(**parameters)["ResourcePolicy"] == EVERYBODY
        else:
            assert refusal(call, **parameters) == MARKED


def test_p09_who_has_no_rights_learns_nothing(secretsmanager: Any, limited_client: Any) -> None:
    """An absent and a present secret are refused alike."""
    secretsmanager.create_secret(Name="present")
    client, user_arn = limited_client()
    for (name, call, present), (_, _, missing) in zip(
        calls(client, "present"), calls(client, "missing"), strict=True
    ):
        of_present = refusal(call, **present)
        assert of_present == (
            "AccessDeniedException",
            f"User: {user_arn} is not authorized to perform: secretsmanager:{name} on resource: present because "
            f"no identity-based policy allows the secretsmanager:{name} action",
        )
        code, message = refusal(call, **missing)
        assert (code, message.replace("missing", "present")) == of_present


def test_a_policy_holds_from_the_next_request_on(
    secretsmanager: Any, secret: dict[str, Any], limited_client: Any
) -> None:
    """What a policy grants and denies is so at once, and no longer once it is gone."""
    client, user_arn = limited_client()
    grant = policy({"Principal": {"AWS": user_arn}})
    for _ in range(2):
        assert refusal(client.get_secret_value, SecretId=secret["ARN"])[0] == "AccessDeniedException"
        secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=grant)
        assert client.get_secret_value(SecretId=secret["ARN"])["SecretString"] == "a value"
        secretsmanager.delete_resource_policy(SecretId="guarded")
    shut = policy({"Effect": "Deny", "Principal": "*"})
    secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=shut)
    code, message = refusal(secretsmanager.get_secret_value, SecretId="guarded")
    assert code == "AccessDeniedException"
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_block_public_policy_is_a_condition_key(secretsmanager: Any, limited_client: Any) -> None:
    """A user may be bound to ask for the check; a request that leaves the member out has no such key."""
    secretsmanager.create_secret(Name="any")
    client, _ = limited_client(
        {
            "Effect": "Allow",
            "Action": "secretsmanager:PutResourcePolicy",
            "Resource": "*",
            "Condition": {"Bool": {"secretsmanager:BlockPublicPolicy": "true"}},
        }
    )
    text = policy({"Principal": {"AWS": "123456789012"}})
    client.put_resource_policy(SecretId="any", ResourcePolicy=text, BlockPublicPolicy=True)
    for more in ({}, {"BlockPublicPolicy": False}):
        code, _ = refusal(client.put_resource_policy, SecretId="any", ResourcePolicy=text, **more)
        assert code == "AccessDeniedException"


def test_the_one_policy_is_named_default(secretsmanager: Any, secret: dict[str, Any]) -> None:
    """The name may be given, and no other exists."""
    whose = {"SecretId": "guarded", "PolicyName": "default"}
    assert secretsmanager.put_resource_policy(**whose, ResourcePolicy=EVERYBODY)["PolicyName"] == "default"
    assert secretsmanager.get_resource_policy(**whose)["ResourcePolicy"] == EVERYBODY
    assert secretsmanager.delete_resource_policy(**whose)["PolicyName"] == "default"
    other = {"SecretId": "guarded", "PolicyName": "other"}
    assert refusal(secretsmanager.put_resource_policy, **other, ResourcePolicy=EVERYBODY)[0] == (
        "InvalidParameterException"
    )
    for call in (secretsmanager.get_resource_policy, secretsmanager.delete_resource_policy):
        assert refusal(call, **other)[0] == "ResourceNotFoundException"


@pytest.mark.parametrize("length", [0, 20_481])
def test_the_length_of_a_policy_has_limits(server: Any, account: Any, length: int) -> None:
    """1 to 20,480 characters."""
    body = {"SecretId": "any", "ResourcePolicy": " " * length}
    status, _, answer = server.raw(
        "secretsmanager", "secretsmanager.PutResourcePolicy", body, account=account
    )
    assert status == 400
    assert json.loads(answer)["__type"] == "ValidationException"


def test_l02_each_call_has_one_record(server: Any, secretsmanager: Any, secret: dict[str, Any]) -> None:
    """Records name the secret as it was sent and show the policy; those of changes show what was changed."""
    shown_secret = {"arn": secret["ARN"], "name": "guarded"}
    expected = {
        "PutResourcePolicy": (False, {"secretId": "guarded", "resourcePolicy": EVERYBODY}, shown_secret),
        "GetResourcePolicy": (True, {"secretId": "guarded"}, None),
        "DeleteResourcePolicy": (False, {"secretId": "guarded"}, shown_secret),
        "ValidateResourcePolicy": (True, {"secretId": "guarded", "resourcePolicy": EVERYBODY}, None),
    }
    for name, call, parameters in calls(secretsmanager, "guarded"):
        (record,) = server.records(request_id=request_id(call(**parameters)))
        assert record["eventName"] == name
        shown = (record["readOnly"], record["requestParameters"], record["responseElements"])
        assert shown == expected[name]


def test_a_policy_may_let_another_account_in(
    server: Any, secretsmanager: Any, secret: dict[str, Any]
) -> None:
    """The administrator of another account manages the policy by ARN, as far as the policy lets it (recorded)."""
    other = server.new_account()
    foreign = server.client("secretsmanager", other)
    with pytest.raises(ClientError, match="AccessDenied"):
        foreign.get_resource_policy(SecretId=secret["ARN"])
    text = policy(
        {"Principal": {"AWS": f"arn:aws:iam::{other.account_id}:root"}, "Action": "secretsmanager:*"}
    )
    secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=text)
    assert foreign.get_resource_policy(SecretId=secret["ARN"])["ResourcePolicy"] == text
    # The other account may replace the policy, but not by one that no longer lets it do so.
    harmless = policy({"Principal": {"AWS": "123456789012"}})
    judged = foreign.validate_resource_policy(SecretId=secret["ARN"], ResourcePolicy=harmless)
    assert [error["CheckName"] for error in judged["ValidationErrors"]] == ["Lockout"]
    assert plain(foreign.delete_resource_policy(SecretId=secret["ARN"])) == {
        "ARN": secret["ARN"],
        "Name": "guarded",
    }


UNSUPPORTED = ("MalformedPolicyDocumentException", "This resource policy contains an unsupported principal.")


def test_p07_who_is_named_must_exist(
    server: Any, secretsmanager: Any, secret: dict[str, Any], account: Any
) -> None:
    """Users, roles, unique ids and accounts; path and case count. Nothing is attached, and the check says it too."""
    iam = server.client("iam", account)
    iam.create_user(UserName="alice", Path="/p/")
    root = f"arn:aws:iam::{account.account_id}"
    for name in (
        f"{root}:user/alice",
        f"{root}:user/p/Alice",
        f"{root}:role/p/alice",
        "arn:aws:iam::111122223333:root",
        "111122223333",
        "AIDAAAAAAAAAAAAAAAAAA",
    ):
        text = policy({"Principal": {"AWS": [account.account_id, name]}})
        assert (
            refusal(secretsmanager.put_resource_policy, SecretId="guarded", ResourcePolicy=text)
            == UNSUPPORTED
        )
        judged = secretsmanager.validate_resource_policy(SecretId="guarded", ResourcePolicy=text)
        (found,) = judged["ValidationErrors"]
        assert found["ErrorMessage"] == UNSUPPORTED[1]
    assert "ResourcePolicy" not in secretsmanager.get_resource_policy(SecretId="guarded")
    text = policy({"Principal": {"AWS": f"{root}:user/p/alice"}})
    secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=text)


def test_p07_a_user_made_anew_is_not_meant(
    server: Any, secretsmanager: Any, secret: dict[str, Any], account: Any
) -> None:
    """Neither by an Allow nor by a Deny; the policy shows the id of who is gone, and the ARN of who was renamed."""
    iam = server.client("iam", account)
    root = f"arn:aws:iam::{account.account_id}"

    def new_user() -> tuple[str, Any]:
        user_id = iam.create_user(UserName="alice")["User"]["UserId"]
        made = iam.create_access_key(UserName="alice")["AccessKey"]
        key = Key(made["AccessKeyId"], made["SecretAccessKey"])
        return user_id, server.client("secretsmanager", key=key)

    def shown() -> Any:
        text = secretsmanager.get_resource_policy(SecretId="guarded")["ResourcePolicy"]
        return json.loads(text)["Statement"][0]["Principal"]["AWS"]

    first_id, first = new_user()
    text = policy({"Principal": {"AWS": f"{root}:user/alice"}})
    secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=text)
    assert first.get_secret_value(SecretId="guarded")["SecretString"] == "a value"
    iam.update_user(UserName="alice", NewUserName="alice2", NewPath="/p/")
    assert first.get_secret_value(SecretId="guarded")["SecretString"] == "a value"
    assert shown() == f"{root}:user/p/alice2"
    second_id, second = new_user()
    assert refusal(second.get_secret_value, SecretId="guarded")[0] == "AccessDeniedException"
    iam.update_user(UserName="alice", NewUserName="bob")
    iam.update_user(UserName="alice2", NewUserName="alice", NewPath="/")
    assert secretsmanager.get_resource_policy(SecretId="guarded")["ResourcePolicy"] == text
    for each in iam.list_access_keys(UserName="alice")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="alice", AccessKeyId=each["AccessKeyId"])
    iam.delete_user(UserName="alice")
    assert shown() == first_id
    third_id, third = new_user()
    assert len({first_id, second_id, third_id}) == 3
    assert refusal(third.get_secret_value, SecretId="guarded")[0] == "AccessDeniedException"
    assert shown() == first_id
    secretsmanager.put_resource_policy(SecretId="guarded", ResourcePolicy=text)
    assert third.get_secret_value(SecretId="guarded")["SecretString"] == "a value"
