"""GetUserPolicy: the text of an inline policy of a user, byte for byte, URL-encoded as RFC 3986 says.

Errors: NoSuchEntity.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html
"""

from __future__ import annotations

from typing import Annotated

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.identity_rows import USERS
from strongroom.services.iam.inline_policies import get_inline_policy, inline_policy_target, show_document
from strongroom.services.iam.shapes import ExistingUserName, NewPolicyName, PolicyDocument, PolicyName
from strongroom.wire.shapes import Shape, limits


class Request(Shape):
    """Whose policy, and its name."""

    user_name: ExistingUserName
    policy_name: NewPolicyName


class Response(Shape):
    """The policy."""

    user_name: Annotated[str, limits(1, 128, pattern=r"[\w+=,.@-]+")]
    policy_name: PolicyName
    policy_document: PolicyDocument


def target(context: Context, request: Request) -> Target:
    """Name the user."""
    return inline_policy_target(context, USERS, request.user_name, request.policy_name, is_change=False)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the policy."""
    user, policy = get_inline_policy(context, USERS, target, request.policy_name)
    return Response(user_name=user.name, policy_name=policy.name, policy_document=show_document(policy))


GET_USER_POLICY = Operation(
    name="GetUserPolicy",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetUserPolicy",
    target=target,
    handle=handle,
    recorded_request=("user_name", "policy_name"),
)
