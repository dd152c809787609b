"""DetachGroupPolicy: detach a managed policy from a group.

It holds from the next request on, on every worker (S-09).

Errors: NoSuchEntity, also for a policy that is not attached; ValidationError for an ARN that is none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DetachGroupPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.attachments import attachment_target, detach
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.shapes import Arn, NewGroupName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which group, and which policy."""

    group_name: NewGroupName
    policy_arn: Arn


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return attachment_target(context, GROUPS, request.group_name, request.policy_arn)


def handle(context: Context, request: Request, target: Target) -> None:
    """Detach the policy."""
    detach(context, GROUPS, target, request.policy_arn)


DETACH_GROUP_POLICY: Operation[Request, Shape] = Operation(
    name="DetachGroupPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DetachGroupPolicy",
    target=target,
    handle=handle,
    recorded_request=("group_name", "policy_arn"),
)
