"""Secrets under a customer's key: rotated with the rights of whoever configured it, each use of the key on record."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.polling import until
from tests.rotation.application import rotate
from tests.rotation.databases import document
from tests.support.accounts import Account
from tests.support.postgresql import PostgreSQL
from tests.support.server import Server


def key_and_secret(server: Server, account: Account, postgresql: PostgreSQL, name: str) -> tuple[str, str]:
    """Make a key, and a secret under it; return their ARNs."""
    postgresql.make_user(name)
    key: str = server.client("kms", account).create_key()["KeyMetadata"]["Arn"]
    client = server.client("secretsmanager", account)
    made = client.create_secret(Name=name, KmsKeyId=key, SecretString=json.dumps(document(postgresql, name)))
    return key, made["ARN"]


def test_a_rotation_under_a_customers_key(server: Server, account: Account, postgresql: PostgreSQL) -> None:
    """The new version is under the key; uses of it are calls of KMS by the principal, through the service."""
    key, arn = key_and_secret(server, account, postgresql, "keyed")
    client = server.client("secretsmanager", account)
    rotate(client, arn)
    value = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
    assert postgresql.logs_in("keyed", value["password"])
    versions = client.list_secret_version_ids(SecretId=arn)["Versions"]
    assert all(version["KmsKeyIds"] == [key] for version in versions)
    [current] = [version for version in versions if version["VersionStages"] == ["AWSCURRENT"]]

    def bound(record: dict[str, Any]) -> Any:
        return (record.get("requestParameters") or {}).get("encryptionContext", {})

    until(lambda: bool(server.records("GenerateDataKey", account=account)))
    made = [
        record
        for record in server.records("GenerateDataKey", account=account)
        if bound(record).get("SecretVersionId") == current["VersionId"]
    ]
    assert len(made) == 1
    assert made[0]["userIdentity"]["arn"].endswith(":user/admin")
    assert made[0]["sourceIPAddress"] == "secretsmanager.amazonaws.com"
