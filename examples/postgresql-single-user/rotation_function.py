"""Rotates the password of a PostgreSQL account that changes its own, in the four steps of Secrets Manager.

The secret is {"engine": "postgres", "host", "port", "username", "password", "dbname"}; other members stay.
Each step may be called again: what was done already is seen, and left as it is.
"""

import json
import os

import boto3
import psycopg
from psycopg import sql

secrets = boto3.client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])
CURRENT, PENDING = "AWSCURRENT", "AWSPENDING"


def handler(event, context):
    """Do one step."""
    secret, token = event["SecretId"], event["ClientRequestToken"]
    described = secrets.describe_secret(SecretId=secret)
    stages = described["VersionIdsToStages"].get(token)
    if not described.get("RotationEnabled") or stages is None:
        raise ValueError("this version is not being rotated")
    if CURRENT in stages:
        return
    if PENDING not in stages:
        raise ValueError("this version is not pending")
    steps = {
        "createSecret": create,
        "setSecret": set_password,
        "testSecret": test,
        "finishSecret": lambda *_: finish(secret, token, described),
    }
    steps[event["Step"]](secret, token, event)


def create(secret, token, event):
    """Store a new password under AWSPENDING, unless there is one."""
    current = read(secret, CURRENT)
    try:
        read(secret, PENDING, token)
    except secrets.exceptions.ResourceNotFoundException:
        password = secrets.get_random_password(ExcludeCharacters=":/@\"'\\")["RandomPassword"]
        secrets.put_secret_value(
            SecretId=secret,
            ClientRequestToken=token,
            SecretString=json.dumps({**current, "password": password}),
            VersionStages=[PENDING],
            RotationToken=event["RotationToken"],
        )


def set_password(secret, token, event):
    """Let the server take the new password, unless it has it."""
    current, pending = read(secret, CURRENT), read(secret, PENDING, token)
    if any(current.get(name) != pending.get(name) for name in ("host", "port", "username")):
        raise ValueError("the pending version is of another account")
    if logs_in(pending):
        return
    with connect(current) as connection:
        user = pending["username"]
        verifier = connection.pgconn.encrypt_password(
            pending["password"].encode(), user.encode(), b"scram-sha-256"
        )
        change = sql.SQL("ALTER ROLE {} PASSWORD {}")
        connection.execute(change.format(sql.Identifier(user), sql.Literal(verifier.decode())))


def test(secret, token, event):
    """Log in with the new password, and ask something."""
    with connect(read(secret, PENDING, token)) as connection:
        connection.execute("SELECT now()")


def finish(secret, token, described):
    """Let applications have the new password."""
    held = next(version for version, stages in described["VersionIdsToStages"].items() if CURRENT in stages)
    secrets.update_secret_version_stage(
        SecretId=secret, VersionStage=CURRENT, MoveToVersionId=token, RemoveFromVersionId=held
    )


def read(secret, stage, token=None):
    """Read a version."""
    which = {"VersionStage": stage} if token is None else {"VersionStage": stage, "VersionId": token}
    return json.loads(secrets.get_secret_value(SecretId=secret, **which)["SecretString"])


def connect(value):
    """Log in."""
    return psycopg.connect(
        host=value["host"],
        port=int(value.get("port", 5432)),
        user=value["username"],
        password=value["password"],
        dbname=value.get("dbname", "postgres"),
        sslmode="verify-full" if value.get("ssl", True) else "disable",
        connect_timeout=5,
    )


def logs_in(value):
    """Whether a password is accepted. That the server cannot be reached says nothing, and ends the step."""
    try:
        connect(value).close()
    except psycopg.OperationalError as problem:
        if "password authentication failed" not in str(problem):
            raise
        return False
    return True
