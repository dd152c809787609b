"""ListFunctionEventInvokeConfigs: how events of a function's versions and aliases are tried again.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes, structures
from strongroom.services.lambda_.event_rules import show_rules
from strongroom.services.lambda_.lookup import existing, find_target, read_place
from strongroom.services.lambda_.marker import MARKERS, page_size
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function, from where on, and how many."""

    function_name: shapes.NamespacedFunctionName
    marker: str | None = None
    max_items: shapes.MaxFunctionEventInvokeConfigListItems | None = None


class Response(Shape):
    """A page of rules."""

    function_event_invoke_configs: list[structures.FunctionEventInvokeConfig] | None = None
    next_marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> Response:
    """List them."""
    function = existing(target)
    name, question = "ListFunctionEventInvokeConfigs", function.function_id
    position = MARKERS.open(context, name, question, request.marker or None)
    after = "" if position is None else str(position[0])
    found = [entry for entry in sorted(function.attributes.events.items()) if entry[0] > after]
    most = page_size(request.max_items)
    page, marker = MARKERS.cut_page(context, name, question, found, most, lambda entry: (entry[0],))
    shown = [show_rules(function, qualifier, rules) for qualifier, rules in page]
    return Response(function_event_invoke_configs=shown, next_marker=marker)


LIST_FUNCTION_EVENT_INVOKE_CONFIGS = Operation(
    name="ListFunctionEventInvokeConfigs",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:ListFunctionEventInvokeConfigs",
    target=target,
    handle=handle,
    recorded_request=("function_name", "marker", "max_items"),
)
