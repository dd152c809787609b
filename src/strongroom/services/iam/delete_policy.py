"""DeletePolicy: remove a managed policy that is attached to nothing and has no version but the default one.

Errors: NoSuchEntity, DeleteConflict, AccessDenied for a policy of AWS; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeletePolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.managed_policies import own_policy, policy_target
from strongroom.services.iam.policy_rows import attached_ids, remove_policy
from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which policy."""

    policy_arn: Arn


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove it, when nothing hangs on it."""
    policy = own_policy(target, errors.not_your_policy("delete policies"))
    rows, account, arn = context.rows, policy.account, policy.arn
    if attached_ids(rows, account, arn, "policy") or attached_ids(rows, account, arn, "boundary"):
        raise errors.policy_is_attached()
    if len(policy.attributes.versions) > 1:
        raise errors.policy_has_versions()
    remove_policy(context.transaction, policy)


DELETE_POLICY: Operation[Request, Shape] = Operation(
    name="DeletePolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeletePolicy",
    target=target,
    handle=handle,
    recorded_request=("policy_arn",),
)
