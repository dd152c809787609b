"""Fills a store while no server runs on it: real sealing, real codes, real rows, many to a transaction.

Rules:
 - Secrets are made by the functions that CreateSecret uses, so that they are what a server would have written.
 - Their last access is today's midnight: a benchmark of reads is then one of reads, not of the one write that
   the first read of a day leaves.
 - The change log is kept short and the write-ahead log is emptied, as the background process would have done.
"""

from __future__ import annotations

import dataclasses
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import msgspec

from strongroom.cli.dev_credentials import DevCredentials, save_credentials
from strongroom.clock import Instant, midnight, system_clock
from strongroom.config import Settings
from strongroom.crypto.material import Plaintext
from strongroom.gateway.context import Context
from strongroom.ids import new_secret_suffix
from strongroom.opening import Opened, create, open_deployment, run_alone
from strongroom.seal.file import FileSeal
from strongroom.services.iam.credentials import StoredCredentials
from strongroom.services.secretsmanager.model import AWSCURRENT, Attributes, Rotation, Secret
from strongroom.services.secretsmanager.tables import insert_secret, insert_version
from strongroom.services.secretsmanager.values import Value, seal_version
from strongroom.store.engine import StoreLock, open_connection
from strongroom.store.transaction import Transaction

ACCOUNT: Final = "123456789012"
REGION: Final = "us-east-1"
ROWS_IN_A_TRANSACTION: Final = 5_000
_NEWEST_CHANGE_ONLY: Final = "DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes)"


@dataclass(frozen=True)
class Deployment:
    """A deployment made for a benchmark.

    Attributes:
        directory: What ``--data-dir`` names; the root key lies elsewhere, as ``serve`` demands.
        access_key_id: Of the administrator.
        secret_access_key: The same.
        secrets: How many secrets are stored.
    """

    directory: Path
    access_key_id: str
    secret_access_key: str = field(repr=False)
    secrets: int = 0

    @property
    def key_file(self) -> Path:
        """Where the root key is."""
        return self.directory.with_name(f"{self.directory.name}-key") / "root.key"

    def settings(self) -> Settings:
        """Give the settings that name this deployment."""
        return Settings(data_dir=self.directory, seal=f"file:{self.key_file}")

    def open(self) -> Opened:
        """Open it, to fill it or to look into it; no server may run."""
        return open_deployment(self.settings(), FileSeal(self.key_file))


def secret_name(number: int) -> str:
    """Name the secret of a number; numbers start at 0."""
    return f"bench/application-{number % 97:02d}/database-{number:07d}"


def secret_value(number: int) -> str:
    """Give the value of a secret as it is filled in: JSON of about 150 characters."""
    return (
        f'{{"engine":"postgres","host":"db-{number:07d}.internal","port":5432,"username":"application",'
        f'"password":"{number:07d}-W9v!kq3Zr#7pLx2m","dbname":"orders"}}'
    )


def new_deployment(directory: Path, secrets: int = 0) -> Deployment:
    """Make a deployment in a new directory and fill it with ``secrets`` secrets.

    It can be started with ``serve``, and with ``dev``, which alone knows the settings for benchmarks.
    """
    empty = Deployment(directory, "", "")
    empty.key_file.parent.mkdir(mode=0o700, parents=True)
    administrator = create(empty.settings(), FileSeal(empty.key_file), ACCOUNT, (REGION,), system_clock())
    key, secret = administrator.access_key_id, administrator.secret_access_key
    save_credentials(directory, DevCredentials("", ACCOUNT, key, secret, REGION))
    made = Deployment(directory, administrator.access_key_id, administrator.secret_access_key)
    return fill(made, secrets)


def fill(deployment: Deployment, secrets: int) -> Deployment:
    """Add secrets until there are ``secrets``; numbers go on where the last filling ended."""
    opened = deployment.open()
    lock = StoreLock(deployment.directory)
    checkpointing = open_connection(opened.database)
    try:
        for first in range(deployment.secrets, secrets, ROWS_IN_A_TRANSACTION):
            count = min(ROWS_IN_A_TRANSACTION, secrets - first)
            run_alone(opened, lambda transaction: _add(transaction, opened, deployment, first, count))  # noqa: B023 - run at once
            checkpointing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        checkpointing.close()
        lock.release()
    return dataclasses.replace(deployment, secrets=max(secrets, deployment.secrets))


def _add(transaction: Transaction, opened: Opened, deployment: Deployment, first: int, count: int) -> None:
    context = filling_context(transaction, opened, deployment, system_clock())
    for number in range(first, first + count):
        add_secret(context, number, secret_name(number), secret_value(number))
    transaction.run(_NEWEST_CHANGE_ONLY)


def add_secret(context: Context, number: int, name: str, text: str, rotation: Rotation | None = None) -> int:
    """Add one secret; return its id. The number makes it unlike others of the same transaction."""
    token, now_ms = str(uuid.uuid4()), context.now_ms
    day = midnight(now_ms)
    secret = Secret(
        secret_id=(now_ms << 20) + number,
        account=ACCOUNT,
        region=REGION,
        name=name,
        suffix=new_secret_suffix(),
        created_ms=now_ms,
        changed_ms=now_ms,
        accessed_ms=day,
        deleted_ms=None,
        purge_ms=None,
        attributes=Attributes(
            labels={AWSCURRENT: token}, description="made for a benchmark", rotation=rotation
        ),
    )
    insert_secret(context.transaction, secret)
    version = seal_version(context, secret, token, Value("SecretString", Plaintext(text.encode())))
    insert_version(context.transaction, msgspec.structs.replace(version, accessed_ms=day))
    return secret.secret_id


def filling_context(
    transaction: Transaction, opened: Opened, deployment: Deployment, now_ms: Instant
) -> Context:
    """Give a context of the administrator, in which secrets are added."""
    credential = StoredCredentials(opened.keyring).find(transaction, deployment.access_key_id)
    assert credential is not None, "the administrator of the deployment"

    return Context(
        caller=credential.caller,
        now_ms=now_ms,
        region=REGION,
        request_id=str(uuid.uuid4()),
        source_ip="127.0.0.1",
        user_agent="bench",
        is_secure=False,
        rows=transaction,
        deployment=SimpleNamespace(keyring=opened.keyring, settings=opened.settings),
        inner=_refuse,
    )


def _refuse(context: Context, operation: object, request: object) -> None:  # noqa: ARG001 - names of the protocol
    raise AssertionError("filling makes no inner calls")
