"""UntagPolicy: remove tags from a managed policy, by their keys; keys that it does not have do no harm.

Errors: NoSuchEntity, AccessDenied for a policy of AWS; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagPolicy.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.managed_policies import own_policy, policy_target
from strongroom.services.iam.policy_rows import update_policy
from strongroom.services.iam.shapes import Arn, TagKeys
from strongroom.services.iam.tags import key_conditions, remaining_tags
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which policy, and the keys."""

    policy_arn: Arn
    tag_keys: TagKeys


def target(context: Context, request: Request) -> Target:
    """Name the policy; the keys are a condition key."""
    return policy_target(context, request.policy_arn, key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    policy = own_policy(target, errors.not_your_policy("update policies"))
    tags = remaining_tags(policy.attributes.tags, request.tag_keys, folds_case=False)
    update_policy(context.transaction, replace(policy, attributes=replace(policy.attributes, tags=tags)))


UNTAG_POLICY: Operation[Request, Shape] = Operation(
    name="UntagPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:UntagPolicy",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "tag_keys"),
)
