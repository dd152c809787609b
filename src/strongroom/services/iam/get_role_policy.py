"""GetRolePolicy: the text of an inline policy of a role, byte for byte, URL-encoded as RFC 3986 says.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.inline_policies import get_inline_policy, inline_policy_target, show_document
from strongroom.services.iam.role_shapes import NewRoleName, RoleName
from strongroom.services.iam.shapes import NewPolicyName, PolicyDocument, PolicyName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policy, and its name."""

    role_name: NewRoleName
    policy_name: NewPolicyName


class Response(Shape):
    """The policy."""

    role_name: RoleName
    policy_name: PolicyName
    policy_document: PolicyDocument


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return inline_policy_target(context, ROLES, request.role_name, request.policy_name, is_change=False)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the policy."""
    role, policy = get_inline_policy(context, ROLES, target, request.policy_name)
    return Response(role_name=role.name, policy_name=policy.name, policy_document=show_document(policy))


GET_ROLE_POLICY = Operation(
    name="GetRolePolicy",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetRolePolicy",
    target=target,
    handle=handle,
    recorded_request=("role_name", "policy_name"),
)
