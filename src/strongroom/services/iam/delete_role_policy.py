"""DeleteRolePolicy: take an inline policy from a role.

It holds from the role's next request on, on every worker (S-09).

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRolePolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import ROLES
from strongroom.services.iam.inline_policies import delete_inline_policy, inline_policy_target
from strongroom.services.iam.role_shapes import NewRoleName
from strongroom.services.iam.shapes import NewPolicyName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policy, and its name."""

    role_name: NewRoleName
    policy_name: NewPolicyName


def target(context: Context, request: Request) -> Target:
    """Name the role."""
    return inline_policy_target(context, ROLES, request.role_name, request.policy_name, is_change=True)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the policy."""
    delete_inline_policy(context, ROLES, target, request.policy_name)


DELETE_ROLE_POLICY: Operation[Request, Shape] = Operation(
    name="DeleteRolePolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteRolePolicy",
    target=target,
    handle=handle,
    recorded_request=("role_name", "policy_name"),
)
