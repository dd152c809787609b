"""DeleteAccountAlias: take the other name from the account.

Errors: NoSuchEntity when it is not the account's.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountAlias.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.account_settings import account_settings, save_settings
from strongroom.services.iam.lookup import account_target
from strongroom.services.iam.shapes import AccountAlias
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The name."""

    account_alias: AccountAlias


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> None:
    """Forget the alias."""
    settings = account_settings(context.rows, context.account)
    if settings.alias != request.account_alias:
        raise errors.alias_not_found(request.account_alias)
    save_settings(context.transaction, replace(settings, alias=None))


DELETE_ACCOUNT_ALIAS: Operation[Request, Shape] = Operation(
    name="DeleteAccountAlias",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:DeleteAccountAlias",
    target=target,
    handle=handle,
    recorded_request=("account_alias",),
)
