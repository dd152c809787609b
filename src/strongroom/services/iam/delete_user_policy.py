"""DeleteUserPolicy: take an inline policy from a user.

It holds from the user's next request on, on every worker (S-09).

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUserPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.inline_policies import delete_inline_policy, inline_policy_target
from strongroom.services.iam.shapes import ExistingUserName, NewPolicyName
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Whose policy, and its name."""

    user_name: ExistingUserName
    policy_name: NewPolicyName


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return inline_policy_target(context, USERS, request.user_name, request.policy_name, is_change=True)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the policy."""
    delete_inline_policy(context, USERS, target, request.policy_name)


DELETE_USER_POLICY: Operation[Request, Shape] = Operation(
    name="DeleteUserPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteUserPolicy",
    target=target,
    handle=handle,
    recorded_request=("user_name", "policy_name"),
)
