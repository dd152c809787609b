"""PutKeyPolicy: replace a key's policy.

The principals that it names must exist. A policy under which the caller could not replace it again is refused, unless
BypassPolicyLockoutSafetyCheck is given. It holds from the next request on.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html; identity reference 6.3.
"""

from __future__ import annotations

from strongroom.gateway.compiling import COMPILED
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.policies import POLICY_NAME, read_policy
from strongroom.services.kms.shapes import KeyId, Policy, PolicyName
from strongroom.services.kms.tables import put_policy, update_key
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The policy."""

    key_id: KeyId
    policy_name: PolicyName | None = None
    policy: Policy
    bypass_policy_lockout_safety_check: bool | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key; that the safety check is left out is a condition key when the caller says so."""
    conditions: dict[str, tuple[str, ...]] = {}
    if request.bypass_policy_lockout_safety_check is not None:
        given = "true" if request.bypass_policy_lockout_safety_check else "false"
        conditions["kms:bypasspolicylockoutsafetycheck"] = (given,)
    return find_target(context, _ACTION, request.key_id, conditions=conditions)


def handle(context: Context, request: Request, target: Target) -> None:
    """Check the policy and keep its text."""
    held = existing(target)
    if request.policy_name not in (None, POLICY_NAME):
        raise errors.policy_not_found(str(request.policy_name))
    document, principal_ids = read_policy(
        context,
        request.policy,
        held.key.arn,
        bypass_lockout=bool(request.bypass_policy_lockout_safety_check),
    )
    update_key(context.transaction, put_policy(context.transaction, held.key, request.policy, principal_ids))
    COMPILED.leave(document, request.policy, source_id=held.key.arn, principal_ids=principal_ids)


_ACTION = "kms:PutKeyPolicy"

PUT_KEY_POLICY: Operation[Request, Shape] = Operation(
    name="PutKeyPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "policy_name", "policy", "bypass_policy_lockout_safety_check"),
)
