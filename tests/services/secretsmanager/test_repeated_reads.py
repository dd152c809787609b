"""Reading again and again under a customer's key: each time is decided on and recorded, whatever was kept before.

Every test reads often enough that the data key, the permission and the form of the record are at hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.services.kms.answers import User, arn_of, policy, statement
from tests.services.secretsmanager.answers import KMS_REFUSED, refusal, request_id, share
from tests.support.accounts import Account, Key
from tests.support.server import Server

DECRYPTION = (
    "DecryptionFailure",
    "Secrets Manager can't decrypt the protected secret text using the provided KMS key.",
)
MAY_READ = statement("secretsmanager:GetSecretValue")
MAY_DECRYPT = statement("Decrypt")
TIMES = 5


@pytest.fixture
def secret(secretsmanager: Any, key_id: str) -> str:
    """The ARN of a secret under the key."""
    made: str = secretsmanager.create_secret(Name="a", SecretString="x", KmsKeyId=key_id)["ARN"]
    return made


def read_often(client: Any, secret_id: str = "a") -> list[Any]:
    """Read a secret until whatever is kept is kept."""
    answers = [client.get_secret_value(SecretId=secret_id) for _ in range(TIMES)]
    assert {answer["SecretString"] for answer in answers} == {"x"}
    return answers


def take_on_role(server: Server, account: Account, **more: Any) -> Any:
    """Make a role that may read and decrypt, take it on, and give Secrets Manager as its session."""
    iam = server.client("iam", account)
    trust = statement("sts:AssumeRole", Principal={"AWS": account.account_id})
    del trust["Resource"]
    made = iam.create_role(RoleName="app", AssumeRolePolicyDocument=policy(trust))["Role"]
    iam.put_role_policy(
        RoleName="app", PolicyName="may", PolicyDocument=policy(MAY_READ, MAY_DECRYPT, statement("Encrypt"))
    )
    return session_of(server, account, made["Arn"], **more)


def session_of(server: Server, account: Account, role_arn: str, **more: Any) -> Any:
    """Take a role on, and give Secrets Manager as its session."""
    sts = server.client("sts", account)
    given = sts.assume_role(RoleArn=role_arn, RoleSessionName="one", **more)["Credentials"]
    key = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
    return server.client("secretsmanager", key=key)


def root_of(account: Account) -> dict[str, Any]:
    """Hand a key on to its account."""
    return statement("*", Principal={"AWS": f"arn:aws:iam::{account.account_id}:root"})


Change = Callable[[Any, str, Account], Any]
KEY_CHANGES: dict[str, tuple[Change, Change, tuple[str, str]]] = {
    "disabled": (
        lambda kms, key_id, _: kms.disable_key(KeyId=key_id),
        lambda kms, key_id, _: kms.enable_key(KeyId=key_id),
        DECRYPTION,
    ),
    "pending deletion": (
        lambda kms, key_id, _: kms.schedule_key_deletion(KeyId=key_id),
        lambda kms, key_id, _: (kms.cancel_key_deletion(KeyId=key_id), kms.enable_key(KeyId=key_id)),
        DECRYPTION,
    ),
    "denied by its policy": (
        lambda kms, key_id, account: kms.put_key_policy(
            KeyId=key_id,
            Policy=policy(root_of(account), statement("Decrypt", effect="Deny", Principal={"AWS": "*"})),
        ),
        lambda kms, key_id, account: kms.put_key_policy(KeyId=key_id, Policy=policy(root_of(account))),
        KMS_REFUSED,
    ),
    "no longer allowed by its policy": (
        lambda kms, key_id, account: kms.put_key_policy(
            KeyId=key_id,
            Policy=policy({**root_of(account), "Action": ["kms:PutKeyPolicy", "kms:Encrypt"]}),
        ),
        lambda kms, key_id, account: kms.put_key_policy(KeyId=key_id, Policy=policy(root_of(account))),
        KMS_REFUSED,
    ),
}


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("by_role", [False, True], ids=["user", "role"])
@pytest.mark.parametrize("change", KEY_CHANGES)
def test_k05_s09_a_change_of_the_key_holds_on_the_very_next_read(
    server: Server, account: Account, kms: Any, key_id: str, change: str, by_role: bool
) -> None:
    """By a user and by a role's session, again and again."""
    make, undo, refused = KEY_CHANGES[change]
    if by_role:
        client = take_on_role(server, account)
    else:
        client = User(server, account, MAY_READ, MAY_DECRYPT).client("secretsmanager")
    for _ in range(2):
        read_often(client)
        make(kms, key_id, account)
        assert refusal(client.get_secret_value, SecretId="a") == refused
        assert refusal(client.get_secret_value, SecretId="a") == refused
        undo(kms, key_id, account)


@pytest.mark.usefixtures("secret")
def test_s09_a_change_of_a_users_rights_holds_on_the_very_next_read(server: Server, account: Account) -> None:
    """A right that is taken, one that is denied, and a boundary; each refusal is on record as one of KMS."""
    user = User(server, account, MAY_READ, MAY_DECRYPT)
    client = user.client("secretsmanager")
    iam = server.client("iam", account)
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=policy(MAY_READ))["Policy"]["Arn"]
    read_often(client)
    user.may(MAY_READ)
    assert refusal(client.get_secret_value, SecretId="a") == KMS_REFUSED
    user.may(MAY_READ, MAY_DECRYPT)
    read_often(client)
    user.may(MAY_READ, MAY_DECRYPT, statement("Decrypt", effect="Deny"))
    assert refusal(client.get_secret_value, SecretId="a") == KMS_REFUSED
    user.may(MAY_READ, MAY_DECRYPT)
    read_often(client)
    iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=boundary)
    assert refusal(client.get_secret_value, SecretId="a") == KMS_REFUSED
    iam.delete_user_permissions_boundary(UserName=user.name)
    read_often(client)
    denied = [record for record in server.records("Decrypt", account=account) if "errorCode" in record]
    assert [record["errorCode"] for record in denied] == ["AccessDenied"] * 3


@pytest.mark.usefixtures("secret")
def test_s09_a_change_of_a_role_holds_on_the_very_next_read_of_its_sessions(
    server: Server, account: Account
) -> None:
    """Its policy, and the role itself."""
    client = take_on_role(server, account)
    iam = server.client("iam", account)
    read_often(client)
    iam.put_role_policy(RoleName="app", PolicyName="may", PolicyDocument=policy(MAY_READ))
    assert refusal(client.get_secret_value, SecretId="a") == KMS_REFUSED
    iam.put_role_policy(RoleName="app", PolicyName="may", PolicyDocument=policy(MAY_READ, MAY_DECRYPT))
    read_often(client)
    iam.delete_role_policy(RoleName="app", PolicyName="may")
    iam.delete_role(RoleName="app")
    assert refusal(client.get_secret_value, SecretId="a")[0] == "UnrecognizedClientException"


@pytest.mark.usefixtures("secret")
def test_p02_what_one_session_of_a_role_may_says_nothing_of_another(server: Server, account: Account) -> None:
    """A session policy limits its own session, however often another one reads."""
    free = take_on_role(server, account)
    role_arn = server.client("iam", account).get_role(RoleName="app")["Role"]["Arn"]
    limited = session_of(server, account, role_arn, Policy=policy(MAY_READ, statement("Encrypt")))
    bystander = User(server, account, MAY_READ).client("secretsmanager")
    for _ in range(2):
        read_often(free)
        assert refusal(limited.get_secret_value, SecretId="a") == KMS_REFUSED
        assert refusal(bystander.get_secret_value, SecretId="a") == KMS_REFUSED


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize("stands_in", ["identity policy", "key policy", "deny"])
def test_p02_a_right_that_hangs_on_the_encryption_context_is_decided_on_each_time(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str, stands_in: str
) -> None:
    """What is allowed for one secret is not allowed for another one under the same key."""
    secretsmanager.create_secret(Name="b", SecretString="x", KmsKeyId=key_id)
    only_a = {"StringLike": {"kms:EncryptionContext:SecretARN": "*:secret:a-*"}}
    not_a = {"StringNotLike": only_a["StringLike"]}
    user = User(server, account, MAY_READ)
    if stands_in == "identity policy":
        user.may(MAY_READ, statement("Decrypt", Condition=only_a))
    elif stands_in == "deny":
        user.may(MAY_READ, MAY_DECRYPT, statement("Decrypt", effect="Deny", Condition=not_a))
    else:
        named = statement("Decrypt", Principal={"AWS": user.arn}, Condition=only_a)
        kms.put_key_policy(KeyId=key_id, Policy=policy(root_of(account), named))
    client = user.client("secretsmanager")
    for _ in range(2):
        read_often(client)
        for _ in range(TIMES):
            assert refusal(client.get_secret_value, SecretId="b") == KMS_REFUSED


def test_p02_a_right_by_a_grant_is_that_of_the_grant(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str, secret: str
) -> None:
    """It holds for the secret that its constraint names, and ends with it; a right beside it goes on."""
    secretsmanager.create_secret(Name="b", SecretString="x", KmsKeyId=key_id)
    granted, allowed = User(server, account, MAY_READ), User(server, account, MAY_READ, MAY_DECRYPT)
    clients = [user.client("secretsmanager") for user in (granted, allowed)]
    for _ in range(2):
        made = kms.create_grant(
            KeyId=key_id,
            GranteePrincipal=granted.arn,
            Operations=["Decrypt"],
            Constraints={"EncryptionContextSubset": {"SecretARN": secret}},
        )
        for client in clients:
            read_often(client)
        read_often(clients[1], "b")
        for _ in range(TIMES):
            assert refusal(clients[0].get_secret_value, SecretId="b") == KMS_REFUSED
        kms.revoke_grant(KeyId=key_id, GrantId=made["GrantId"])
        assert refusal(clients[0].get_secret_value, SecretId="a") == KMS_REFUSED
        read_often(clients[1])


@pytest.mark.parametrize("by_role", [False, True], ids=["user", "role"])
def test_l02_every_one_of_many_reads_has_its_own_record_of_kms(
    server: Server, account: Account, secret: str, key_id: str, by_role: bool
) -> None:
    """All say the same, but for their ids and the time; each carries the id of the request that caused it."""
    if by_role:
        client = take_on_role(server, account)
    else:
        client = User(server, account, MAY_READ, MAY_DECRYPT).client("secretsmanager")
    answers = read_often(client)
    records = []
    for answer in answers:
        kms_record, own = sorted(
            server.records(request_id=request_id(answer)), key=lambda record: str(record["eventName"])
        )
        assert (kms_record["eventName"], own["eventName"]) == ("Decrypt", "GetSecretValue")
        assert kms_record["eventTime"] == own["eventTime"]
        assert {**own["userIdentity"], "invokedBy": "secretsmanager.amazonaws.com"} == kms_record[
            "userIdentity"
        ]
        records.append(kms_record)
    assert len({record["eventID"] for record in records}) == TIMES
    changing = ("eventID", "requestID", "eventTime")
    said = {json.dumps({**record, **dict.fromkeys(changing)}) for record in records}
    assert len(said) == 1
    version = answers[0]["VersionId"]
    assert records[-1]["requestParameters"] == {
        "encryptionContext": {"SecretARN": secret, "SecretVersionId": version},
        "encryptionAlgorithm": "SYMMETRIC_DEFAULT",
    }
    assert records[-1]["resources"] == [
        {"accountId": account.account_id, "type": "AWS::KMS::Key", "ARN": arn_of(account, key_id)}
    ]


def test_l02_the_owner_of_a_key_sees_every_use_by_another_account(
    server: Server, account: Account, secretsmanager: Any, kms: Any, key_id: str, secret: str
) -> None:
    """However often; and the next use of the owner is recorded in its own trail alone."""
    other = server.new_account()
    friend = User(server, other, MAY_READ, MAY_DECRYPT)
    share(secretsmanager, "a", other.account_id)
    guest = statement("Decrypt", Principal={"AWS": friend.arn})
    kms.put_key_policy(KeyId=key_id, Policy=policy(root_of(account), guest))
    for client, accounts in (
        (friend.client("secretsmanager"), {account.account_id, other.account_id}),
        (secretsmanager, {account.account_id}),
    ) * 2:
        for answer in read_often(client, secret):
            copies = server.records("Decrypt", request_id(answer))
            assert {record["recipientAccountId"] for record in copies} == accounts
            assert len(copies) == len(accounts)


def test_l02_a_batch_records_every_use_of_the_key(
    server: Server, secretsmanager: Any, secret: str, key_id: str
) -> None:
    """Each beside the read that it belongs to."""
    secretsmanager.create_secret(Name="b", SecretString="x", KmsKeyId=key_id)
    for _ in range(TIMES):
        answer = secretsmanager.batch_get_secret_value(SecretIdList=["a", "b", secret])
        uses = server.records("Decrypt", request_id(answer))
        assert len(uses) == len(answer["SecretValues"])
