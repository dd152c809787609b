"""GetPolicy: describe a managed policy, AWS's or a customer's; the text is in GetPolicyVersion.

What it is attached to is counted in the caller's account.

Errors: NoSuchEntity; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.managed_policies import any_policy, policy_target
from strongroom.services.iam.policy_shapes import PolicyDetail, show_managed
from strongroom.services.iam.shapes import Arn
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which policy."""

    policy_arn: Arn


class Response(Shape):
    """The policy."""

    policy: PolicyDetail | None = None


def target(context: Context, request: Request) -> Target:
    """Name the policy."""
    return policy_target(context, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    return Response(policy=show_managed(context.rows, context.account, any_policy(target), "whole"))


GET_POLICY = Operation(
    name="GetPolicy",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:GetPolicy",
    target=target,
    handle=handle,
    recorded_request=("policy_arn",),
)
