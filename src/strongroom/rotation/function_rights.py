"""What a function may do, reach and show while it rotates one secret. No I/O.

Rules (threat model F-04, F-03):
 - Its credentials are its role's, cut down to reading and writing the rotating secret, reading the secret of its
   ``masterarn``, and drawing passwords. The role needs these rights itself: this only takes away.
 - Keys are used through Secrets Manager alone, and only for these secrets.
 - It reaches host and port of the secret's JSON, besides our endpoint and what the operator lists.
 - What it may read must not stand in its log. Members that everybody may see are left readable there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from strongroom.crypto.material import Plaintext
from strongroom.errors import StrongroomError
from strongroom.services.secretsmanager.model import Secret
from strongroom.strict_json import JSON, load_json

PORTS: Final[Mapping[str, int]] = {
    "postgres": 5432,
    "aurora-postgresql": 5432,
    "mysql": 3306,
    "aurora-mysql": 3306,
    "mariadb": 3306,
    "oracle": 1521,
    "sqlserver": 1433,
    "mongo": 27017,
    "redshift": 5439,
    "db2": 50000,
}
"""The port of each engine, where a secret names none."""
SHOWN: Final = frozenset(
    {
        *("engine", "host", "port", "dbname", "dbInstanceIdentifier", "dbClusterIdentifier", "username"),
        *("masterarn", "ssl", "token_type", "public_key", "certificate", "chain"),
    }
)
"""Members that are no secrets; a log without them would help nobody."""
SHORTEST_SCRUBBED: Final = 6
"""Shorter texts stand everywhere."""


def session_policy(secret: Secret, administrator: str) -> str:
    """Write the session policy of one rotation.

    Args:
        secret: That is rotated.
        administrator: ARN of the secret of its ``masterarn``; empty for none.
    """
    secrets = [secret.arn, *([administrator] if administrator else [])]
    of_account = secret.arn.split(":")
    statements: list[dict[str, Any]] = [
        {
            "Effect": "Allow",
            "Action": [
                "secretsmanager:DescribeSecret",
                "secretsmanager:GetSecretValue",
                "secretsmanager:PutSecretValue",
                "secretsmanager:UpdateSecretVersionStage",
            ],
            "Resource": secret.arn,
        },
        {"Effect": "Allow", "Action": "secretsmanager:GetRandomPassword", "Resource": "*"},
        {
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "kms:ViaService": f"secretsmanager.{of_account[3]}.amazonaws.com",
                    "kms:EncryptionContext:SecretARN": secrets,
                }
            },
        },
    ]
    if administrator:
        statements.append(
            {
                "Effect": "Allow",
                "Action": ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"],
                "Resource": administrator,
            }
        )
    return msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode()


def hosts_of(members: Mapping[str, JSON]) -> tuple[tuple[str, int], ...]:
    """Read where the target of a secret is; nothing when it does not say so."""
    host, port, engine = members.get("host"), members.get("port"), members.get("engine")
    if not isinstance(host, str) or not host:
        return ()
    if port is None and isinstance(engine, str):
        port = PORTS.get(engine)
    text = str(port)
    if isinstance(port, bool) or not (text.isascii() and text.isdigit() and 0 < int(text) <= 65_535):
        return ()
    return ((host, int(text)),)


def scrubbed_of(values: Sequence[Plaintext]) -> tuple[Plaintext, ...]:
    """Give what must not stand in a log: each value as it is, and the texts inside of JSON."""
    found: dict[bytes, None] = {}
    for value in values:
        raw = value.reveal()
        found[raw] = None
        try:
            members = load_json(raw)
        except StrongroomError:
            continue
        for text in _texts(members):
            found[text.encode()] = None
    return tuple(Plaintext(raw) for raw in found if len(raw) >= SHORTEST_SCRUBBED)


def _texts(value: JSON) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for name, inner in value.items() if name not in SHOWN for text in _texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in _texts(inner)]
    return []
