"""GetFunctionConcurrency: how many invocations at once are reserved for a function; nothing when there are none.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConcurrency.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.lookup import existing, find_target, read_place
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function."""

    function_name: shapes.FunctionName


class Response(Shape):
    """The number."""

    reserved_concurrent_executions: shapes.ReservedConcurrentExecutions | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    del context, request
    return Response(reserved_concurrent_executions=existing(target).attributes.reserved)


GET_FUNCTION_CONCURRENCY = Operation(
    name="GetFunctionConcurrency",
    event_name="GetFunctionConcurrency20190930",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:GetFunctionConcurrency",
    target=target,
    handle=handle,
    recorded_request=("function_name",),
)
