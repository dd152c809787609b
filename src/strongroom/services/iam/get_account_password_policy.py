"""GetAccountPasswordPolicy: the rules for console passwords that the account has set.

Errors: NoSuchEntity when it has set none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountPasswordPolicy.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.account_settings import password_policy
from strongroom.services.iam.lookup import account_target
from strongroom.services.iam.password_policies import PasswordPolicyDetail, show_policy
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Nothing to say."""


class Response(Shape):
    """The policy."""

    password_policy: PasswordPolicyDetail


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    policy = password_policy(context.rows, context.account)
    if policy is None:
        raise errors.no_password_policy(context.account)
    return Response(password_policy=show_policy(policy))


GET_ACCOUNT_PASSWORD_POLICY = Operation(
    name="GetAccountPasswordPolicy",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:GetAccountPasswordPolicy",
    target=target,
    handle=handle,
)
