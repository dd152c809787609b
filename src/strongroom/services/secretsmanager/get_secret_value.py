"""GetSecretValue: retrieve the value of one version of a secret.

Without VersionId and VersionStage it is the version labelled AWSCURRENT. The first read of a day sets
LastAccessedDate of the secret and of the version to the midnight before.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html; errors as
recorded in the Secrets Manager reference 4.4.
"""

from __future__ import annotations

import msgspec

from strongroom.clock import Instant, midnight
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import find_target, live
from strongroom.services.secretsmanager.model import AWSCURRENT, Secret, Version
from strongroom.services.secretsmanager.shapes import (
    SecretARN,
    SecretBinary,
    SecretId,
    SecretString,
    ShownName,
    VersionId,
    VersionStage,
    VersionStages,
)
from strongroom.services.secretsmanager.tables import (
    find_secret,
    find_version,
    update_secret,
    update_version,
)
from strongroom.services.secretsmanager.values import open_version
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction
from strongroom.wire.shapes import Shape, Timestamp, renamed, timestamp


class Request(Shape):
    """Which version of which secret."""

    secret_id: SecretId
    version_id: VersionId | None = None
    version_stage: VersionStage | None = None


class Response(Shape):
    """The value, and what version it is."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    version_id: VersionId | None = None
    secret_binary: SecretBinary | None = None
    secret_string: SecretString | None = None
    version_stages: VersionStages | None = None
    created_date: Timestamp | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret; VersionId and VersionStage are condition keys when the caller sends them."""
    conditions: dict[str, tuple[str, ...]] = {}
    if request.version_id is not None:
        conditions["secretsmanager:versionid"] = (request.version_id,)
    if request.version_stage is not None:
        conditions["secretsmanager:versionstage"] = (request.version_stage,)
    return find_target(context, request.secret_id, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Choose the version, open its value, and leave the mark of the day."""
    secret = live(target)
    if secret.account != context.account and not secret.attributes.key:
        raise errors.default_key_across_accounts()
    version = choose_version(context.rows, secret, request.version_id, request.version_stage)
    secret_string, secret_binary = open_version(context, secret, version).as_members()
    mark_access(context, secret, version)
    return Response(
        arn=target.arn,  # of a stored secret it is that secret's
        name=secret.name,
        version_id=version.version_id,
        secret_string=secret_string,
        secret_binary=secret_binary,
        version_stages=secret.stages_of(version.version_id) or None,
        created_date=timestamp(version.created_ms),
    )


def choose_version(rows: Rows, secret: Secret, version_id: str | None, stage: str | None) -> Version:
    """Find the version that a request means.

    Raises:
        Fault: There is none with a value, or id and label contradict each other.
    """
    if version_id is None:
        wanted = stage or AWSCURRENT
        holder = secret.attributes.labels.get(wanted)
        version = find_version(rows, secret.secret_id, holder) if holder is not None else None
        if version is None or not version.has_value:
            raise errors.stage_not_found(wanted)
        return version
    version = find_version(rows, secret.secret_id, version_id)
    if version is None:
        raise errors.version_not_found(version_id)
    if stage is not None and secret.labels.get(stage) != version_id:
        raise errors.stage_not_of_version()
    if not version.has_value:
        raise errors.version_not_found(version_id)
    return version


def mark_access(context: Context, secret: Secret, version: Version) -> None:
    """Set LastAccessedDate of secret and version: at most one write a day for each."""
    day = midnight(context.now_ms)
    if secret.accessed_ms < day or version.accessed_ms < day:
        context.afterwards(lambda transaction: _write_access(transaction, secret, version, day))


def _write_access(transaction: Transaction, secret: Secret, version: Version, day: Instant) -> None:
    # Read again: other changes may have been committed since the value was read.
    present = find_secret(transaction, secret.account, secret.region, secret.name)
    if present is None or present.secret_id != secret.secret_id:
        return
    if present.accessed_ms < day:
        update_secret(transaction, msgspec.structs.replace(present, accessed_ms=day))
    held = find_version(transaction, secret.secret_id, version.version_id)
    if held is not None and held.accessed_ms < day:
        update_version(transaction, msgspec.structs.replace(held, accessed_ms=day))


GET_SECRET_VALUE = Operation(
    name="GetSecretValue",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="secretsmanager:GetSecretValue",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "version_id", "version_stage"),
    is_unbuffered=True,
    repeats=True,
)
