"""PutFunctionConcurrency: reserve a number of invocations at once for a function, which is also its limit.

Zero blocks it. At least 100 of the account's 1,000 stay for functions without a reservation.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.lookup import changeable, find_target, read_place
from strongroom.services.lambda_.model import CONCURRENCY_OF_ACCOUNT, UNRESERVED_LEAST
from strongroom.services.lambda_.structures import Concurrency
from strongroom.services.lambda_.tables import reserved_in_all, update_function
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The function and the number."""

    function_name: shapes.FunctionName
    reserved_concurrent_executions: shapes.ReservedConcurrentExecutions


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> Concurrency:
    """Reserve them."""
    function = changeable(target)
    wanted = request.reserved_concurrent_executions
    others = reserved_in_all(context.rows, function.account, function.region) - (
        function.attributes.reserved or 0
    )
    if wanted and CONCURRENCY_OF_ACCOUNT - others - wanted < UNRESERVED_LEAST:
        raise errors.unreserved_too_few(UNRESERVED_LEAST)
    changed = replace(function, attributes=replace(function.attributes, reserved=wanted))
    update_function(context.transaction, changed)
    return Concurrency(reserved_concurrent_executions=wanted)


def recorded_response(response: Concurrency) -> Mapping[str, Any]:
    """Show the number."""
    return {"reservedConcurrentExecutions": response.reserved_concurrent_executions}


PUT_FUNCTION_CONCURRENCY = Operation(
    name="PutFunctionConcurrency",
    event_name="PutFunctionConcurrency20171031",
    mode=Mode.CHANGE,
    request=Request,
    response=Concurrency,
    action="lambda:PutFunctionConcurrency",
    target=target,
    handle=handle,
    recorded_request=("function_name", "reserved_concurrent_executions"),
    recorded_response=recorded_response,
)
