"""DeleteFunctionEventInvokeConfig: let events of a function be tried again as by default.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionEventInvokeConfig.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.event_rules import keep_rules, rules_of
from strongroom.services.lambda_.lookup import changeable, find_target, place_of, read_place
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function, version or alias."""

    function_name: shapes.NamespacedFunctionName
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name, request.qualifier))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the rules."""
    del request
    function = changeable(target)
    qualifier = place_of(target).qualifier
    rules_of(function, qualifier)
    keep_rules(context, function, qualifier, None)


DELETE_FUNCTION_EVENT_INVOKE_CONFIG: Operation[Request, Shape] = Operation(
    name="DeleteFunctionEventInvokeConfig",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="lambda:DeleteFunctionEventInvokeConfig",
    target=target,
    handle=handle,
    recorded_request=("function_name", "qualifier"),
)
