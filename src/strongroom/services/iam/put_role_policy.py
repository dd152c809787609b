"""PutRolePolicy: add an inline policy to a role, or replace the one of the same name.

The document is kept byte for byte. The inline policies of a role have at most 10,240 characters together, white
space not counted. The policy holds from the role's next request on, on every worker (S-09).

Errors: NoSuchEntity, MalformedPolicyDocument (in the order of identity reference 2.2), LimitExceeded.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.inline_policies import inline_policy_target, put_inline_policy
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import NewPolicyName, PolicyDocument
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policy, its name and its text."""

    role_name: NewRoleName
    policy_name: NewPolicyName
    policy_document: PolicyDocument


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return inline_policy_target(context, ROLES, request.role_name, request.policy_name, is_change=True)


def handle(context: Context, request: Request, target: Target) -> None:
    """Check the document and keep it."""
    put_inline_policy(context, ROLES, target, request.policy_name, request.policy_document)


PUT_ROLE_POLICY: Operation[Request, Shape] = Operation(
    name="PutRolePolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:PutRolePolicy",
    target=target,
    handle=handle,
    recorded_request=("role_name", "policy_name", "policy_document"),
)
