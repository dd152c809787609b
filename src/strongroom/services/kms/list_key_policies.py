"""ListKeyPolicies: the names of a key's policies: always one, ``default``.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.policies import POLICY_NAME
from strongroom.services.kms.shapes import KeyId, Limit, Marker, PolicyName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key."""

    key_id: KeyId
    limit: Limit | None = None
    marker: Marker | None = None


class Response(Shape):
    """The names."""

    policy_names: list[PolicyName] | None = None
    next_marker: Marker | None = None
    truncated: bool | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id)


def handle(_context: Context, request: Request, target: Target) -> Response:
    """Give the one name; there is no second page, so no marker is ours."""
    existing(target)
    if request.marker is not None:
        raise errors.invalid_marker()
    return Response(policy_names=[POLICY_NAME], truncated=False)


_ACTION = "kms:ListKeyPolicies"

LIST_KEY_POLICIES = Operation(
    name="ListKeyPolicies",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "limit", "marker"),
)
