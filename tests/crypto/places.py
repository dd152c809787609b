"""The keys, secrets and places that the tests of the cryptographic engines share."""

from __future__ import annotations

from strongroom.crypto.envelope import ValuePlace

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"
OTHER_KEY_ARN = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/11111111-2222-4333-8444-555555555555"
SECRET_ARN = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:prod/db-a1b2c3"
VERSION_ID = "9f8e7d6c-5b4a-4392-8817-06f5e4d3c2b1"
CONTEXT = {"SecretARN": SECRET_ARN, "SecretVersionId": VERSION_ID}
PLACE = ValuePlace(ACCOUNT, SECRET_ARN, VERSION_ID, "SecretString")
CANARY = b"canary-7Jx2"
"""Stands for a secret value; no output may hold it, in any common encoding."""
