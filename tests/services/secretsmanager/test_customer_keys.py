"""Secrets under a customer's KMS key, used as the caller (reference 9, identity reference 6.4)."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest

from tests.services.kms.answers import User, arn_of, policy, statement
from tests.services.secretsmanager.answers import DEFAULT_KEY, KMS_REFUSED, refusal, request_id, share
from tests.support.accounts import Account
from tests.support.server import MovedServer, Server

DECRYPTION = (
    "DecryptionFailure",
    "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
)
VIA = "secretsmanager.us-east-1.amazonaws.com"
VALIDATION = "RequestToValidateKeyAccess"
ANY_SECRET = statement("secretsmanager:*")


def calls_of_kms(server: Server, response: Any) -> list[tuple[str, str]]:
    """List what a request asked of KMS: the operation, and the version id of its encryption context."""
    return [
        (
            record["eventName"],
            record["requestParameters"]["encryptionContext"]["SecretVersionId"],
        )
        for record in server.records(request_id=request_id(response))
        if record["eventSource"] == "kms.amazonaws.com"
    ]


@pytest.mark.parametrize("form", ["id", "arn", "alias", "alias arn"])
def test_a_secret_takes_a_key_by_each_of_its_names(
    secretsmanager: Any, kms: Any, account: Account, key_id: str, form: str
) -> None:
    """The name is shown as it was sent; a version shows the key that it is under."""
    kms.create_alias(AliasName="alias/app", TargetKeyId=key_id)
    arn = arn_of(account, key_id)
    names = {
        "id": key_id,
        "arn": arn,
        "alias": "alias/app",
        "alias arn": arn.replace(f"key/{key_id}", "alias/app"),
    }
    made = secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=names[form])
    assert secretsmanager.get_secret_value(SecretId="a")["SecretString"] == "x"
    assert secretsmanager.describe_secret(SecretId="a")["KmsKeyId"] == names[form]
    assert secretsmanager.list_secrets()["SecretList"][0]["KmsKeyId"] == names[form]
    [version] = secretsmanager.list_secret_version_ids(SecretId="a")["Versions"]
    assert (version["VersionId"], version["KmsKeyIds"]) == (made["VersionId"], [arn])


def test_an_alias_is_looked_up_at_each_writing(
    secretsmanager: Any, kms: Any, account: Account, key_id: str
) -> None:
    """Manual rotation: a new version is under the alias's present key, old ones stay where they were."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/app", TargetKeyId=key_id)
    secretsmanager.create_secret(Name="a", SecretString="1", KmsKeyId="alias/app")
    kms.update_alias(AliasName="alias/app", TargetKeyId=other)
    secretsmanager.put_secret_value(SecretId="a", SecretString="2")
    keys = {
        version["VersionStages"][0]: version["KmsKeyIds"]
        for version in secretsmanager.list_secret_version_ids(SecretId="a")["Versions"]
    }
    assert keys == {"AWSCURRENT": [arn_of(account, other)], "AWSPREVIOUS": [arn_of(account, key_id)]}
    kms.disable_key(KeyId=key_id)
    assert secretsmanager.get_secret_value(SecretId="a")["SecretString"] == "2"
    assert refusal(secretsmanager.get_secret_value, SecretId="a", VersionStage="AWSPREVIOUS") == DECRYPTION


def test_every_use_of_the_key_is_on_record_as_a_call_of_kms(
    server: Server, account: Account, secretsmanager: Any, key_id: str
) -> None:
    """By the caller, invoked by Secrets Manager, with context and key (audit reference 1.2, 1.4)."""
    made = secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    version = made["VersionId"]
    pair = ["GenerateDataKey", "Decrypt"]
    assert calls_of_kms(server, made) == [(name, VALIDATION) for name in pair] + [
        (name, version) for name in pair
    ]
    for _ in range(2):  # the second time the data key is at hand
        read = secretsmanager.get_secret_value(SecretId="a")
        assert calls_of_kms(server, read) == [("Decrypt", version)]
    [record] = [
        record for record in server.records("Decrypt", request_id(read)) if record["eventName"] == "Decrypt"
    ]
    identity = record["userIdentity"]
    assert identity["arn"] == f"arn:aws:iam::{account.account_id}:user/admin"
    assert identity["invokedBy"] == record["sourceIPAddress"] == record["userAgent"]
    assert record["userAgent"] == "secretsmanager.amazonaws.com"
    assert record["requestParameters"] == {
        "encryptionContext": {"SecretARN": made["ARN"], "SecretVersionId": version},
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }
    assert record["resources"] == [
        {"accountId": account.account_id, "type": "AWS::KMS::Key", "ARN": arn_of(account, key_id)}
    ]
    assert record["readOnly"] is True
    [own] = server.records("GetSecretValue", request_id(read))
    assert "invokedBy" not in own["userIdentity"]
    assert own["sourceIPAddress"] == "127.0.0.1"


def test_the_default_key_leaves_no_record_of_kms(server: Server, secretsmanager: Any) -> None:
    """Decision 4: its use says nothing that the other record does not."""
    made = secretsmanager.create_secret(Name="a", SecretString="x")
    read = secretsmanager.get_secret_value(SecretId="a")
    assert calls_of_kms(server, made) == calls_of_kms(server, read) == []


def test_what_needs_no_key_asks_for_none(server: Server, secretsmanager: Any, kms: Any, key_id: str) -> None:
    """A secret without a value only tries the key; metadata never needs it."""
    made = secretsmanager.create_secret(Name="a", KmsKeyId=key_id)
    assert calls_of_kms(server, made) == [("GenerateDataKey", VALIDATION), ("Decrypt", VALIDATION)]
    kms.disable_key(KeyId=key_id)
    for answer in (
        secretsmanager.describe_secret(SecretId="a"),
        secretsmanager.update_secret(SecretId="a", Description="d"),
        secretsmanager.tag_resource(SecretId="a", Tags=[{"Key": "k", "Value": "v"}]),
        secretsmanager.list_secret_version_ids(SecretId="a"),
        secretsmanager.delete_secret(SecretId="a"),
    ):
        assert calls_of_kms(server, answer) == []


@pytest.mark.parametrize("missing", ["GenerateDataKey", "Decrypt"])
def test_p02_writing_needs_both_rights_on_the_key(
    server: Server, account: Account, secretsmanager: Any, key_id: str, missing: str
) -> None:
    """Without one of them nothing is written, and both records say that it was denied."""
    having = ({"GenerateDataKey", "Decrypt"} - {missing}).pop()
    user = User(server, account, ANY_SECRET, statement(having))
    client = user.client("secretsmanager")
    assert refusal(client.create_secret, Name="a", SecretString="x", KmsKeyId=key_id) == KMS_REFUSED
    assert refusal(secretsmanager.describe_secret, SecretId="a")[0] == "ResourceNotFoundException"
    secretsmanager.create_secret(Name="b", SecretString="x", KmsKeyId=key_id)
    assert refusal(client.put_secret_value, SecretId="b", SecretString="y") == KMS_REFUSED
    assert refusal(client.update_secret, SecretId="b", SecretString="y") == KMS_REFUSED
    assert secretsmanager.get_secret_value(SecretId="b")["SecretString"] == "x"
    denied = [
        record
        for record in server.records(account=account)
        if record["userIdentity"].get("arn") == user.arn and record.get("errorCode") == "AccessDenied"
    ]
    assert {record["eventName"] for record in denied} == {
        missing, "CreateSecret", "PutSecretValue", "UpdateSecret",
    }  # fmt: skip
    user.may(ANY_SECRET, statement("GenerateDataKey", "Decrypt"))
    client.put_secret_value(SecretId="b", SecretString="z")


def test_p02_reading_needs_the_right_to_decrypt(
    server: Server, account: Account, secretsmanager: Any, key_id: str
) -> None:
    """Who may read the secret but not use the key is refused, also when the data key is at hand."""
    secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    secretsmanager.get_secret_value(SecretId="a")
    user = User(server, account, ANY_SECRET)
    read = user.client("secretsmanager").get_secret_value
    assert refusal(read, SecretId="a") == KMS_REFUSED
    user.may(ANY_SECRET, statement("Decrypt"))
    assert read(SecretId="a")["SecretString"] == "x"
    user.may(
        ANY_SECRET,
        statement("Decrypt"),
        statement("Decrypt", effect="Deny", resource=arn_of(account, key_id)),
    )
    assert refusal(read, SecretId="a") == KMS_REFUSED


CONDITIONS: list[dict[str, dict[str, Any]]] = [
    {"StringEquals": {"kms:ViaService": VIA}},
    {"Bool": {"aws:ViaAWSService": "true"}},
    {"ForAnyValue:StringEquals": {"aws:CalledVia": "secretsmanager.amazonaws.com"}},
    {"StringEquals": {"aws:CalledViaFirst": "secretsmanager.amazonaws.com"}},
    {"Null": {"aws:SourceIp": "true"}},
    {"StringLike": {"kms:EncryptionContext:SecretARN": "arn:aws:secretsmanager:*:secret:a-*"}},
    {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["SecretARN", "SecretVersionId"]}},
]


@pytest.mark.parametrize("condition", CONDITIONS, ids=[str(*part.values()) for part in CONDITIONS])
def test_policies_see_a_call_by_way_of_secrets_manager(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str, condition: dict[str, Any]
) -> None:
    """A right on the key that holds for such calls alone lets the secret be read and the key not be used directly."""
    secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    user = User(server, account, ANY_SECRET, statement("Decrypt", Condition=condition))
    assert user.client("secretsmanager").get_secret_value(SecretId="a")["SecretString"] == "x"
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x", EncryptionContext={"k": "v"})["CiphertextBlob"]
    code, _ = refusal(user.client().decrypt, CiphertextBlob=blob, EncryptionContext={"k": "v"})
    assert code == "AccessDeniedException"


def test_k05_a_disabled_key_refuses_on_the_very_next_request(
    secretsmanager: Any, kms: Any, account: Account, key_id: str
) -> None:
    """Reading and writing, until it is enabled again; the same for a key that waits for its deletion."""
    secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    read, write = secretsmanager.get_secret_value, secretsmanager.put_secret_value
    read(SecretId="a")
    for stop, go_on in (
        (kms.disable_key, [kms.enable_key]),
        (kms.schedule_key_deletion, [kms.cancel_key_deletion, kms.enable_key]),
    ):
        stop(KeyId=key_id)
        assert refusal(read, SecretId="a") == DECRYPTION
        code, text = refusal(write, SecretId="a", SecretString="y")
        assert code == "EncryptionFailure"
        assert text.startswith(
            "Secrets Manager can't encrypt the protected secret text using the provided KMS key."
        )
        assert refusal(secretsmanager.create_secret, Name="b", KmsKeyId=key_id)[0] == "EncryptionFailure"
        for call in go_on:
            call(KeyId=key_id)
        assert read(SecretId="a")["SecretString"] == "x"


def test_repeating_a_token_needs_the_right_to_compare(
    server: Server, account: Account, secretsmanager: Any, key_id: str
) -> None:
    """Decrypt alone; the repetition writes nothing."""
    token = str(uuid4())
    secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id, ClientRequestToken=token)
    user = User(server, account, ANY_SECRET, statement("Decrypt"))
    put = user.client("secretsmanager").put_secret_value
    answer = put(SecretId="a", SecretString="x", ClientRequestToken=token)
    assert calls_of_kms(server, answer) == [("Decrypt", token)]
    user.may(ANY_SECRET)
    assert refusal(put, SecretId="a", SecretString="x", ClientRequestToken=token) == KMS_REFUSED


def versions_of(client: Any, secret_id: str) -> dict[str, list[str]]:
    """Read the keys of every labelled version, by its first label."""
    listed = client.list_secret_version_ids(SecretId=secret_id)["Versions"]
    return {version["VersionStages"][0]: version["KmsKeyIds"] for version in listed}


def test_a_new_key_takes_over_the_labelled_versions_and_the_old_one_stays(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str
) -> None:
    """AWSCURRENT, AWSPENDING and AWSPREVIOUS open with either key; others stay under the old one alone."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    old, new = arn_of(account, key_id), arn_of(account, other)
    secretsmanager.create_secret(Name="a", SecretString="1", KmsKeyId=key_id)
    secretsmanager.put_secret_value(SecretId="a", SecretString="2")
    for label in ("AWSPENDING", "blue"):
        secretsmanager.put_secret_value(SecretId="a", SecretString=label, VersionStages=[label])
    answer = secretsmanager.update_secret(SecretId="a", KmsKeyId=other)
    assert "VersionId" not in answer
    asked = [name for name, _ in calls_of_kms(server, answer)]
    assert asked == ["GenerateDataKey", "Decrypt", *["Decrypt", "Encrypt"] * 3]
    both = [new, old]
    assert versions_of(secretsmanager, "a") == {
        "AWSCURRENT": both, "AWSPREVIOUS": both, "AWSPENDING": both, "blue": [old],
    }  # fmt: skip
    for unusable in (key_id, other):
        kms.disable_key(KeyId=unusable)
        for label, value in (("AWSCURRENT", "2"), ("AWSPREVIOUS", "1"), ("AWSPENDING", "AWSPENDING")):
            for _ in range(2):
                read = secretsmanager.get_secret_value(SecretId="a", VersionStage=label)
                assert read["SecretString"] == value
        kms.enable_key(KeyId=unusable)
    kms.disable_key(KeyId=key_id)
    assert refusal(secretsmanager.get_secret_value, SecretId="a", VersionStage="blue") == DECRYPTION
    secretsmanager.put_secret_value(SecretId="a", SecretString="3")
    assert versions_of(secretsmanager, "a")["AWSCURRENT"] == [new]


def test_either_of_two_keys_is_enough_for_the_caller(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str
) -> None:
    """Who may use the old key alone still reads; who may use neither is refused."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    secretsmanager.update_secret(SecretId="a", KmsKeyId=other)
    for usable in (key_id, other):
        user = User(server, account, ANY_SECRET, statement("Decrypt", resource=arn_of(account, usable)))
        assert user.client("secretsmanager").get_secret_value(SecretId="a")["SecretString"] == "x"
    nobody = User(server, account, ANY_SECRET).client("secretsmanager")
    assert refusal(nobody.get_secret_value, SecretId="a") == KMS_REFUSED


@pytest.mark.parametrize("lacking", ["Decrypt on the old key", "Encrypt on the new key"])
def test_without_the_rights_versions_silently_stay_under_the_old_key(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str, lacking: str
) -> None:
    """The key changes for new versions all the same."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    old, new = arn_of(account, key_id), arn_of(account, other)
    secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    rights = [ANY_SECRET, statement("GenerateDataKey", "Decrypt", resource=new)]
    if lacking.startswith("Decrypt"):
        rights.append(statement("Encrypt", resource=new))
    else:
        rights.append(statement("Decrypt", resource=old))
    client = User(server, account, *rights).client("secretsmanager")
    client.update_secret(SecretId="a", KmsKeyId=other)
    assert versions_of(secretsmanager, "a") == {"AWSCURRENT": [old]}
    client.put_secret_value(SecretId="a", SecretString="y")
    assert versions_of(secretsmanager, "a") == {"AWSCURRENT": [new], "AWSPREVIOUS": [old]}


def test_from_the_default_key_to_a_customers_and_back(
    secretsmanager: Any, kms: Any, account: Account, key_id: str
) -> None:
    """An empty KmsKeyId is the default key again; the list shows it by AWS's word."""
    arn = arn_of(account, key_id)
    secretsmanager.create_secret(Name="a", SecretString="x")
    secretsmanager.update_secret(SecretId="a", KmsKeyId=key_id)
    assert versions_of(secretsmanager, "a") == {"AWSCURRENT": [arn, "DefaultEncryptionKey"]}
    secretsmanager.update_secret(SecretId="a", KmsKeyId="")
    assert "KmsKeyId" not in secretsmanager.describe_secret(SecretId="a")
    assert versions_of(secretsmanager, "a") == {"AWSCURRENT": ["DefaultEncryptionKey", arn]}
    kms.disable_key(KeyId=key_id)
    assert secretsmanager.get_secret_value(SecretId="a")["SecretString"] == "x"
    secretsmanager.put_secret_value(SecretId="a", SecretString="y")
    assert versions_of(secretsmanager, "a")["AWSCURRENT"] == ["DefaultEncryptionKey"]


def test_a_key_that_may_not_be_used_is_not_taken(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str
) -> None:
    """UpdateSecret tries the key first, and changes nothing when that fails."""
    secretsmanager.create_secret(Name="a", SecretString="x")
    client = User(server, account, ANY_SECRET).client("secretsmanager")
    assert refusal(client.update_secret, SecretId="a", KmsKeyId=key_id, Description="d") == KMS_REFUSED
    shown = secretsmanager.describe_secret(SecretId="a")
    assert "KmsKeyId" not in shown
    assert "Description" not in shown
    code, text = refusal(secretsmanager.update_secret, SecretId="a", KmsKeyId=str(uuid4()))
    assert code == "InvalidRequestException"
    assert text.startswith("The operation failed because of an invalid KMS key: Key 'arn:aws:kms:")


def test_another_account_reads_under_a_customers_key_only(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str
) -> None:
    """Secret policy, key policy and both identity rights; the default key is refused; the owner sees the use."""
    other = server.new_account()
    friend = User(server, other, statement("secretsmanager:*"))
    made = secretsmanager.create_secret(Name="a", SecretString="x")
    share(secretsmanager, "a", other.account_id)
    read = friend.client("secretsmanager").get_secret_value
    assert refusal(read, SecretId=made["ARN"]) == DEFAULT_KEY
    secretsmanager.update_secret(SecretId="a", KmsKeyId=key_id)
    assert refusal(read, SecretId=made["ARN"]) == KMS_REFUSED
    root = statement("*", Principal={"AWS": f"arn:aws:iam::{account.account_id}:root"})
    guest = statement("Decrypt", Principal={"AWS": friend.arn})
    kms.put_key_policy(KeyId=key_id, Policy=policy(root, guest))
    assert refusal(read, SecretId=made["ARN"]) == KMS_REFUSED
    friend.may(ANY_SECRET, statement("Decrypt", resource=arn_of(account, key_id)))
    answer = read(SecretId=made["ARN"])
    assert answer["SecretString"] == "x"
    copies = {record["recipientAccountId"] for record in server.records("Decrypt", request_id(answer))}
    assert copies == {account.account_id, other.account_id}
    write = friend.client("secretsmanager").put_secret_value
    assert refusal(write, SecretId=made["ARN"], SecretString="y") == KMS_REFUSED
    update = friend.client("secretsmanager").update_secret
    assert refusal(update, SecretId=made["ARN"], KmsKeyId="") == DEFAULT_KEY


def test_a_grant_lets_a_user_read(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str
) -> None:
    """With a constraint on the secret it is good for that secret alone."""
    user = User(server, account, ANY_SECRET)
    read = user.client("secretsmanager").get_secret_value
    arns = [
        secretsmanager.create_secret(Name=name, SecretString=name, KmsKeyId=key_id)["ARN"]
        for name in ("a", "b")
    ]
    made = kms.create_grant(
        KeyId=key_id,
        GranteePrincipal=user.arn,
        Operations=["Decrypt"],
        Constraints={"EncryptionContextSubset": {"SecretARN": arns[0]}},
    )
    assert read(SecretId="a")["SecretString"] == "a"
    assert refusal(read, SecretId="b") == KMS_REFUSED
    kms.revoke_grant(KeyId=key_id, GrantId=made["GrantId"])
    assert refusal(read, SecretId="a") == KMS_REFUSED


def test_a_batch_names_every_secret_whose_key_refused(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str
) -> None:
    """In Errors, with its code; the others are read."""
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    for name, key in (("a", ""), ("b", key_id), ("c", other)):
        secretsmanager.create_secret(Name=name, SecretString=name, KmsKeyId=key)
    kms.disable_key(KeyId=other)
    user = User(server, account, ANY_SECRET, statement("Decrypt", resource=arn_of(account, other)))
    read = user.client("secretsmanager").batch_get_secret_value(SecretIdList=["a", "b", "c"])
    assert [value["SecretString"] for value in read["SecretValues"]] == ["a"]
    failed = [(error["SecretId"], error["ErrorCode"], error["Message"]) for error in read["Errors"]]
    assert failed == [("b", *KMS_REFUSED), ("c", *DECRYPTION)]
    names = [record["eventName"] for record in server.records(request_id=request_id(read))]
    assert sorted(names) == ["BatchGetSecretValue", "Decrypt", "Decrypt", *["GetSecretValue"] * 3]


def test_policies_decide_on_the_key_that_a_request_names(
    server: Server, account: Account, kms: Any, key_id: str
) -> None:
    """secretsmanager:KmsKeyId as sent, secretsmanager:KmsKeyArn as it is."""
    kms.create_alias(AliasName="alias/app", TargetKeyId=key_id)
    keys = statement("GenerateDataKey", "Decrypt", "Encrypt")
    for condition in (
        {"StringEquals": {"secretsmanager:KmsKeyId": "alias/app"}},
        {"ArnEquals": {"secretsmanager:KmsKeyArn": arn_of(account, key_id)}},
    ):
        rights = statement("secretsmanager:CreateSecret", "secretsmanager:UpdateSecret", Condition=condition)
        client = User(server, account, rights, keys).client("secretsmanager")
        name = str(uuid4())
        assert refusal(client.create_secret, Name=name, SecretString="x")[0] == "AccessDeniedException"
        client.create_secret(Name=name, SecretString="x", KmsKeyId="alias/app")
        client.update_secret(SecretId=name, KmsKeyId="alias/app")
        assert refusal(client.update_secret, SecretId=name, KmsKeyId="")[0] == "AccessDeniedException"


def test_p01_a_name_of_a_key_is_one_in_the_account_of_the_secret(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str
) -> None:
    """An alias of the caller's account is neither what policies see nor what is used."""
    other = server.new_account()
    theirs = server.client("kms", other)
    theirs.create_alias(AliasName="alias/x", TargetKeyId=theirs.create_key()["KeyMetadata"]["KeyId"])
    kms.create_alias(AliasName="alias/x", TargetKeyId=key_id)
    arn = arn_of(account, key_id)
    keys = statement("GenerateDataKey", "Decrypt", "Encrypt")
    friend = User(server, other, ANY_SECRET, keys)
    root = statement("*", Principal={"AWS": f"arn:aws:iam::{account.account_id}:root"})
    guest = statement("GenerateDataKey", "Decrypt", "Encrypt", Principal={"AWS": friend.arn})
    kms.put_key_policy(KeyId=key_id, Policy=policy(root, guest))
    made = secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    share(secretsmanager, "a", other.account_id)
    update = friend.client("secretsmanager").update_secret
    for found, right in ((arn, True), (arn_of(other, "x"), False)):
        condition = {"ArnEquals": {"secretsmanager:KmsKeyArn": found}}
        friend.may(statement("secretsmanager:UpdateSecret", Condition=condition), keys)
        if right:
            update(SecretId=made["ARN"], KmsKeyId="alias/x", SecretString="y")
        else:
            refused = refusal(update, SecretId=made["ARN"], KmsKeyId="alias/x")
            assert refused[0] == "AccessDeniedException"
    assert secretsmanager.get_secret_value(SecretId="a")["SecretString"] == "y"
    assert versions_of(secretsmanager, "a")["AWSCURRENT"] == [arn]


def test_k05_a_key_is_not_deleted_while_a_value_needs_it(moved_server: MovedServer) -> None:
    """It stays pending and refuses; once the last such value is gone it goes too. A second key is enough."""
    kms, secrets = moved_server.client("kms"), moved_server.client("secretsmanager")
    needed, spare = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    secrets.create_secret(Name="a", SecretString="x", KmsKeyId=needed)
    secrets.create_secret(Name="b", SecretString="y", KmsKeyId=spare)
    secrets.update_secret(SecretId="b", KmsKeyId="")
    for key_id in (needed, spare):
        kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    moved_server.advance(days=8)
    moved_server.run_background()
    assert kms.describe_key(KeyId=needed)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert refusal(kms.describe_key, KeyId=spare)[0] == "NotFoundException"
    assert secrets.get_secret_value(SecretId="b")["SecretString"] == "y"
    assert refusal(secrets.get_secret_value, SecretId="a") == DECRYPTION
    kms.cancel_key_deletion(KeyId=needed)
    kms.enable_key(KeyId=needed)
    assert secrets.get_secret_value(SecretId="a")["SecretString"] == "x"
    kms.schedule_key_deletion(KeyId=needed, PendingWindowInDays=7)
    secrets.delete_secret(SecretId="a", ForceDeleteWithoutRecovery=True)
    moved_server.advance(days=8)
    moved_server.run_background()
    moved_server.run_background()
    assert refusal(kms.describe_key, KeyId=needed)[0] == "NotFoundException"


def test_k05_the_operator_may_let_a_used_key_go(tmp_path: Any) -> None:
    """As AWS does it: the value is lost, and reading says so."""
    server = MovedServer(tmp_path / "forced", settings={"kms_delete_used_keys": "yes"})
    try:
        server.start()
        kms, secrets = server.client("kms"), server.client("secretsmanager")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        secrets.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
        kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
        server.advance(days=8)
        server.run_background()
        assert refusal(kms.describe_key, KeyId=key_id)[0] == "NotFoundException"
        assert refusal(secrets.get_secret_value, SecretId="a") == DECRYPTION
    finally:
        server.close()


def test_k02_a_value_opens_in_its_own_place_only(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str
) -> None:
    """The data key of one version does not open through KMS with the encryption context of another."""
    made = secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    bound = {"SecretARN": made["ARN"], "SecretVersionId": made["VersionId"]}
    blob = kms.generate_data_key(KeyId=key_id, KeySpec="AES_256", EncryptionContext=bound)["CiphertextBlob"]
    for changed in ({"SecretVersionId": str(uuid4())}, {"SecretARN": made["ARN"] + "x"}):
        context = {**bound, **changed}
        assert refusal(kms.decrypt, CiphertextBlob=blob, EncryptionContext=context) == (
            "InvalidCiphertextException",
            "",
        )


def test_l03_no_record_of_all_this_holds_a_value_or_a_ciphertext(
    server: Server, account: Account, secretsmanager: Any, key_id: str
) -> None:
    """Neither plaintext nor CiphertextBlob is ever shown."""
    secretsmanager.create_secret(Name="a", SecretString="canary-5e1f", KmsKeyId=key_id)
    secretsmanager.get_secret_value(SecretId="a")
    secretsmanager.update_secret(SecretId="a", KmsKeyId="")
    written = json.dumps(server.records(account=account))
    assert "canary-5e1f" not in written
    assert "iphertextBlob" not in written
    assert "laintext" not in written
