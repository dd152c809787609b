"""UpdateFunctionEventInvokeConfig: change how events of a function are tried again.

What the request does not name stays. At most two further attempts, and at most six hours.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionEventInvokeConfig.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes, structures
from strongroom.services.lambda_.event_rules import (
    keep_rules,
    make_rules,
    record_rules,
    refuse_destinations,
    rules_of,
    show_rules,
)
from strongroom.services.lambda_.lookup import changeable, find_target, place_of, read_place, version_of
from strongroom.services.lambda_.structures import FunctionEventInvokeConfig
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The function, version or alias, and its rules."""

    function_name: shapes.NamespacedFunctionName
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None
    maximum_retry_attempts: shapes.MaximumRetryAttempts | None = None
    maximum_event_age_in_seconds: shapes.MaximumEventAgeInSeconds | None = None
    destination_config: structures.DestinationConfig | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name, request.qualifier))


def handle(context: Context, request: Request, target: Target) -> FunctionEventInvokeConfig:
    """Set them."""
    function = changeable(target)
    qualifier = place_of(target).qualifier
    version_of(context.rows, function, qualifier)
    refuse_destinations(request.destination_config)
    held = rules_of(function, qualifier)
    attempts, age_s = request.maximum_retry_attempts, request.maximum_event_age_in_seconds
    rules = make_rules(
        context.now_ms,
        held.attempts if attempts is None else attempts,
        held.age_s if age_s is None else age_s,
    )
    keep_rules(context, function, qualifier, rules)
    return show_rules(function, qualifier, rules)


UPDATE_FUNCTION_EVENT_INVOKE_CONFIG = Operation(
    name="UpdateFunctionEventInvokeConfig",
    mode=Mode.CHANGE,
    request=Request,
    response=FunctionEventInvokeConfig,
    action="lambda:UpdateFunctionEventInvokeConfig",
    target=target,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
    recorded_response=record_rules,
)
