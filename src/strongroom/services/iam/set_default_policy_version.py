"""SetDefaultPolicyVersion: choose which version of a managed policy is in force.

It holds for everybody who has the policy from the next request on, on every worker (S-09).

Errors: NoSuchEntity, AccessDenied for a policy of AWS; ValidationError for an ARN or a version id that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SetDefaultPolicyVersion.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.managed_policies import own_policy, policy_target, version_number
from strongroom.services.iam.policy_rows import update_policy
from strongroom.services.iam.policy_shapes import VersionId
from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which version of which policy."""

    policy_arn: Arn
    version_id: VersionId


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Put the version in force."""
    policy = own_policy(target, errors.not_your_policy("update policies"))
    number = version_number(policy, request.version_id)
    changed = replace(policy.attributes, default=number, updated_ms=context.now_ms)
    update_policy(context.transaction, replace(policy, attributes=changed))


SET_DEFAULT_POLICY_VERSION: Operation[Request, Shape] = Operation(
    name="SetDefaultPolicyVersion",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:SetDefaultPolicyVersion",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "version_id"),
)
