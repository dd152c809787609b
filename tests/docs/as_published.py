"""A function that a user brings: it treats a MySQL or MariaDB account as the published single-user functions do.

Like them it knows no RotationToken, tries TLS and then plain when the secret does not say, and logs what it does.
"""

from __future__ import annotations

import json
import logging
import os
from typing import Any

import boto3
import pymysql

log = logging.getLogger()
log.setLevel(logging.INFO)
AUTHORITIES = "/etc/pki/tls/cert.pem"


def lambda_handler(event: dict[str, str], context: object) -> None:
    """Do one step."""
    secret, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    client = boto3.client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])
    described = client.describe_secret(SecretId=secret)
    stages = described["VersionIdsToStages"]
    if not described.get("RotationEnabled", True) or "AWSPENDING" not in stages.get(token, []):
        raise ValueError(f"version {token} of {secret} is not to be rotated")
    if "AWSCURRENT" in stages[token]:
        return
    if step == "createSecret":
        create(client, secret, token)
    elif step == "setSecret":
        set_password(client, secret, token)
    elif step == "testSecret":
        with _in(read(client, secret, "AWSPENDING", token)) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT NOW()")
    elif step == "finishSecret":
        held = next(version for version, labels in stages.items() if "AWSCURRENT" in labels)
        client.update_secret_version_stage(
            SecretId=secret, VersionStage="AWSCURRENT", MoveToVersionId=token, RemoveFromVersionId=held
        )
    else:
        raise ValueError(f"unknown step {step}")
    log.info("%s: done for %s", step, secret)


def create(client: Any, secret: str, token: str) -> None:
    """Store a new password, unless there is one."""
    value = read(client, secret, "AWSCURRENT")
    try:
        read(client, secret, "AWSPENDING", token)
    except client.exceptions.ResourceNotFoundException:
        value["password"] = client.get_random_password(ExcludeCharacters="/@\"'\\")["RandomPassword"]
        client.put_secret_value(
            SecretId=secret,
            ClientRequestToken=token,
            SecretString=json.dumps(value),
            VersionStages=["AWSPENDING"],
        )


def set_password(client: Any, secret: str, token: str) -> None:
    """Log in with what works, and set the new password."""
    pending = read(client, secret, "AWSPENDING", token)
    if connect(pending) is not None:
        return
    with _in(read(client, secret, "AWSCURRENT")) as connection, connection.cursor() as cursor:
        cursor.execute("SET PASSWORD = PASSWORD(%s)", (pending["password"],))
        connection.commit()


def read(client: Any, secret: str, stage: str, token: str | None = None) -> dict[str, Any]:
    """Read a version, and look whether it is one of ours."""
    which = {"VersionStage": stage} if token is None else {"VersionStage": stage, "VersionId": token}
    value: dict[str, Any] = json.loads(client.get_secret_value(SecretId=secret, **which)["SecretString"])
    if value.get("engine") != "mysql":
        raise KeyError("the engine is to be mysql")
    return value


def connect(value: dict[str, Any]) -> pymysql.Connection[Any] | None:
    """Log in as the secret says about TLS; None when that is refused."""
    wishes = [value["ssl"]] if "ssl" in value else [True, False]
    for wish in wishes:
        try:
            return pymysql.connect(
                host=value["host"],
                port=int(value.get("port", 3306)),
                user=value["username"],
                password=value["password"],
                connect_timeout=5,
                ssl={"ca": AUTHORITIES} if wish else None,
            )
        except pymysql.OperationalError:
            log.info("not let in (TLS: %s)", wish)
    return None


def _in(value: dict[str, Any]) -> pymysql.Connection[Any]:
    connection = connect(value)
    if connection is None:
        raise ValueError("no password logs in")
    return connection
