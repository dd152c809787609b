"""GetAlias: an alias of a function.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.aliases import show_alias
from strongroom.services.lambda_.lookup import alias_of, existing, find_target, read_place
from strongroom.services.lambda_.structures import AliasConfiguration
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which alias."""

    function_name: shapes.FunctionName
    name: shapes.Alias


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> AliasConfiguration:
    """Show it."""
    del context
    function = existing(target)
    return show_alias(function, request.name, alias_of(function, request.name))


GET_ALIAS = Operation(
    name="GetAlias",
    event_name="GetAlias20150331",
    mode=Mode.QUERY,
    request=Request,
    response=AliasConfiguration,
    action="lambda:GetAlias",
    target=target,
    handle=handle,
    recorded_request=("function_name", "name"),
)
