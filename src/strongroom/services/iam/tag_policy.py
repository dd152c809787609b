"""TagPolicy: add tags to a managed policy, or give tags that it has another value.

Keys are told apart by case, unlike those of users and roles (recorded). At most 50 tags.

Errors: NoSuchEntity, InvalidInput, LimitExceeded, AccessDenied for a policy of AWS; ValidationError for an ARN
that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagPolicy.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.managed_policies import own_policy, policy_target
from strongroom.services.iam.policy_rows import update_policy
from strongroom.services.iam.shapes import Arn, Tags
from strongroom.services.iam.tags import merged_tags, request_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which policy, and the tags."""

    policy_arn: Arn
    tags: Tags


def target(context: Context, request: Request) -> Target:
    """Name the policy; its tags and those of the request are condition keys."""
    return policy_target(context, request.policy_arn, request_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Set the tags."""
    policy = own_policy(target, errors.not_your_policy("update policies"))
    tags = merged_tags(policy.attributes.tags, request.tags, folds_case=False)
    update_policy(context.transaction, replace(policy, attributes=replace(policy.attributes, tags=tags)))


TAG_POLICY: Operation[Request, Shape] = Operation(
    name="TagPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:TagPolicy",
    target=target,
    handle=handle,
    recorded_request=("policy_arn", "tags"),
)
