"""RestoreSecret: take back the deletion of a secret.

It succeeds until the data is removed. A secret that is not marked for deletion stays as it is, and the call
succeeds: a client that repeats a call whose answer was lost is not told that it failed.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html; Secrets Manager
reference 4.10, 6, 15.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager.lookup import existing, find_target
from strongroom.services.secretsmanager.rotation_rows import rescheduled
from strongroom.services.secretsmanager.service_events import version_events
from strongroom.services.secretsmanager.shapes import SecretARN, SecretId, ShownName
from strongroom.services.secretsmanager.tables import list_version_ids, update_secret
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Which secret."""

    secret_id: SecretId


class Response(Shape):
    """The secret."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret."""
    return find_target(context, request.secret_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Take the mark away."""
    secret = existing(target)
    if secret.deleted_ms is not None:
        restored = msgspec.structs.replace(secret, changed_ms=context.now_ms, deleted_ms=None, purge_ms=None)
        update_secret(context.transaction, rescheduled(context.transaction, restored, context.now_ms))
        version_ids = list_version_ids(context.rows, secret.secret_id)
        events = version_events("CancelSecretVersionDelete", secret, version_ids, context.now_ms)
        context.inner_records.extend(record for _, record in events)
    return Response(arn=secret.arn, name=secret.name)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN and the name."""
    return {"arn": response.arn, "name": response.name}


RESTORE_SECRET = Operation(
    name="RestoreSecret",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:RestoreSecret",
    target=target,
    handle=handle,
    recorded_request=("secret_id",),
    recorded_response=recorded_response,
)
