"""CreateAccountAlias: give the account another name; it replaces the one that it has.

An alias is unique over all accounts of the deployment.

Errors: EntityAlreadyExists.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam import errors
from strongroom.services.iam.account_settings import account_of_alias, account_settings, save_settings
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
    """Keep the alias, when it is nobody else's."""
    owner = account_of_alias(context.rows, request.account_alias)
    if owner not in (None, context.account):
        raise errors.alias_exists(request.account_alias)
    settings = account_settings(context.rows, context.account)
    save_settings(context.transaction, replace(settings, alias=request.account_alias))


CREATE_ACCOUNT_ALIAS: Operation[Request, Shape] = Operation(
    name="CreateAccountAlias",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="iam:CreateAccountAlias",
    target=target,
    handle=handle,
    recorded_request=("account_alias",),
)
