"""Rotates a bearer token that an HTTP endpoint issues and invalidates, with a key pair from another secret.

The secret is {"token_type": "bearer", "access_token", "masterarn"}; the one of masterarn holds {"api_key",
"api_secret_key", "token_url", "revoke_url", "test_url"}. The endpoint holds one token: asked again it gives the
same one, so the old one is invalidated first. Each step may be called again.
"""

import base64
import json
import os
import urllib.error
import urllib.parse
import urllib.request

import boto3

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
    if event["Step"] == "createSecret":
        create(secret, token, event["RotationToken"])
    elif event["Step"] == "testSecret":
        test(secret, token)
    elif event["Step"] == "finishSecret":
        finish(secret, token, described)
    # setSecret: the endpoint has the token already; it made it


def create(secret, token, rotation_token):
    """Obtain a token and store it at once, unless there is one."""
    current = read(secret, CURRENT)
    try:
        read(secret, PENDING, token)
        return
    except secrets.exceptions.ResourceNotFoundException:
        pass
    key = read(current["masterarn"], CURRENT)
    obtained = ask(key, "token_url", {"grant_type": "client_credentials"})
    if obtained["access_token"] == current.get("access_token"):
        ask(key, "revoke_url", {"access_token": current["access_token"]})
        obtained = ask(key, "token_url", {"grant_type": "client_credentials"})
    if obtained["access_token"] == current.get("access_token"):
        raise ValueError("the endpoint gives the old token again")
    value = {**current, "token_type": obtained["token_type"], "access_token": obtained["access_token"]}
    secrets.put_secret_value(
        SecretId=secret,
        ClientRequestToken=token,
        SecretString=json.dumps(value),
        VersionStages=[PENDING],
        RotationToken=rotation_token,
    )


def test(secret, token):
    """Call the API with the new token."""
    pending = read(secret, PENDING, token)
    key = read(pending["masterarn"], CURRENT)
    call = urllib.request.Request(
        key["test_url"], headers={"Authorization": f"Bearer {pending['access_token']}"}
    )
    with urllib.request.urlopen(call, timeout=5) as answer:
        answer.read()


def finish(secret, token, described):
    """Let applications have the new token."""
    held = next(version for version, stages in described["VersionIdsToStages"].items() if CURRENT in stages)
    secrets.update_secret_version_stage(
        SecretId=secret, VersionStage=CURRENT, MoveToVersionId=token, RemoveFromVersionId=held
    )


def ask(key, url, form):
    """Post a form with the key pair."""
    pair = ":".join(urllib.parse.quote_plus(key[name]) for name in ("api_key", "api_secret_key"))
    headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
    call = urllib.request.Request(key[url], urllib.parse.urlencode(form).encode(), headers)
    with urllib.request.urlopen(call, timeout=5) as answer:
        return json.load(answer)


def read(secret, stage, token=None):
    """Read a version."""
    which = {"VersionStage": stage} if token is None else {"VersionStage": stage, "VersionId": token}
    return json.loads(secrets.get_secret_value(SecretId=secret, **which)["SecretString"])
