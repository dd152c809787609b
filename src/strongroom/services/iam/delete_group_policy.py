"""DeleteGroupPolicy: take an inline policy from a group.

It holds from the next request of each member on, on every worker (S-09).

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteGroupPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.inline_policies import delete_inline_policy, inline_policy_target
from strongroom.services.iam.shapes import NewGroupName, NewPolicyName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policy, and its name."""

    group_name: NewGroupName
    policy_name: NewPolicyName


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return inline_policy_target(context, GROUPS, request.group_name, request.policy_name, is_change=True)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the policy."""
    delete_inline_policy(context, GROUPS, target, request.policy_name)


DELETE_GROUP_POLICY: Operation[Request, Shape] = Operation(
    name="DeleteGroupPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteGroupPolicy",
    target=target,
    handle=handle,
    recorded_request=(
        "group_name",
        "policy_name",
    ),
)
