"""PutGroupPolicy: add an inline policy to a group, or replace the one of the same name.

The document is kept byte for byte. The inline policies of a group have at most 5,120 characters together, white
space not counted. The policy holds from the next request of each member on, on every worker (S-09).

Errors: NoSuchEntity, MalformedPolicyDocument (in the order of identity reference 2.2), LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutGroupPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import GROUPS
from strongroom.services.iam.inline_policies import inline_policy_target, put_inline_policy
from strongroom.services.iam.shapes import NewGroupName, NewPolicyName, PolicyDocument
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policy, its name and its text."""

    group_name: NewGroupName
    policy_name: NewPolicyName
    policy_document: PolicyDocument


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return inline_policy_target(context, GROUPS, request.group_name, request.policy_name, is_change=True)


def handle(context: Context, request: Request, target: Target) -> None:
    """Check the document and keep it."""
    put_inline_policy(context, GROUPS, target, request.policy_name, request.policy_document)


PUT_GROUP_POLICY: Operation[Request, Shape] = Operation(
    name="PutGroupPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:PutGroupPolicy",
    target=target,
    handle=handle,
    recorded_request=(
        "group_name",
        "policy_name",
        "policy_document",
    ),
)
