"""CancelRotateSecret: turn the rotation of a secret off.

The function and the rules are kept. Labels stay as they are: an AWSPENDING that is left over is taken away with
UpdateSecretVersionStage. A rotation that has not reached the target ends; one that has goes on to its end, because in
the middle neither the old nor the new value would be sure to log in. A secret that was never rotated stays as it is,
and the call succeeds.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html; Secrets Manager
reference 4.11, 5.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager.lookup import find_target, live
from strongroom.services.secretsmanager.model import AWSPENDING
from strongroom.services.secretsmanager.rotation_rows import find_rotation, is_unfinished, save_rotation
from strongroom.services.secretsmanager.shapes import SecretARN, SecretId, ShownName, VersionId
from strongroom.services.secretsmanager.tables import update_secret
from strongroom.wire.shapes import Shape, renamed


class Request(Shape):
    """Which secret."""

    secret_id: SecretId


class Response(Shape):
    """The secret, and the version of a rotation that was in progress."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    version_id: VersionId | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret."""
    return find_target(context, request.secret_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Turn it off; the rotation process settles what is under way."""
    secret = live(target)
    rotation = secret.attributes.rotation
    if rotation is None:
        return Response(arn=secret.arn, name=secret.name)
    off = msgspec.structs.replace(rotation, is_enabled=False, next_ms=None)
    attributes = msgspec.structs.replace(secret.attributes, rotation=off)
    update_secret(
        context.transaction, msgspec.structs.replace(secret, changed_ms=context.now_ms, attributes=attributes)
    )
    row = find_rotation(context.rows, secret.secret_id)
    if row is not None:
        due_ms = context.now_ms if row.work.token else None
        save_rotation(context.transaction, msgspec.structs.replace(row, due_ms=due_ms))
    version_id = secret.labels[AWSPENDING] if is_unfinished(secret) else None
    return Response(arn=secret.arn, name=secret.name, version_id=version_id)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN, the name and the version."""
    shown = {"arn": response.arn, "name": response.name, "versionId": response.version_id}
    return {name: value for name, value in shown.items() if value is not None}


CANCEL_ROTATE_SECRET = Operation(
    name="CancelRotateSecret",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:CancelRotateSecret",
    target=target,
    handle=handle,
    recorded_request=("secret_id",),
    recorded_response=recorded_response,
)
