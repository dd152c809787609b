"""GetFunctionEventInvokeConfig: how events of a function are tried again.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionEventInvokeConfig.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.event_rules import rules_of, show_rules
from strongroom.services.lambda_.lookup import existing, find_target, place_of, read_place
from strongroom.services.lambda_.structures import FunctionEventInvokeConfig
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function, version or alias."""

    function_name: shapes.NamespacedFunctionName
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name, request.qualifier))


def handle(context: Context, request: Request, target: Target) -> FunctionEventInvokeConfig:
    """Show it."""
    del context, request
    function = existing(target)
    qualifier = place_of(target).qualifier
    return show_rules(function, qualifier, rules_of(function, qualifier))


GET_FUNCTION_EVENT_INVOKE_CONFIG = Operation(
    name="GetFunctionEventInvokeConfig",
    mode=Mode.QUERY,
    request=Request,
    response=FunctionEventInvokeConfig,
    action="lambda:GetFunctionEventInvokeConfig",
    target=target,
    handle=handle,
    recorded_request=("function_name", "qualifier"),
)
