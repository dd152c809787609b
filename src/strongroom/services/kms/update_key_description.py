"""UpdateKeyDescription: change what DescribeKey shows as the key's description.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.shapes import Description, KeyId
from strongroom.services.kms.tables import update_key
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key, and its description."""

    key_id: KeyId
    description: Description


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id)


def handle(context: Context, request: Request, target: Target) -> None:
    """Write the description."""
    held = existing(target)
    held.check_not_pending()
    update_key(context.transaction, held.key.with_attributes(description=request.description))


_ACTION = "kms:UpdateKeyDescription"

UPDATE_KEY_DESCRIPTION: Operation[Request, Shape] = Operation(
    name="UpdateKeyDescription",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "description"),
)
