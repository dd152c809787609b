"""DeleteAccountPasswordPolicy: go back to the rules of an account that has set none: eight characters of three kinds.

Errors: NoSuchEntity when it has set none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountPasswordPolicy.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.account_settings import AccountAttributes, account_settings, save_settings
from strongroom.services.iam.lookup import account_target
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Nothing to say."""


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> None:
    """Forget the rules."""
    settings = account_settings(context.rows, context.account)
    if settings.attributes.password_policy is None:
        raise errors.no_password_policy(context.account)
    save_settings(context.transaction, replace(settings, attributes=AccountAttributes()))


DELETE_ACCOUNT_PASSWORD_POLICY: Operation[Request, Shape] = Operation(
    name="DeleteAccountPasswordPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteAccountPasswordPolicy",
    target=target,
    handle=handle,
)
