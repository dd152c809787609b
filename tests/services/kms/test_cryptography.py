"""Encrypt, Decrypt, ReEncrypt, data keys: answers, contexts, attacks on ciphertexts."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.services.kms.answers import User, arn_of, denied, refusal, statement
from tests.support.accounts import Account
from tests.support.server import Server

DRY = (
    "DryRunOperationException",
    "The request would have succeeded, but the DryRun option is set.",
)
INVALID = ("InvalidCiphertextException", "")
FOREIGN = (
    "AccessDeniedException",
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
    "or you are not allowed to access.",
)
CONTEXT = {"App": "billing", "Stage": "prod"}


def encrypted(
    kms: Any, key_id: str, plaintext: bytes = b"plain", context: dict[str, str] | None = None
) -> bytes:
    """Encrypt; give the ciphertext."""
    made = kms.encrypt(KeyId=key_id, Plaintext=plaintext, EncryptionContext=context or {})
    blob: bytes = made["CiphertextBlob"]
    return blob


@pytest.mark.parametrize("size", [1, 4096])
def test_what_was_encrypted_is_decrypted(kms: Any, account: Account, key_id: str, size: int) -> None:
    """Answers carry the ARN of the key and, but for Encrypt, the id of its material."""
    plaintext = bytes(range(256)) * 16
    made = kms.encrypt(KeyId=key_id, Plaintext=plaintext[:size], EncryptionContext=CONTEXT)
    assert (made["KeyId"], made["EncryptionAlgorithm"]) == (arn_of(account, key_id), "SYMMETRIC_DEFAULT")
    assert "KeyMaterialId" not in made
    turned = dict(reversed(CONTEXT.items()))
    for more in ({}, {"KeyId": key_id}, {"KeyId": arn_of(account, key_id)}):
        found = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=turned, **more)
        assert found["Plaintext"] == plaintext[:size]
        assert found["KeyId"] == arn_of(account, key_id)
        assert found["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
        shown = kms.describe_key(KeyId=key_id)["KeyMetadata"]
        assert found["KeyMaterialId"] == shown["CurrentKeyMaterialId"]
    assert kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"] != encrypted(kms, key_id, b"x")


@pytest.mark.parametrize(
    "context",
    [{}, {"App": "billing"}, {**CONTEXT, "More": ""}, {"app": "billing", "Stage": "prod"},
     {"App": "Billing", "Stage": "prod"}, {"App": "prod", "Stage": "billing"}, {"AppStage": "billingprod"},
     {"App": "billingS", "tage": "prod"}],
)  # fmt: skip
def test_k02_another_encryption_context_opens_nothing(kms: Any, key_id: str, context: dict[str, str]) -> None:
    """Exact and case-sensitive; nothing can be shifted between keys and values."""
    blob = encrypted(kms, key_id, context=CONTEXT)
    assert refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext=context) == INVALID


def test_k02_a_ciphertext_that_was_changed_anywhere_opens_nothing(kms: Any, key_id: str) -> None:
    """Every byte behind the key's id, and every cut; a changed head names another key or none."""
    blob = encrypted(kms, key_id)
    for place in range(len(blob)):
        spoilt = blob[:place] + bytes([blob[place] ^ 1]) + blob[place + 1 :]
        expected = FOREIGN if 1 <= place <= 16 else INVALID
        assert refusal(kms.decrypt, CiphertextBlob=spoilt) == expected, place
    for end in (1, 16, 49, len(blob) - 1):
        assert refusal(kms.decrypt, CiphertextBlob=blob[:end]) == INVALID
    assert refusal(kms.decrypt, CiphertextBlob=blob + b"x") == INVALID
    assert refusal(kms.decrypt, CiphertextBlob=b"\x01" * 200)[0] == "AccessDeniedException"
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"plain"


def test_k02_parts_of_two_ciphertexts_do_not_fit(kms: Any, key_id: str) -> None:
    """Head, salt and text of different keys and messages are never one ciphertext."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    one, two, three = encrypted(kms, key_id), encrypted(kms, key_id, b"other"), encrypted(kms, other)
    for cut in (65, 77):  # two messages under one key have the same head
        assert refusal(kms.decrypt, CiphertextBlob=one[:cut] + two[cut:]) == INVALID
    for cut in (17, 49, 65, 77):
        assert refusal(kms.decrypt, CiphertextBlob=three[:cut] + one[cut:])[0] == INVALID[0]


def test_k04_the_key_in_the_request_must_be_the_one_of_the_ciphertext(kms: Any, key_id: str) -> None:
    """Another key of the same account is refused by name, before anything is tried."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    expected = (
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
    )
    assert refusal(kms.decrypt, CiphertextBlob=encrypted(kms, key_id), KeyId=other) == expected


def test_p09_a_ciphertext_of_another_account_tells_nothing(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """A key that is not there, and one that is and may not be used, have one answer, and no record names the key."""
    other = server.client("kms", server.new_account())
    blob = encrypted(kms, key_id)
    absent = blob[:1] + bytes(16) + blob[17:]
    assert refusal(other.decrypt, CiphertextBlob=blob) == FOREIGN
    assert refusal(other.decrypt, CiphertextBlob=absent) == FOREIGN
    before = server.records("Decrypt", account=account)
    assert before == []
    foreign = refusal(other.decrypt, CiphertextBlob=blob, KeyId=arn_of(account, key_id))
    assert foreign[0] == "AccessDeniedException"
    assert "because no resource-based policy allows the kms:Decrypt action" in foreign[1]


def test_a_data_key_is_given_in_both_forms(kms: Any, account: Account, key_id: str) -> None:
    """Exactly one of KeySpec and NumberOfBytes says how long it is."""
    for asked, size in (
        ({"KeySpec": "AES_256"}, 32),
        ({"KeySpec": "AES_128"}, 16),
        ({"NumberOfBytes": 7}, 7),
    ):
        made = kms.generate_data_key(KeyId=key_id, EncryptionContext=CONTEXT, **asked)
        assert len(made["Plaintext"]) == size
        assert made["KeyId"] == arn_of(account, key_id)
        opened = kms.decrypt(CiphertextBlob=made["CiphertextBlob"], EncryptionContext=CONTEXT)
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == (made["Plaintext"], made["KeyMaterialId"])
        bare = kms.generate_data_key_without_plaintext(KeyId=key_id, **asked)
        assert "Plaintext" not in bare
        assert len(kms.decrypt(CiphertextBlob=bare["CiphertextBlob"])["Plaintext"]) == size
    for wrong in ({}, {"KeySpec": "AES_256", "NumberOfBytes": 32}):
        assert refusal(kms.generate_data_key, KeyId=key_id, **wrong)[0] == "ValidationException"


def test_random_bytes_are_as_many_as_asked_for(kms: Any) -> None:
    """1 to 1,024, and not the same twice."""
    assert len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024
    assert (
        kms.generate_random(NumberOfBytes=32)["Plaintext"]
        != kms.generate_random(NumberOfBytes=32)["Plaintext"]
    )
    assert refusal(kms.generate_random) == ("ValidationException", "NumberOfBytes is required.")


@pytest.mark.parametrize(
    ("operation", "members", "text"),
    [
        ("GenerateRandom", {"NumberOfBytes": 0},
         "Value '0' at 'numberOfBytes' failed to satisfy constraint: "
         "Member must have value greater than or equal to 1"),
        ("Encrypt", {"KeyId": "k", "Plaintext": "QUJD" * 2000},
         "Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"),
        ("GenerateDataKey", {"KeyId": "k", "KeySpec": "DES"},
         "Value 'DES' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: "
         "[AES_256, AES_128]"),
    ],
)  # fmt: skip
def test_constraints_are_worded_as_recorded(
    server: Server, account: Account, operation: str, members: dict[str, Any], text: str
) -> None:
    """Blobs are never printed (identity reference 6.2)."""
    answer = server.raw("kms", operation, members, account=account)
    assert (answer.status, answer.json()["__type"]) == (400, "ValidationException")
    assert answer.json()["message"] == f"1 validation error detected: {text}"


def test_the_longest_context_is_8_kilobytes(kms: Any, key_id: str) -> None:
    """Keys and values together."""
    encrypted(kms, key_id, context={"k": "v" * 8191})
    call = refusal(kms.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionContext={"k": "v" * 8192})
    assert call[0] == "ValidationException"


def test_another_algorithm_is_refused(kms: Any, key_id: str) -> None:
    """A symmetric key has one."""
    call = refusal(kms.encrypt, KeyId=key_id, Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert call[0] == "InvalidKeyUsageException"


def test_a_dry_run_checks_everything_and_does_nothing(kms: Any, server: Server, account: Account) -> None:
    """DryRun answers after the decision: who may not is denied, and what would fail fails."""
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = encrypted(kms, key_id)
    root = f"arn:aws:iam::{account.account_id}:root"
    calls: list[tuple[str, dict[str, Any]]] = [
        ("encrypt", {"KeyId": key_id, "Plaintext": b"x"}),
        ("decrypt", {"CiphertextBlob": blob}),
        ("decrypt", {"KeyId": key_id, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}),
        ("re_encrypt", {"CiphertextBlob": blob, "DestinationKeyId": key_id}),
        ("generate_data_key", {"KeyId": key_id, "KeySpec": "AES_256"}),
        ("generate_data_key_without_plaintext", {"KeyId": key_id, "KeySpec": "AES_256"}),
        ("create_grant", {"KeyId": key_id, "GranteePrincipal": root, "Operations": ["Decrypt"]}),
    ]
    nobody = User(server, account).client()
    for name, members in calls:
        assert refusal(getattr(kms, name), DryRun=True, **members) == DRY
        assert refusal(getattr(nobody, name), DryRun=True, **members)[0] == "AccessDeniedException"
    assert kms.list_grants(KeyId=key_id)["Grants"] == []
    assert refusal(kms.decrypt, CiphertextBlob=blob, DryRun=True, EncryptionContext={"a": "b"}) == INVALID


def test_re_encrypt_moves_a_ciphertext_to_another_key(kms: Any, account: Account, key_id: str) -> None:
    """Both keys and both materials are named; the plaintext never is."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/new", TargetKeyId=other)
    moved = kms.re_encrypt(
        CiphertextBlob=encrypted(kms, key_id, context=CONTEXT),
        SourceEncryptionContext=CONTEXT,
        DestinationKeyId="alias/new",
        DestinationEncryptionContext={"new": "context"},
    )
    assert (moved["SourceKeyId"], moved["KeyId"]) == (arn_of(account, key_id), arn_of(account, other))
    assert "Plaintext" not in moved
    opened = kms.decrypt(CiphertextBlob=moved["CiphertextBlob"], EncryptionContext={"new": "context"})
    assert (opened["Plaintext"], opened["KeyId"]) == (b"plain", arn_of(account, other))
    assert opened["KeyMaterialId"] == moved["DestinationKeyMaterialId"]
    assert moved["SourceKeyMaterialId"] != moved["DestinationKeyMaterialId"]


def test_p02_re_encrypt_needs_both_rights_each_on_its_key(
    kms: Any, server: Server, account: Account, key_id: str
) -> None:
    """From on the first key, To on the second, and a condition that says whether they are the same."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    old, new = arn_of(account, key_id), arn_of(account, other)
    blob = encrypted(kms, key_id)
    user = User(server, account)
    move = user.client().re_encrypt
    members: dict[str, Any] = {"CiphertextBlob": blob, "DestinationKeyId": other}
    assert refusal(move, **members) == denied(user.arn, "ReEncryptFrom", old)
    user.may(statement("ReEncryptFrom", "ReEncryptTo", resource=old))
    assert refusal(move, **members) == denied(user.arn, "ReEncryptTo", new)
    user.may(statement("ReEncryptFrom", resource=old), statement("ReEncryptTo", resource=new))
    assert move(**members)["KeyId"] == new
    same = {"Bool": {"kms:ReEncryptOnSameKey": "true"}}
    user.may(statement("ReEncrypt*", Condition=same))
    assert refusal(move, **members)[0] == "AccessDeniedException"
    assert move(CiphertextBlob=blob, DestinationKeyId=key_id)["KeyId"] == old


def test_an_absent_key_is_named_as_absent_to_who_has_rights(kms: Any, account: Account) -> None:
    """For operations that take any key."""
    absent = str(uuid4())
    text = f"Key '{arn_of(account, absent)}' does not exist"
    assert refusal(kms.encrypt, KeyId=absent, Plaintext=b"x") == ("NotFoundException", text)
