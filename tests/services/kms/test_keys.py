"""Keys as such: making, describing, naming, listing, states, tags. Texts are AWS's (identity reference 6.2)."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.services.kms.answers import User, arn_of, denied, refusal, statement
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server


def test_a_new_key_shows_what_aws_shows(kms: Any, account: Account) -> None:
    """The members of the recorded answer, the same from CreateKey and DescribeKey."""
    made = kms.create_key(Description="d", Tags=[{"TagKey": "a", "TagValue": "1"}])["KeyMetadata"]
    assert re.fullmatch("[0-9a-f]{64}", made.pop("CurrentKeyMaterialId"))
    created, key_id = made.pop("CreationDate"), made["KeyId"]
    assert made == {
        "AWSAccountId": account.account_id,
        "KeyId": key_id,
        "Arn": arn_of(account, key_id),
        "Enabled": True,
        "Description": "d",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": "Enabled",
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
        "KeySpec": "SYMMETRIC_DEFAULT",
        "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
        "MultiRegion": False,
    }
    shown = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (shown["CreationDate"], shown["Arn"]) == (created, made["Arn"])


def test_all_names_of_a_key_mean_it(kms: Any, account: Account, key_id: str) -> None:
    """Id, ARN, alias and ARN of the alias."""
    kms.create_alias(AliasName="alias/app/db", TargetKeyId=key_id)
    alias_arn = f"arn:aws:kms:us-east-1:{account.account_id}:alias/app/db"
    for name in (key_id, arn_of(account, key_id), "alias/app/db", alias_arn):
        assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == key_id
        assert kms.encrypt(KeyId=name, Plaintext=b"x")["KeyId"] == arn_of(account, key_id)


def test_aliases_are_not_taken_where_aws_takes_none(kms: Any, key_id: str) -> None:
    """Policies, states, tags and rotation want an id or an ARN."""
    kms.create_alias(AliasName="alias/a", TargetKeyId=key_id)
    for call in (kms.disable_key, kms.get_key_policy, kms.list_resource_tags, kms.enable_key_rotation):
        assert refusal(call, KeyId="alias/a") == ("NotFoundException", "Invalid keyId 'alias/a'")


def test_what_names_no_key_is_refused_as_aws_words_it(kms: Any, account: Account) -> None:
    """A text that is none, an absent key, an absent alias, another Region."""
    absent = str(uuid4())
    describe = kms.describe_key
    assert refusal(describe, KeyId="134f24") == ("NotFoundException", "Invalid keyId '134f24'")
    text = f"Key '{arn_of(account, absent)}' does not exist"
    assert refusal(describe, KeyId=absent) == ("NotFoundException", text)
    alias = f"arn:aws:kms:us-east-1:{account.account_id}:alias/no"
    assert refusal(describe, KeyId="alias/no") == ("NotFoundException", f"Alias {alias} is not found.")
    elsewhere = arn_of(account, absent, "eu-west-1")
    assert refusal(describe, KeyId=elsewhere) == ("NotFoundException", "Invalid arn eu-west-1")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"}, "UnsupportedOperationException"),
        ({"KeySpec": "RSA_2048"}, "ValidationException"),
        ({"KeyUsage": "SIGN_VERIFY"}, "ValidationException"),
        ({"Origin": "EXTERNAL"}, "UnsupportedOperationException"),
        ({"MultiRegion": True}, "UnsupportedOperationException"),
        ({"Policy": "{"}, "MalformedPolicyDocumentException"),
        ({"Tags": [{"TagKey": "aws:x", "TagValue": ""}]}, "TagException"),
        ({"Tags": [{"TagKey": "x", "TagValue": "*"}]}, "TagException"),
        ({"Tags": [{"TagKey": "x", "TagValue": ""}] * 2}, "TagException"),
    ],
)
def test_what_is_not_served_or_wrong_makes_no_key(kms: Any, asked: dict[str, Any], code: str) -> None:
    """Refused before anything is made."""
    assert refusal(kms.create_key, **asked)[0] == code
    assert kms.list_keys()["Keys"] == []


def test_keys_are_listed_by_pages_that_belong_to_who_asked(
    kms: Any, server: Server, account: Account
) -> None:
    """J-08: a marker of another caller, or changed by a character, is refused."""
    made = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
    found: list[str] = []
    marker: dict[str, Any] = {}
    while True:
        page = kms.list_keys(Limit=2, **marker)
        found += [key["KeyId"] for key in page["Keys"]]
        assert page["Truncated"] == ("NextMarker" in page)
        if not page["Truncated"]:
            break
        marker = {"Marker": page["NextMarker"]}
    assert len(found) == 5
    assert set(found) == made
    assert refusal(kms.list_keys, Marker=marker["Marker"] + "A")[0] == "InvalidMarkerException"
    other = User(server, account, statement("ListKeys")).client()
    assert refusal(other.list_keys, **marker)[0] == "InvalidMarkerException"


STATE_MATRIX = {
    # operation and further members: (disabled, pending deletion); None where it works
    "describe_key": (None, None),
    "get_key_policy": (None, None),
    "list_key_policies": (None, None),
    "list_grants": (None, None),
    "list_resource_tags": (None, None),
    "get_key_rotation_status": (None, None),
    "list_key_rotations": (None, None),
    "enable_key": (None, "KMSInvalidStateException"),
    "disable_key": (None, "KMSInvalidStateException"),
    "schedule_key_deletion": (None, "KMSInvalidStateException"),
    "cancel_key_deletion": ("KMSInvalidStateException", None),
    "update_key_description": (None, "KMSInvalidStateException"),
    "tag_resource": (None, "KMSInvalidStateException"),
    "untag_resource": (None, "KMSInvalidStateException"),
    "put_key_policy": (None, None),
    "create_alias": (None, "KMSInvalidStateException"),
    "create_grant": ("DisabledException", "KMSInvalidStateException"),
    "encrypt": ("DisabledException", "KMSInvalidStateException"),
    "generate_data_key": ("DisabledException", "KMSInvalidStateException"),
    "generate_data_key_without_plaintext": ("DisabledException", "KMSInvalidStateException"),
    "enable_key_rotation": ("DisabledException", "KMSInvalidStateException"),
    "disable_key_rotation": ("DisabledException", "KMSInvalidStateException"),
    "rotate_key_on_demand": ("DisabledException", "KMSInvalidStateException"),
}


@pytest.mark.parametrize("operation", STATE_MATRIX)
def test_k05_every_state_allows_what_aws_allows(kms: Any, account: Account, operation: str) -> None:
    """The key-state matrix of the KMS developer guide, with its codes and texts."""
    more: dict[str, dict[str, Any]] = {
        "update_key_description": {"Description": "x"},
        "tag_resource": {"Tags": [{"TagKey": "k", "TagValue": "v"}]},
        "untag_resource": {"TagKeys": ["k"]},
        "create_grant": {
            "GranteePrincipal": f"arn:aws:iam::{account.account_id}:root",
            "Operations": ["Decrypt"],
        },
        "encrypt": {"Plaintext": b"x"},
        "generate_data_key": {"KeySpec": "AES_256"},
        "generate_data_key_without_plaintext": {"KeySpec": "AES_256"},
    }
    for state, expected in zip(("disabled", "pending deletion"), STATE_MATRIX[operation], strict=True):
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        arn = arn_of(account, key_id)
        members: dict[str, Any] = {"KeyId": key_id, **more.get(operation, {})}
        if operation == "put_key_policy":
            members["Policy"] = kms.get_key_policy(KeyId=key_id)["Policy"]
        if operation == "create_alias":
            members = {"AliasName": f"alias/{key_id}", "TargetKeyId": key_id}
        if state == "disabled":
            kms.disable_key(KeyId=key_id)
        else:
            kms.schedule_key_deletion(KeyId=key_id)
        if expected is None:
            getattr(kms, operation)(**members)
        else:
            code, text = refusal(getattr(kms, operation), **members)
            says = "is not pending deletion" if operation == "cancel_key_deletion" else f"is {state}"
            assert (code, text) == (expected, f"{arn} {says}.")


def test_a_scheduled_key_can_be_kept_and_is_disabled_then(kms: Any, account: Account, key_id: str) -> None:
    """The answers carry the ARN; cancelling does not enable."""
    scheduled = kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    assert (scheduled["KeyId"], scheduled["KeyState"]) == (arn_of(account, key_id), "PendingDeletion")
    assert scheduled["PendingWindowInDays"] == 7
    shown = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"]) == ("PendingDeletion", False)
    assert shown["DeletionDate"] == scheduled["DeletionDate"]
    assert kms.cancel_key_deletion(KeyId=key_id)["KeyId"] == arn_of(account, key_id)
    shown = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    assert (shown["KeyState"], "DeletionDate" in shown) == ("Disabled", False)
    kms.enable_key(KeyId=key_id)
    assert kms.encrypt(KeyId=key_id, Plaintext=b"x")


@pytest.mark.parametrize(
    ("days", "bound"),
    [(6, "greater than or equal to 7"), (31, "less than or equal to 30")],
)
def test_k05_the_waiting_time_is_7_to_30_days(kms: Any, key_id: str, days: int, bound: str) -> None:
    """The model allows 1 to 365; the service does not."""
    text = (
        f"1 validation error detected: Value '{days}' at 'pendingWindowInDays' failed to satisfy constraint: "
        f"Member must have value {bound}"
    )
    found = refusal(kms.schedule_key_deletion, KeyId=key_id, PendingWindowInDays=days)
    assert found == ("ValidationException", text)


def test_k05_a_due_key_is_deleted_with_all_that_hangs_on_it(moved_server: MovedServer) -> None:
    """Its aliases go with it, its ciphertexts are lost, and the event says so. A cancelled one stays."""
    kms = moved_server.client("kms")
    gone, kept = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/gone", TargetKeyId=gone)
    ciphertext = kms.encrypt(KeyId=gone, Plaintext=b"x")["CiphertextBlob"]
    for key_id in (gone, kept):
        kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    kms.cancel_key_deletion(KeyId=kept)
    moved_server.advance(days=6.9)
    moved_server.run_background()
    assert kms.describe_key(KeyId=gone)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    moved_server.advance(days=0.2)
    moved_server.run_background()
    assert refusal(kms.describe_key, KeyId=gone)[0] == "NotFoundException"
    assert refusal(kms.describe_key, KeyId="alias/gone")[0] == "NotFoundException"
    assert refusal(kms.decrypt, CiphertextBlob=ciphertext)[0] == "AccessDeniedException"
    assert [key["KeyId"] for key in kms.list_keys()["Keys"]] == [kept]
    [event] = moved_server.records("DeleteKey")
    assert event["eventType"] == "AwsServiceEvent"
    assert event["serviceEventDetails"]["keyId"].endswith(gone)
    assert event["resources"][0]["ARN"].endswith(gone)
    kms.create_alias(AliasName="alias/gone", TargetKeyId=kept)


def test_tags_are_kept_listed_and_conditions(kms: Any, server: Server, account: Account, key_id: str) -> None:
    """aws:ResourceTag decides with the tags that a key has now."""
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "b", "TagValue": "1"}, {"TagKey": "a", "TagValue": ""}])
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "b", "TagValue": "2"}])
    first = kms.list_resource_tags(KeyId=key_id, Limit=1)
    assert first["Tags"] == [{"TagKey": "a", "TagValue": ""}]
    second = kms.list_resource_tags(KeyId=key_id, Marker=first["NextMarker"])
    assert (second["Tags"], second["Truncated"]) == ([{"TagKey": "b", "TagValue": "2"}], False)
    user = User(
        server, account, statement("DescribeKey", Condition={"StringEquals": {"aws:ResourceTag/b": "2"}})
    )
    user.client().describe_key(KeyId=key_id)
    kms.untag_resource(KeyId=key_id, TagKeys=["b", "absent"])
    expected = denied(user.arn, "DescribeKey", arn_of(account, key_id))
    assert refusal(user.client().describe_key, KeyId=key_id) == expected
    many = [{"TagKey": f"k{number}", "TagValue": ""} for number in range(50)]
    assert refusal(kms.tag_resource, KeyId=key_id, Tags=many) == ("TagException", "Too many tags")


def test_the_key_of_a_service_belongs_to_the_service(kms: Any, server: Server, account: Account) -> None:
    """It is made on first use, shown as AWS's, and nobody may edit, disable, delete or use it directly."""
    assert refusal(kms.describe_key, KeyId="alias/aws/secretsmanager")[0] == "NotFoundException"
    server.client("secretsmanager", account).create_secret(Name="a", SecretString="x")
    shown = kms.describe_key(KeyId="alias/aws/secretsmanager")["KeyMetadata"]
    key_id, arn = shown["KeyId"], shown["Arn"]
    assert shown["KeyManager"] == "AWS"
    assert shown["Description"] == (
        "Default key that protects my Secrets Manager data when no other key is defined"
    )
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 365)
    assert '"auto-secretsmanager-2"' in kms.get_key_policy(KeyId=key_id)["Policy"]
    caller = f"arn:aws:iam::{account.account_id}:user/admin"
    for call, action, members in (
        (kms.disable_key, "DisableKey", {}),
        (kms.schedule_key_deletion, "ScheduleKeyDeletion", {}),
        (kms.put_key_policy, "PutKeyPolicy", {"Policy": "{}"}),
        (kms.update_key_description, "UpdateKeyDescription", {"Description": "x"}),
        (kms.encrypt, "Encrypt", {"Plaintext": b"x"}),
        (kms.enable_key_rotation, "EnableKeyRotation", {}),
    ):
        assert refusal(call, KeyId=key_id, **members) == denied(caller, action, arn, "resource")
    assert refusal(kms.create_alias, AliasName="alias/mine", TargetKeyId=key_id)[0] == "AccessDeniedException"
    for call in (kms.update_alias, kms.create_alias):
        code, _ = refusal(call, AliasName="alias/aws/secretsmanager", TargetKeyId=key_id)
        assert code == "NotAuthorizedException"
    assert refusal(kms.delete_alias, AliasName="alias/aws/secretsmanager")[0] == "NotAuthorizedException"


def test_the_records_name_the_key_and_hide_what_is_secret(kms: Any, server: Server, account: Account) -> None:
    """L-03: parameters as sent, the resource, and neither plaintext nor ciphertext."""
    made = kms.create_key(Description="d")
    key = made["KeyMetadata"]
    [record] = server.records("CreateKey", made["ResponseMetadata"]["RequestId"])
    assert record["responseElements"]["keyMetadata"]["keyId"] == key["KeyId"]
    assert record["readOnly"] is False
    answer = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"plain", EncryptionContext={"App": "one"})
    [record] = server.records("Encrypt", answer["ResponseMetadata"]["RequestId"])
    assert record["requestParameters"] == {"keyId": key["KeyId"], "encryptionContext": {"App": "one"}}
    assert (record["responseElements"], record["readOnly"]) == (None, True)
    assert record["resources"] == [
        {"accountId": account.account_id, "type": "AWS::KMS::Key", "ARN": key["Arn"]}
    ]
    assert record["eventSource"] == "kms.amazonaws.com"
