"""DeleteAlias: delete an alias with its policy; that it is not there is no error, as AWS has it.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html
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
    """Which alias."""

    function_name: shapes.FunctionName
    name: shapes.Alias


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> None:
    """Delete it, and what was said of it."""
    function = changeable(target)
    attributes = function.attributes
    if request.name not in attributes.aliases:
        return
    changed = replace(
        attributes,
        aliases={name: alias for name, alias in attributes.aliases.items() if name != request.name},
        policies={name: policy for name, policy in attributes.policies.items() if name != request.name},
        events={name: rules for name, rules in attributes.events.items() if name != request.name},
    )
    update_function(context.transaction, replace(function, attributes=changed))


DELETE_ALIAS: Operation[Request, Shape] = Operation(
    name="DeleteAlias",
    event_name="DeleteAlias20150331",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="lambda:DeleteAlias",
    target=target,
    handle=handle,
    recorded_request=("function_name", "name"),
)
