"""Keys and role sessions: key policies and grants that name a role, inside session policies; who reads secrets so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.kms.answers import arn_of, policy, refusal, statement
from tests.support.accounts import Account, Key
from tests.support.server import Server


class Role:
    """A role of an account that its administrator may take on."""

    def __init__(self, server: Server, account: Account, *statements: dict[str, Any]) -> None:
        self._server = server
        self._sts = server.client("sts", account)
        iam = server.client("iam", account)
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account.account_id}:root"},
            "Action": "sts:AssumeRole",
        }
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        made = iam.create_role(RoleName="app", AssumeRolePolicyDocument=document)
        self.arn: str = made["Role"]["Arn"]
        if statements:
            iam.put_role_policy(RoleName="app", PolicyName="may", PolicyDocument=policy(*statements))

    def client(self, service: str, session: str = "one", **more: Any) -> Any:
        """Take the role on; make a client."""
        given = self._sts.assume_role(RoleArn=self.arn, RoleSessionName=session, **more)["Credentials"]
        key = Key(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])
        return self._server.client(service, key=key)


@pytest.fixture
def role(server: Server, account: Account) -> Role:
    """A role that may read secrets, and nothing of KMS."""
    return Role(server, account, statement("secretsmanager:GetSecretValue"))


NARROW = policy(statement("kms:Encrypt", "secretsmanager:GetSecretValue"))


def test_a_key_policy_that_names_a_role_means_its_sessions(
    kms: Any, account: Account, key_id: str, role: Role
) -> None:
    """No identity policy is needed; a session policy limits it all the same."""
    root = statement("*", Principal={"AWS": f"arn:aws:iam::{account.account_id}:root"})
    named = statement("Decrypt", Principal={"AWS": role.arn})
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    assert refusal(role.client("kms").decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"
    kms.put_key_policy(KeyId=key_id, Policy=policy(root, named))
    assert role.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    limited = role.client("kms", Policy=NARROW)
    assert refusal(limited.decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"


def test_a_grant_to_a_role_is_for_its_sessions_one_to_a_session_for_that_session(
    kms: Any, account: Account, key_id: str, role: Role
) -> None:
    """The grant of a role stays inside session policies; that of a session needs its exact name."""
    blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
    made = kms.create_grant(KeyId=key_id, GranteePrincipal=role.arn, Operations=["Decrypt"])
    assert role.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert (
        refusal(role.client("kms", Policy=NARROW).decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"
    )
    kms.revoke_grant(KeyId=key_id, GrantId=made["GrantId"])
    session = f"arn:aws:sts::{account.account_id}:assumed-role/app/one"
    kms.create_grant(KeyId=key_id, GranteePrincipal=session, Operations=["Decrypt"])
    assert role.client("kms", "one").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert refusal(role.client("kms", "two").decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"


def test_a_session_reads_a_secret_under_a_customers_key(
    server: Server, account: Account, kms: Any, key_id: str, role: Role
) -> None:
    """With a grant on the key; the record of KMS names the session, its issuer and Secrets Manager."""
    server.client("secretsmanager", account).create_secret(Name="a", SecretString="x", KmsKeyId=key_id)
    read = role.client("secretsmanager").get_secret_value
    assert refusal(read, SecretId="a") == ("AccessDeniedException", "Access to KMS is not allowed")
    kms.create_grant(KeyId=key_id, GranteePrincipal=role.arn, Operations=["Decrypt"])
    answer = read(SecretId="a")
    assert answer["SecretString"] == "x"
    found = server.records(request_id=answer["ResponseMetadata"]["RequestId"])
    [record] = [record for record in found if record["eventName"] == "Decrypt"]
    identity = record["userIdentity"]
    assert identity["type"] == "AssumedRole"
    assert identity["invokedBy"] == "secretsmanager.amazonaws.com"
    assert identity["sessionContext"]["sessionIssuer"]["arn"] == role.arn
    narrow = policy(statement("secretsmanager:GetSecretValue"))
    limited = role.client("secretsmanager", Policy=narrow).get_secret_value
    assert refusal(limited, SecretId="a") == ("AccessDeniedException", "Access to KMS is not allowed")


def test_the_history_finds_the_uses_of_a_key(server: Server, account: Account, kms: Any, key_id: str) -> None:
    """LookupEvents by the key's ARN, once the background has indexed the records."""
    kms.encrypt(KeyId=key_id, Plaintext=b"x")
    kms.disable_key(KeyId=key_id)
    server.run_background()
    found = server.client("cloudtrail", account).lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": arn_of(account, key_id)}]
    )["Events"]
    assert {event["EventName"] for event in found} == {"CreateKey", "Encrypt", "DisableKey"}
    assert all(event["EventSource"] == "kms.amazonaws.com" for event in found)
