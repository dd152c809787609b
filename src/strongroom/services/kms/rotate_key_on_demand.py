"""RotateKeyOnDemand: give a key new material now; at most 25 times in the life of the key.

The schedule of automatic rotation stays as it is. AWS rotates some time later; here it is done when the call returns.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html; identity reference 6.6.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.lookup import find_target, usable
from strongroom.services.kms.model import ON_DEMAND_MOST
from strongroom.services.kms.rotation import rotate
from strongroom.services.kms.shapes import KeyId
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
    """Rotate, and record the service event beside the call."""
    key = usable(target).key
    asked_for = [rotation for rotation in key.attributes.rotations if rotation.type == "ON_DEMAND"]
    if len(asked_for) >= ON_DEMAND_MOST:
        raise errors.rotations_exhausted(key.arn)
    keyring = context.deployment.keyring
    _, record = rotate(context.transaction, keyring, key, "ON_DEMAND", context.now_ms)
    context.inner_records.append(record)
    return Response(key_id=key.arn)


def recorded_response(response: Response) -> Mapping[str, Any]:
    """Show the key."""
    return {"keyId": response.key_id}


_ACTION = "kms:RotateKeyOnDemand"

ROTATE_KEY_ON_DEMAND = Operation(
    name="RotateKeyOnDemand",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id",),
    recorded_response=recorded_response,
)
