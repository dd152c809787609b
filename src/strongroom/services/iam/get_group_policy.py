"""GetGroupPolicy: the text of an inline policy of a group, byte for byte, URL-encoded as RFC 3986 says.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetGroupPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.inline_policies import get_inline_policy, inline_policy_target, show_document
from strongroom.services.iam.shapes import GroupName, NewGroupName, NewPolicyName, PolicyDocument, PolicyName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policy, and its name."""

    group_name: NewGroupName
    policy_name: NewPolicyName


class Response(Shape):
    """The policy."""

    group_name: GroupName
    policy_name: PolicyName
    policy_document: PolicyDocument


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return inline_policy_target(context, GROUPS, request.group_name, request.policy_name, is_change=False)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the policy."""
    group, policy = get_inline_policy(context, GROUPS, target, request.policy_name)
    return Response(group_name=group.name, policy_name=policy.name, policy_document=show_document(policy))


GET_GROUP_POLICY = Operation(
    name="GetGroupPolicy",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetGroupPolicy",
    target=target,
    handle=handle,
    recorded_request=(
        "group_name",
        "policy_name",
    ),
)
