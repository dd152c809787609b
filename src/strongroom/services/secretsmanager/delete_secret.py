"""DeleteSecret: mark a secret for deletion, or remove it at once.

Without force the data stays for the recovery window, 7 to 30 days, 30 when none is given; until the deletion
worker removes it, RestoreSecret brings it back. With force the data is removed in the transaction of the call:
the name is free when the answer arrives. Force succeeds for a secret that does not exist.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html; Secrets Manager
reference 6, 15.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from strongroom.clock import DAY_MS, Instant, render_text
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_secret_suffix
from strongroom.services.secretsmanager import errors
from strongroom.services.secretsmanager.lookup import existing, find_target
from strongroom.services.secretsmanager.model import Secret, secret_arn
from strongroom.services.secretsmanager.rotation_rows import wake
from strongroom.services.secretsmanager.service_events import removal_events, version_events
from strongroom.services.secretsmanager.shapes import SecretARN, SecretId, ShownName
from strongroom.services.secretsmanager.tables import list_version_ids, remove_secret, update_secret
from strongroom.wire.shapes import Shape, Timestamp, renamed, timestamp

WINDOW_DAYS_LEAST: Final = 7
WINDOW_DAYS_MOST: Final = 30


class Request(Shape):
    """Which secret, and how long it can be restored."""

    secret_id: SecretId
    recovery_window_in_days: int | None = None
    force_delete_without_recovery: bool | None = None


class Response(Shape):
    """The secret, and when its data may be removed."""

    arn: SecretARN | None = renamed("ARN", default=None)
    name: ShownName | None = None
    deletion_date: Timestamp | None = None


def target(context: Context, request: Request) -> Target:
    """Name the secret; window and force are condition keys when the caller sends them."""
    conditions: dict[str, tuple[str, ...]] = {}
    if request.recovery_window_in_days is not None:
        conditions["secretsmanager:recoverywindowindays"] = (str(request.recovery_window_in_days),)
    if request.force_delete_without_recovery is not None:
        conditions["secretsmanager:forcedeletewithoutrecovery"] = (
            "true" if request.force_delete_without_recovery else "false",
        )
    return find_target(context, request.secret_id, conditions)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Mark the secret, or remove it."""
    days = request.recovery_window_in_days
    if request.force_delete_without_recovery:
        if days is not None:
            raise errors.window_with_force()
        if target.found is None:
            return _nothing_to_remove(context, request.secret_id)
        return _remove(context, existing(target))
    if days is None:
        days = WINDOW_DAYS_MOST
    elif not WINDOW_DAYS_LEAST <= days <= WINDOW_DAYS_MOST:
        raise errors.recovery_window_out_of_range()
    return _mark(context, existing(target), context.now_ms + days * DAY_MS)


def _mark(context: Context, secret: Secret, purge_ms: Instant) -> Response:
    if secret.deleted_ms is not None:
        raise errors.marked_for_deletion()
    update_secret(
        context.transaction,
        msgspec.structs.replace(
            secret, changed_ms=context.now_ms, deleted_ms=context.now_ms, purge_ms=purge_ms
        ),
    )
    wake(context.transaction, secret.secret_id, context.now_ms)
    version_ids = list_version_ids(context.rows, secret.secret_id)
    events = version_events("StartSecretVersionDelete", secret, version_ids, context.now_ms)
    context.inner_records.extend(record for _, record in events)
    return Response(arn=secret.arn, name=secret.name, deletion_date=timestamp(purge_ms))


def _remove(context: Context, secret: Secret) -> Response:
    version_ids = remove_secret(context.transaction, secret)
    if secret.deleted_ms is None:
        events = removal_events(secret, version_ids, context.now_ms)
    else:  # the deletion of its versions was started when it was marked
        events = version_events("EndSecretVersionDelete", secret, version_ids, context.now_ms)
    context.inner_records.extend(record for _, record in events)
    return Response(arn=secret.arn, name=secret.name, deletion_date=timestamp(context.now_ms))


def _nothing_to_remove(context: Context, secret_id: str) -> Response:
    """Answer as AWS does: the name as sent, and an ARN such as a secret of that name would have."""
    arn = secret_id
    if not secret_id.startswith("arn:"):
        arn = secret_arn(context.region, context.account, secret_id, new_secret_suffix())
    return Response(arn=arn, name=secret_id, deletion_date=timestamp(context.now_ms))


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the ARN, the name, and the date as a text."""
    assert response.deletion_date is not None
    deletion_ms = round(response.deletion_date * 1000)
    return {"arn": response.arn, "name": response.name, "deletionDate": render_text(deletion_ms)}


DELETE_SECRET = Operation(
    name="DeleteSecret",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="secretsmanager:DeleteSecret",
    target=target,
    handle=handle,
    recorded_request=("secret_id", "recovery_window_in_days", "force_delete_without_recovery"),
    recorded_response=recorded_response,
)
