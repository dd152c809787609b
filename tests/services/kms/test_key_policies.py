"""Who may use a key: key policies, the account's delegation, other accounts, conditions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.kms.answers import User, arn_of, denied, policy, refusal, statement
from tests.support.accounts import Account, Key
from tests.support.server import Server

LOCKED_OUT = (
    "MalformedPolicyDocumentException",
    "The new key policy will not allow you to update the key policy in the future.",
)
UNKNOWN = (
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
)


def admin_of(account: Account) -> str:
    """Name the administrator."""
    return f"arn:aws:iam::{account.account_id}:user/admin"


def for_admin(account: Account) -> dict[str, Any]:
    """Let the administrator do everything, and nobody else."""
    return statement("*", Principal={"AWS": admin_of(account)})


def test_the_default_policy_hands_on_to_the_account(kms: Any, account: Account, key_id: str) -> None:
    """As AWS writes it."""
    assert kms.list_key_policies(KeyId=key_id)["PolicyNames"] == ["default"]
    shown = kms.get_key_policy(KeyId=key_id)
    assert shown["PolicyName"] == "default"
    assert json.loads(shown["Policy"]) == {
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [
            {
                "Sid": "Enable IAM User Permissions",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account.account_id}:root"},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }


def test_p02_without_the_account_in_the_policy_identity_policies_allow_nothing(
    kms: Any, server: Server, account: Account
) -> None:
    """A key policy is mandatory: all rights in the account are none on this key; a name in it is enough."""
    reader, holder = User(server, account), User(server, account, statement("*"))
    text = policy(for_admin(account), statement("Encrypt", Principal={"AWS": reader.arn}))
    key_id = kms.create_key(Policy=text)["KeyMetadata"]["KeyId"]
    arn = arn_of(account, key_id)
    assert reader.client().encrypt(KeyId=key_id, Plaintext=b"x")["KeyId"] == arn
    expected = denied(holder.arn, "Encrypt", arn, "resource")
    assert refusal(holder.client().encrypt, KeyId=key_id, Plaintext=b"x") == expected
    reader.may(statement("Encrypt", effect="Deny"))
    assert (
        "explicit deny in an identity-based"
        in refusal(reader.client().encrypt, KeyId=key_id, Plaintext=b"x")[1]
    )


def test_k05_a_policy_holds_from_the_next_request_on(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """The text is kept as it was put; a Deny in it wins over everything."""
    user = User(server, account, statement("Encrypt"))
    encrypt = user.client().encrypt
    encrypt(KeyId=key_id, Plaintext=b"x")
    delegating = json.loads(kms.get_key_policy(KeyId=key_id)["Policy"])["Statement"][0]
    text = policy(delegating, statement("Encrypt", effect="Deny", Principal={"AWS": user.arn}))
    kms.put_key_policy(KeyId=key_id, Policy=text)
    assert kms.get_key_policy(KeyId=key_id)["Policy"] == text
    code, message = refusal(encrypt, KeyId=key_id, Plaintext=b"x")
    assert code == "AccessDeniedException"
    assert message.endswith("with an explicit deny in a resource-based policy")


def test_p10_a_policy_that_shuts_its_author_out_is_refused(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """Unless the caller says that it knows; nothing is changed by the refusal."""
    before = kms.get_key_policy(KeyId=key_id)["Policy"]
    someone = User(server, account).arn
    for text in (
        policy(statement("*", Principal={"AWS": someone})),
        policy(for_admin(account), statement("PutKeyPolicy", effect="Deny", Principal="*")),
    ):
        assert refusal(kms.put_key_policy, KeyId=key_id, Policy=text) == LOCKED_OUT
        assert refusal(kms.create_key, Policy=text) == LOCKED_OUT
        assert kms.get_key_policy(KeyId=key_id)["Policy"] == before
    text = policy(statement("*", Principal={"AWS": someone}))
    kms.put_key_policy(KeyId=key_id, Policy=text, BypassPolicyLockoutSafetyCheck=True)
    assert refusal(kms.get_key_policy, KeyId=key_id)[0] == "AccessDeniedException"


@pytest.mark.parametrize(
    "principal",
    ["arn:aws:iam::{account}:user/nobody", "arn:aws:iam::{account}:role/nobody", "AIDAAAAAAAAAAAAAAAAAA",
     "999999999999", "arn:aws:iam::999999999999:root", "not an arn", "arn:aws:iam::{account}:user/*"],
)  # fmt: skip
def test_principals_that_do_not_exist_are_refused(
    kms: Any, account: Account, key_id: str, principal: str
) -> None:
    """A policy is about somebody."""
    name = principal.format(account=account.account_id)
    text = policy(for_admin(account), statement("Encrypt", Principal={"AWS": name}))
    assert refusal(kms.put_key_policy, KeyId=key_id, Policy=text) == UNKNOWN


def test_p07_who_is_made_anew_under_an_old_name_is_not_meant(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """The policy is bound to the unique id, and shows it when its owner is gone."""
    iam = server.client("iam", account)
    user_id = iam.create_user(UserName="ada")["User"]["UserId"]
    arn = f"arn:aws:iam::{account.account_id}:user/ada"
    text = policy(for_admin(account), statement("DescribeKey", Principal={"AWS": arn}))
    kms.put_key_policy(KeyId=key_id, Policy=text)
    iam.delete_user(UserName="ada")
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    client = server.client("kms", key=Key(made["AccessKeyId"], made["SecretAccessKey"]))
    assert refusal(client.describe_key, KeyId=key_id)[0] == "AccessDeniedException"
    shown = json.loads(kms.get_key_policy(KeyId=key_id)["Policy"])["Statement"][1]
    assert shown["Principal"] == {"AWS": user_id}


def test_p02_another_account_needs_the_key_policy_and_its_own(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """Both sides must agree, and only operations that work across accounts do."""
    other = server.new_account()
    arn = arn_of(account, key_id)
    friend = User(server, other, statement("*"))
    assert refusal(friend.client().encrypt, KeyId=arn, Plaintext=b"x") == denied(
        friend.arn, "Encrypt", arn, "resource"
    )
    text = policy(
        for_admin(account), statement("*", Principal={"AWS": f"arn:aws:iam::{other.account_id}:root"})
    )
    kms.put_key_policy(KeyId=key_id, Policy=text)
    made = friend.client().encrypt(KeyId=arn, Plaintext=b"x")
    assert friend.client().decrypt(CiphertextBlob=made["CiphertextBlob"])["KeyId"] == arn
    stranger = User(server, other)
    assert refusal(stranger.client().encrypt, KeyId=arn, Plaintext=b"x") == denied(
        stranger.arn, "Encrypt", arn
    )
    assert refusal(friend.client().disable_key, KeyId=arn) == denied(
        friend.arn, "DisableKey", arn, "resource"
    )
    assert refusal(friend.client().describe_key, KeyId=key_id)[0] == "NotFoundException"


def test_a_use_across_accounts_stands_in_both_trails(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """The owner sees that, when, and which account, not who; a denied use stands with the caller alone."""
    other = server.new_account()
    arn = arn_of(account, key_id)
    friend = User(server, other, statement("Encrypt"))
    refusal(friend.client().encrypt, KeyId=arn, Plaintext=b"x")
    assert server.records("Encrypt", account=account) == []
    text = policy(for_admin(account), statement("Encrypt", Principal={"AWS": friend.arn}))
    kms.put_key_policy(KeyId=key_id, Policy=text)
    friend.client().encrypt(KeyId=arn, Plaintext=b"x")
    [theirs] = server.records("Encrypt", account=account)
    mine = server.records("Encrypt", account=other)[-1]
    assert theirs["sharedEventID"] == mine["sharedEventID"]
    assert theirs["eventID"] != mine["eventID"]
    assert theirs["userIdentity"]["type"] == "AWSAccount"
    assert theirs["userIdentity"]["accountId"] == other.account_id
    assert "arn" not in theirs["userIdentity"]
    assert mine["userIdentity"]["arn"] == friend.arn


CONDITIONS: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    # a condition, members with which Encrypt passes, and members with which it does not
    ("context", {"StringEquals": {"kms:EncryptionContext:App": "a"}},
     {"EncryptionContext": {"App": "a"}}, {"EncryptionContext": {"App": "b"}}),
    ("context key in another case", {"StringEquals": {"kms:encryptioncontext:APP": "a"}},
     {"EncryptionContext": {"App": "a"}}, {}),
    ("context keys", {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "App"}},
     {"EncryptionContext": {"App": "a", "More": ""}}, {"EncryptionContext": {"app": "a"}}),
    ("only these context keys",
     {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["App"]}, "Null": {"kms:EncryptionContextKeys":
     "false"}}, {"EncryptionContext": {"App": "a"}}, {"EncryptionContext": {"App": "a", "More": ""}}),
    ("request alias", {"StringLike": {"kms:RequestAlias": "alias/app-*"}}, {"KeyId": "alias"}, {}),
    ("algorithm", {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}, {}, {"KeyId": "none"}),
    ("not by way of a service", {"Null": {"kms:ViaService": "true"}}, {}, {"KeyId": "none"}),
    ("key", {"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyUsage": "ENCRYPT_DECRYPT",
     "kms:KeyOrigin": "AWS_KMS"}, "Bool": {"kms:MultiRegion": "false"}}, {}, {"KeyId": "none"}),
    ("resource alias", {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/app-*"}}, {}, {"KeyId": "other"}),
]  # fmt: skip


@pytest.mark.parametrize("case", CONDITIONS, ids=[case[0] for case in CONDITIONS])
def test_every_condition_key_of_use_decides(
    kms: Any, server: Server, account: Account, key_id: str, case: tuple[str, Any, Any, Any]
) -> None:
    """With the condition met the user may encrypt, otherwise not."""
    _, condition, right, wrong = case
    alias = f"alias/app-{key_id}"
    kms.create_alias(AliasName=alias, TargetKeyId=key_id)
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    user = User(server, account, statement("Encrypt", Condition=condition))
    names = {"alias": alias, "other": other, "none": "alias/absent"}

    def members(given: dict[str, Any]) -> dict[str, Any]:
        named = names.get(given.get("KeyId", ""), key_id)
        return {"Plaintext": b"x", **given, "KeyId": named}

    user.client().encrypt(**members(right))
    code = refusal(user.client().encrypt, **members(wrong))[0]
    assert code == ("NotFoundException" if wrong.get("KeyId") == "none" else "AccessDeniedException")


ADMINISTRATION: list[tuple[str, str, dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ("caller account", "schedule_key_deletion", {"StringEquals": {"kms:CallerAccount": "{account}"}}, {}, {}),
    ("waiting time", "schedule_key_deletion",
     {"NumericGreaterThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "20"}},
     {"PendingWindowInDays": 20}, {"PendingWindowInDays": 19}),
    ("period", "enable_key_rotation", {"NumericLessThanEquals": {"kms:RotationPeriodInDays": "100"}},
     {"RotationPeriodInDays": 100}, {"RotationPeriodInDays": 101}),
    ("tags", "tag_resource",
     {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
     {"Tags": [{"TagKey": "team", "TagValue": "a"}]},
     {"Tags": [{"TagKey": "team", "TagValue": "a"}, {"TagKey": "x", "TagValue": ""}]}),
    ("untag", "untag_resource", {"ForAllValues:StringEquals": {"aws:TagKeys": ["x"]}},
     {"TagKeys": ["x"]}, {"TagKeys": ["y"]}),
]  # fmt: skip


@pytest.mark.parametrize("case", ADMINISTRATION, ids=[case[0] for case in ADMINISTRATION])
def test_every_condition_key_of_administration_decides(
    server: Server, account: Account, key_id: str, case: tuple[str, str, Any, Any, Any]
) -> None:
    """The same for operations that change a key."""
    _, operation, condition, right, wrong = case
    condition = json.loads(json.dumps(condition).replace("{account}", account.account_id))
    action = "".join(part.capitalize() for part in operation.split("_"))
    user = User(server, account, statement(action, Condition=condition))
    if wrong:
        assert refusal(getattr(user.client(), operation), KeyId=key_id, **wrong)[0] == "AccessDeniedException"
    getattr(user.client(), operation)(KeyId=key_id, **right)


def test_making_keys_is_decided_on_what_they_are_to_be(server: Server, account: Account) -> None:
    """The condition keys of CreateKey, and the second right that tags need."""
    condition = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
    user = User(
        server, account, statement("CreateKey"), statement("CreateKey", effect="Deny", Condition=condition)
    )
    kms = user.client()
    kms.create_key()
    assert refusal(kms.create_key, BypassPolicyLockoutSafetyCheck=True)[0] == "AccessDeniedException"
    tags = [{"TagKey": "team", "TagValue": "a"}]
    code, text = refusal(kms.create_key, Tags=tags)
    assert code == "AccessDeniedException"
    assert "kms:TagResource" in text
    user.may(statement("CreateKey", "TagResource", Condition={"StringEquals": {"aws:RequestTag/team": "a"}}))
    kms.create_key(Tags=tags)
    assert refusal(kms.create_key)[0] == "AccessDeniedException"


def test_statements_without_action_or_resource_are_stored_and_do_nothing(
    kms: Any, account: Account, key_id: str
) -> None:
    """As AWS has it for key policies."""
    idle = {"Effect": "Deny", "Principal": "*", "Action": "kms:*"}
    text = policy(for_admin(account), idle)
    kms.put_key_policy(KeyId=key_id, Policy=text)
    assert kms.encrypt(KeyId=key_id, Plaintext=b"x")
