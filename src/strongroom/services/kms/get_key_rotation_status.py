"""GetKeyRotationStatus: whether a key rotates by itself, how often, and when next.

A rotation on demand is finished when its call is answered, so there is never an OnDemandRotationStartDate.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html; identity reference 6.6.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.model import PENDING_DELETION
from strongroom.services.kms.shapes import KeyId, RotationPeriod
from strongroom.wire.shapes import Shape, Timestamp, timestamp


class Request(Shape):
    """Which key."""

    key_id: KeyId


class Response(Shape):
    """The schedule; ``KeyId`` is the key's ARN."""

    key_rotation_enabled: bool | None = None
    key_id: KeyId | None = None
    rotation_period_in_days: RotationPeriod | None = None
    next_rotation_date: Timestamp | None = None
    on_demand_rotation_start_date: Timestamp | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id, across_accounts=True)


def handle(_context: Context, _request: Request, target: Target) -> Response:
    """Show the schedule. A key that waits for its deletion rotates no more; one that is disabled keeps its dates."""
    key = existing(target).key
    next_ms = key.next_rotation_ms
    if next_ms is None or key.attributes.state == PENDING_DELETION:
        return Response(key_rotation_enabled=False, key_id=key.arn)
    return Response(
        key_rotation_enabled=True,
        key_id=key.arn,
        rotation_period_in_days=key.rotation_days,
        next_rotation_date=timestamp(next_ms),
    )


_ACTION = "kms:GetKeyRotationStatus"

GET_KEY_ROTATION_STATUS = Operation(
    name="GetKeyRotationStatus",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id",),
)
