"""Grants: what they allow, whom, how far, and how they end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.kms.answers import User, arn_of, denied, policy, refusal, statement
from tests.support.accounts import Account, Key
from tests.support.server import Server


@pytest.fixture
def grantee(server: Server, account: Account) -> User:
    """A user without any rights of its own."""
    return User(server, account)


def test_a_grant_allows_its_operations_to_its_grantee_at_once(
    kms: Any, server: Server, account: Account, key_id: str, grantee: User
) -> None:
    """And nothing else, to nobody else."""
    bystander = User(server, account)
    arn = arn_of(account, key_id)
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    assert refusal(grantee.client().decrypt, CiphertextBlob=blob) == denied(grantee.arn, "Decrypt", arn)
    made = kms.create_grant(KeyId=key_id, GranteePrincipal=grantee.arn, Operations=["Decrypt", "DescribeKey"])
    assert (
        grantee.client().decrypt(CiphertextBlob=blob, GrantTokens=[made["GrantToken"]])["Plaintext"] == b"x"
    )
    assert grantee.client().describe_key(KeyId=key_id)
    assert refusal(grantee.client().encrypt, KeyId=key_id, Plaintext=b"x") == denied(
        grantee.arn, "Encrypt", arn
    )
    assert refusal(bystander.client().decrypt, CiphertextBlob=blob) == denied(bystander.arn, "Decrypt", arn)
    kms.revoke_grant(KeyId=key_id, GrantId=made["GrantId"])
    assert refusal(grantee.client().decrypt, CiphertextBlob=blob) == denied(grantee.arn, "Decrypt", arn)
    token = refusal(kms.decrypt, CiphertextBlob=blob, GrantTokens=["rubbish"])
    assert token[0] == "InvalidGrantTokenException"


@pytest.mark.parametrize(
    ("constraint", "passes", "fails"),
    [
        ("EncryptionContextSubset", {"a": "1", "b": "2"}, {"b": "2"}),
        ("EncryptionContextSubset", {"a": "1"}, {"a": "2"}),
        ("EncryptionContextEquals", {"a": "1"}, {"a": "1", "b": "2"}),
        ("EncryptionContextEquals", {"a": "1"}, {"A": "1"}),
        ("EncryptionContextEquals", {"a": "1"}, {}),
    ],
)
def test_a_constraint_binds_a_grant_to_encryption_contexts(
    kms: Any, key_id: str, grantee: User, constraint: str, passes: dict[str, str], fails: dict[str, str]
) -> None:
    """Exact and case-sensitive; operations without a context are not bound."""
    kms.create_grant(
        KeyId=key_id,
        GranteePrincipal=grantee.arn,
        Operations=["Encrypt", "DescribeKey"],
        Constraints={constraint: {"a": "1"}},
    )
    client = grantee.client()
    client.encrypt(KeyId=key_id, Plaintext=b"x", EncryptionContext=passes)
    code, _ = refusal(client.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionContext=fails)
    assert code == "AccessDeniedException"
    client.describe_key(KeyId=key_id)


def test_p02_a_deny_wins_over_a_grant(kms: Any, account: Account, key_id: str, grantee: User) -> None:
    """In the identity policy and in the key policy."""
    kms.create_grant(KeyId=key_id, GranteePrincipal=grantee.arn, Operations=["Encrypt"])
    encrypt = grantee.client().encrypt
    encrypt(KeyId=key_id, Plaintext=b"x")
    grantee.may(statement("Encrypt", effect="Deny"))
    assert "explicit deny in an identity-based" in refusal(encrypt, KeyId=key_id, Plaintext=b"x")[1]
    grantee.may(statement("ListKeys"))
    root = statement("*", Principal={"AWS": f"arn:aws:iam::{account.account_id}:root"})
    closed = statement("Encrypt", effect="Deny", Principal="*")
    kms.put_key_policy(KeyId=key_id, Policy=policy(root, closed))
    assert "explicit deny in a resource-based" in refusal(encrypt, KeyId=key_id, Plaintext=b"x")[1]


def test_a_grant_across_accounts_needs_the_other_account_too(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """The grant is the side of the key."""
    friend = User(server, server.new_account())
    arn = arn_of(account, key_id)
    kms.create_grant(KeyId=key_id, GranteePrincipal=friend.arn, Operations=["Encrypt"])
    assert refusal(friend.client().encrypt, KeyId=arn, Plaintext=b"x") == denied(friend.arn, "Encrypt", arn)
    friend.may(statement("Encrypt", resource=arn))
    assert friend.client().encrypt(KeyId=arn, Plaintext=b"x")["KeyId"] == arn


def test_p07_a_grant_is_bound_to_the_grantee_that_was(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """Who is made anew under the name has no grant; who does not exist gets none."""
    iam = server.client("iam", account)
    arn = iam.create_user(UserName="ada")["User"]["Arn"]
    kms.create_grant(KeyId=key_id, GranteePrincipal=arn, Operations=["DescribeKey"])
    iam.delete_user(UserName="ada")
    iam.create_user(UserName="ada")
    made = iam.create_access_key(UserName="ada")["AccessKey"]
    client = server.client("kms", key=Key(made["AccessKeyId"], made["SecretAccessKey"]))
    assert refusal(client.describe_key, KeyId=key_id)[0] == "AccessDeniedException"
    for nobody in (arn.replace("ada", "eve"), "nonsense", arn.replace("user/ada", "user/*")):
        if "*" in nobody:
            continue
        refused = refusal(kms.create_grant, KeyId=key_id, GranteePrincipal=nobody, Operations=["Decrypt"])
        assert refused[0] == "InvalidArnException"


def test_the_name_makes_the_call_repeatable(kms: Any, key_id: str, grantee: User) -> None:
    """The same parts under the same name are one grant; anything else, or no name, makes another."""
    asked: dict[str, Any] = {"KeyId": key_id, "GranteePrincipal": grantee.arn, "Operations": ["Decrypt"]}
    first = kms.create_grant(Name="n", **asked)["GrantId"]
    assert kms.create_grant(Name="n", **asked)["GrantId"] == first
    assert kms.create_grant(Name="m", **asked)["GrantId"] != first
    assert kms.create_grant(Name="n", **{**asked, "Operations": ["Encrypt"]})["GrantId"] != first
    assert kms.create_grant(**asked)["GrantId"] != kms.create_grant(**asked)["GrantId"]
    assert len(kms.list_grants(KeyId=key_id)["Grants"]) == 5


def test_grants_are_listed_by_pages_and_by_who_has_them(
    kms: Any, server: Server, account: Account, key_id: str, grantee: User
) -> None:
    """A listing shows what was asked for when the grant was made."""
    other = User(server, account)
    made = [
        kms.create_grant(
            KeyId=key_id,
            GranteePrincipal=who.arn,
            RetiringPrincipal=other.arn,
            Operations=["Decrypt"],
            Constraints={"EncryptionContextSubset": {"a": "1"}},
            Name="n",
        )["GrantId"]
        for who in (grantee, other)
    ]
    first = kms.list_grants(KeyId=key_id, Limit=1)
    second = kms.list_grants(KeyId=key_id, Limit=1, Marker=first["NextMarker"])
    shown = first["Grants"] + second["Grants"]
    assert (sorted(grant["GrantId"] for grant in shown), second["Truncated"]) == (sorted(made), False)
    [one] = kms.list_grants(KeyId=key_id, GranteePrincipal=grantee.arn)["Grants"]
    del one["CreationDate"]
    assert one == {
        "KeyId": arn_of(account, key_id),
        "GrantId": made[0],
        "Name": "n",
        "GranteePrincipal": grantee.arn,
        "RetiringPrincipal": other.arn,
        "IssuingAccount": f"arn:aws:iam::{account.account_id}:root",
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"a": "1"}},
    }
    assert [grant["GrantId"] for grant in kms.list_grants(KeyId=key_id, GrantId=made[1])["Grants"]] == made[
        1:
    ]
    retirable = kms.list_retirable_grants(RetiringPrincipal=other.arn)["Grants"]
    assert sorted(grant["GrantId"] for grant in retirable) == sorted(made)
    assert kms.list_retirable_grants(RetiringPrincipal=grantee.arn)["Grants"] == []


def test_a_grant_is_retired_by_those_whom_it_lets(
    kms: Any, server: Server, account: Account, key_id: str, grantee: User
) -> None:
    """The retiring principal, a grantee with RetireGrant; others need a policy."""
    retiring, bystander = User(server, account), User(server, account)

    def make(*operations: str) -> dict[str, Any]:
        made: dict[str, Any] = kms.create_grant(
            KeyId=key_id,
            GranteePrincipal=grantee.arn,
            RetiringPrincipal=retiring.arn,
            Operations=list(operations),
        )
        return made

    made = make("Decrypt")
    for user in (bystander, grantee):
        for names in ({"GrantToken": made["GrantToken"]}, {"KeyId": key_id, "GrantId": made["GrantId"]}):
            assert refusal(user.client().retire_grant, **names)[0] == "AccessDeniedException"
    retiring.client().retire_grant(GrantToken=made["GrantToken"])
    assert (
        refusal(retiring.client().retire_grant, GrantToken=made["GrantToken"])[0]
        == "InvalidGrantTokenException"
    )
    kept, gone = make("Decrypt"), make("Decrypt", "RetireGrant")
    assert refusal(grantee.client().retire_grant, GrantToken=kept["GrantToken"])[0] == "AccessDeniedException"
    grantee.client().retire_grant(KeyId=arn_of(account, key_id), GrantId=gone["GrantId"])
    assert [grant["GrantId"] for grant in kms.list_grants(KeyId=key_id)["Grants"]] == [kept["GrantId"]]


def test_p11_a_grant_is_found_with_its_own_key_only(
    kms: Any, account: Account, key_id: str, grantee: User
) -> None:
    """An id of another key's grant is as absent as one of nobody's."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.create_grant(KeyId=key_id, GranteePrincipal=grantee.arn, Operations=["Decrypt"])["GrantId"]
    for grant_id in (made, "0" * 64):
        expected = ("NotFoundException", f"Grant ID {grant_id} not found")
        assert refusal(kms.revoke_grant, KeyId=other, GrantId=grant_id) == expected
    assert len(kms.list_grants(KeyId=key_id)["Grants"]) == 1


def test_who_creates_by_a_grant_gives_on_no_more_than_it_has(
    kms: Any, server: Server, account: Account, key_id: str, grantee: User
) -> None:
    """Operations and constraints stay inside those of the grant that allows it."""
    third = User(server, account)
    kms.create_grant(
        KeyId=key_id,
        GranteePrincipal=grantee.arn,
        Operations=["CreateGrant", "Decrypt"],
        Constraints={"EncryptionContextSubset": {"a": "1"}},
    )
    create = grantee.client().create_grant
    asked: dict[str, Any] = {"KeyId": key_id, "GranteePrincipal": third.arn}
    narrow = {"EncryptionContextSubset": {"a": "1", "b": "2"}}
    for operations, constraints in (
        (["Encrypt"], narrow),
        (["Decrypt"], {}),
        (["Decrypt"], {"EncryptionContextSubset": {"b": "2"}}),
        (["Decrypt"], {"EncryptionContextEquals": {"a": "2"}}),
    ):
        refused = refusal(create, Operations=operations, Constraints=constraints, **asked)
        assert refused[0] == "AccessDeniedException"
    create(Operations=["Decrypt"], Constraints=narrow, **asked)
    create(Operations=["Decrypt"], Constraints={"EncryptionContextEquals": {"a": "1"}}, **asked)


@pytest.mark.parametrize(
    "wrong",
    [
        {"Operations": []},
        {"Operations": ["Sign"]},
        {"Constraints": {"EncryptionContextSubset": {"a": "1"}, "EncryptionContextEquals": {"a": "1"}}},
    ],
)
def test_what_no_grant_can_be_is_refused(kms: Any, key_id: str, grantee: User, wrong: dict[str, Any]) -> None:
    """Nothing is made."""
    asked = {"KeyId": key_id, "GranteePrincipal": grantee.arn, "Operations": ["Decrypt"], **wrong}
    assert refusal(kms.create_grant, **asked)[0] == "ValidationException"
    assert kms.list_grants(KeyId=key_id)["Grants"] == []


def test_making_grants_is_decided_on_what_they_would_be(
    kms: Any, server: Server, account: Account, key_id: str, grantee: User
) -> None:
    """The condition keys of CreateGrant."""
    maker = User(server, account)
    create = maker.client().create_grant
    asked: dict[str, Any] = {"KeyId": key_id, "GranteePrincipal": grantee.arn, "Operations": ["Decrypt"]}
    context = {"EncryptionContextSubset": {"a": "1"}}
    for condition, right, wrong in (
        (
            {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Decrypt"]}},
            {},
            {"Operations": ["Encrypt"]},
        ),
        ({"ArnEquals": {"kms:GranteePrincipal": grantee.arn}}, {}, {"GranteePrincipal": maker.arn}),
        ({"ArnEquals": {"kms:RetiringPrincipal": maker.arn}}, {"RetiringPrincipal": maker.arn}, {}),
        (
            {"StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"}},
            {"Constraints": context},
            {"Constraints": {"EncryptionContextEquals": {"a": "1"}}},
        ),
        ({"Bool": {"kms:GrantIsForAWSResource": "false"}}, {}, None),
        ({"Bool": {"kms:GrantIsForAWSResource": "true"}}, None, {}),
    ):
        maker.may(statement("CreateGrant", Condition=condition))
        if wrong is not None:
            assert refusal(create, **{**asked, **wrong})[0] == "AccessDeniedException"
        if right is not None:
            create(**{**asked, **right})
