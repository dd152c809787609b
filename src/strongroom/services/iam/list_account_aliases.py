"""ListAccountAliases: the other name of the account, if it has one.

There is at most one, so there is at most one page.

Errors: ValidationError for a marker, because none is ever given.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.account_settings import account_settings
from strongroom.services.iam.lookup import account_target
from strongroom.services.iam.marker import open_marker
from strongroom.services.iam.shapes import AccountAlias, Marker, MaxItems
from strongroom.wire.shapes import Shape

NAME = "ListAccountAliases"


class Request(Shape):
    """Which page."""

    marker: Marker | None = None
    max_items: MaxItems | None = None


class Response(Shape):
    """One page."""

    account_aliases: list[AccountAlias]
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the alias."""
    open_marker(context, NAME, context.account, request.marker)
    alias = account_settings(context.rows, context.account).alias
    return Response(account_aliases=[] if alias is None else [alias], is_truncated=False)


LIST_ACCOUNT_ALIASES = Operation(
    name="ListAccountAliases",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="iam:ListAccountAliases",
    target=target,
    handle=handle,
    recorded_request=("max_items",),
)
