"""GetKeyPolicy: the text of a key's policy, as it was put.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.policies import POLICY_NAME, shown_policy
from strongroom.services.kms.shapes import KeyId, Policy, PolicyName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which key; the policy's name can only be ``default``."""

    key_id: KeyId
    policy_name: PolicyName | None = None


class Response(Shape):
    """The policy."""

    policy: Policy | None = None
    policy_name: PolicyName | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show the text."""
    held = existing(target)
    if request.policy_name not in (None, POLICY_NAME):
        raise errors.policy_not_found(str(request.policy_name))
    return Response(
        policy=shown_policy(context.rows, held.document, held.principal_ids), policy_name=POLICY_NAME
    )


_ACTION = "kms:GetKeyPolicy"

GET_KEY_POLICY = Operation(
    name="GetKeyPolicy",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "policy_name"),
)
