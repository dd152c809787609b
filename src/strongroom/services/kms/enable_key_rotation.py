"""EnableKeyRotation: give a key new material every 90 to 2,560 days, 365 when the request does not say.

The period counts from now. Changing it on a key that rotates already counts from now as well.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html; identity reference 6.6.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import find_target, usable
from strongroom.services.kms.model import YEAR_DAYS
from strongroom.services.kms.shapes import KeyId, RotationPeriod
from strongroom.services.kms.tables import update_key
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key, and how often."""

    key_id: KeyId
    rotation_period_in_days: RotationPeriod | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key; the period is a condition key when the caller says it."""
    conditions: dict[str, tuple[str, ...]] = {}
    if request.rotation_period_in_days is not None:
        conditions["kms:rotationperiodindays"] = (str(request.rotation_period_in_days),)
    return find_target(context, _ACTION, request.key_id, conditions=conditions)


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the period; the background rotates what is due."""
    held = usable(target)
    attributes = held.key.attributes
    days = request.rotation_period_in_days or attributes.rotation_days or YEAR_DAYS
    if days != attributes.rotation_days:
        rotating = held.key.with_attributes(rotation_days=days, rotates_from_ms=context.now_ms)
        update_key(context.transaction, rotating)


_ACTION = "kms:EnableKeyRotation"

ENABLE_KEY_ROTATION: Operation[Request, Shape] = Operation(
    name="EnableKeyRotation",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "rotation_period_in_days"),
)
