"""The four steps of a rotation, whatever is rotated: the part of these functions that is the same.

It goes into the archive beside the function. Each step may be called again: what was done already is seen, and left
as it is.
"""

import json
import os

import boto3

secrets = boto3.client("secretsmanager", endpoint_url=os.environ["SECRETS_MANAGER_ENDPOINT"])
CURRENT, PENDING, PREVIOUS = "AWSCURRENT", "AWSPENDING", "AWSPREVIOUS"


def take_step(event, *, make, test, install=None, retire=None):
    """Do the step that an event asks for.

    Args:
        event: What the function was invoked with.
        make: Given the current value, returns the new one.
        test: Given the new value, raises when it does not work.
        install: Given the current and the new value, lets the target take the new one, unless it has it.
        retire: Given the current, the new and the previous value (None if there is none), called when the new one
            was tested and before it is current: lets the target forget what is older than the current one.

    Raises:
        ValueError: The version is not one that is being rotated.
    """
    secret, token, step = event["SecretId"], event["ClientRequestToken"], event["Step"]
    described = secrets.describe_secret(SecretId=secret)
    stages = described["VersionIdsToStages"].get(token)
    if not described.get("RotationEnabled") or stages is None:
        raise ValueError("this version is not being rotated")
    if CURRENT in stages:
        return
    if PENDING not in stages:
        raise ValueError("this version is not pending")
    current = read(secret, CURRENT)
    if step == "createSecret":
        if find(secret, PENDING, token) is None:
            put(event, make(current))
    elif step == "setSecret":
        if install is not None:
            install(current, read(secret, PENDING, token))
    elif step == "testSecret":
        test(read(secret, PENDING, token))
    elif step == "finishSecret":
        if retire is not None:
            retire(current, read(secret, PENDING, token), find(secret, PREVIOUS))
        finish(secret, token, described)
    else:
        raise ValueError("there is no such step")


def read(secret, stage, token=None):
    """Read a version."""
    which = {"VersionStage": stage} if token is None else {"VersionStage": stage, "VersionId": token}
    return json.loads(secrets.get_secret_value(SecretId=secret, **which)["SecretString"])


def find(secret, stage, token=None):
    """Read a version that may not be there, or may have no value yet."""
    try:
        return read(secret, stage, token)
    except secrets.exceptions.ResourceNotFoundException:
        return None


def put(event, value):
    """Store the new value; the rotation's own token lets nobody else do so."""
    secrets.put_secret_value(
        SecretId=event["SecretId"],
        ClientRequestToken=event["ClientRequestToken"],
        SecretString=json.dumps(value),
        VersionStages=[PENDING],
        RotationToken=event["RotationToken"],
    )


def finish(secret, token, described):
    """Let applications have the new value."""
    held = next(version for version, stages in described["VersionIdsToStages"].items() if CURRENT in stages)
    secrets.update_secret_version_stage(
        SecretId=secret, VersionStage=CURRENT, MoveToVersionId=token, RemoveFromVersionId=held
    )
