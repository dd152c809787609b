"""DisableKeyRotation: rotate a key no longer by itself. Its materials stay.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html; identity reference 6.6.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import find_target, usable
from strongroom.services.kms.shapes import KeyId
from strongroom.services.kms.tables import update_key
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key."""

    key_id: KeyId


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id)


def handle(context: Context, request: Request, target: Target) -> None:
    """Forget the period."""
    held = usable(target)
    if held.key.attributes.rotation_days:
        update_key(context.transaction, held.key.with_attributes(rotation_days=0, rotates_from_ms=0))


_ACTION = "kms:DisableKeyRotation"

DISABLE_KEY_ROTATION: Operation[Request, Shape] = Operation(
    name="DisableKeyRotation",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id",),
)
