"""DisableKey: refuse every use of a key from the next request on, reading of secrets included.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html; identity reference 6.2.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.model import DISABLED
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
    """Set the state."""
    held = existing(target)
    held.check_not_pending()
    if held.key.attributes.state != DISABLED:
        update_key(context.transaction, held.key.with_attributes(state=DISABLED))


_ACTION = "kms:DisableKey"

DISABLE_KEY: Operation[Request, Shape] = Operation(
    name="DisableKey",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id",),
)
