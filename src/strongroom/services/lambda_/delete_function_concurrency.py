"""DeleteFunctionConcurrency: take the reservation of a function back.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionConcurrency.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.lookup import changeable, find_target, read_place
from strongroom.services.lambda_.tables import update_function
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function."""

    function_name: shapes.FunctionName


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> None:
    """Take it back."""
    del request
    function = changeable(target)
    update_function(
        context.transaction, replace(function, attributes=replace(function.attributes, reserved=None))
    )


DELETE_FUNCTION_CONCURRENCY: Operation[Request, Shape] = Operation(
    name="DeleteFunctionConcurrency",
    event_name="DeleteFunctionConcurrency20171031",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="lambda:DeleteFunctionConcurrency",
    target=target,
    handle=handle,
    recorded_request=("function_name",),
)
