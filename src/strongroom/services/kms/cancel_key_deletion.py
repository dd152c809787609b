"""CancelKeyDeletion: keep a key that waits for its deletion. It is disabled afterwards, not enabled.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html; identity reference 6.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.model import DISABLED, PENDING_DELETION
from strongroom.services.kms.shapes import KeyId
from strongroom.services.kms.tables import update_key
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key."""

    key_id: KeyId


class Response(Shape):
    """The key's ARN."""

    key_id: KeyId | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Set the state back."""
    held = existing(target)
    if held.key.attributes.state != PENDING_DELETION:
        raise errors.not_pending_deletion(held.key.arn)
    kept = held.key.with_attributes(state=DISABLED, deletion_ms=None, window_days=0)
    update_key(context.transaction, kept)
    return Response(key_id=kept.arn)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the key."""
    return {"keyId": response.key_id}


_ACTION = "kms:CancelKeyDeletion"

CANCEL_KEY_DELETION = Operation(
    name="CancelKeyDeletion",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id",),
    recorded_response=recorded_response,
)
