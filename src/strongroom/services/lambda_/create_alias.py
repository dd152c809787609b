"""CreateAlias: name a version of a function.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_uuid
from strongroom.services.lambda_ import errors, shapes, structures
from strongroom.services.lambda_.aliases import check_version, read_weights, record_alias, show_alias
from strongroom.services.lambda_.lookup import changeable, find_target, read_place
from strongroom.services.lambda_.model import ALIASES_MOST, Alias, function_arn
from strongroom.services.lambda_.structures import AliasConfiguration
from strongroom.services.lambda_.tables import update_function
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The alias."""

    function_name: shapes.FunctionName
    name: shapes.Alias
    function_version: shapes.VersionWithLatestPublished
    description: shapes.Description | None = None
    routing_config: structures.AliasRoutingConfiguration | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> AliasConfiguration:
    """Make it."""
    function = changeable(target)
    attributes = function.attributes
    if request.name in attributes.aliases:
        raise errors.alias_exists(
            function_arn(function.region, function.account, function.name, request.name)
        )
    if len(attributes.aliases) >= ALIASES_MOST:
        raise errors.too_many_aliases()
    check_version(context.rows, function, request.function_version)
    weights = read_weights(context.rows, function, request.function_version, request.routing_config)
    alias = Alias(request.function_version, request.description or "", weights, new_uuid())
    aliases = {**attributes.aliases, request.name: alias}
    changed = replace(function, attributes=replace(attributes, aliases=aliases))
    update_function(context.transaction, changed)
    return show_alias(changed, request.name, alias)


CREATE_ALIAS = Operation(
    name="CreateAlias",
    event_name="CreateAlias20150331",
    mode=Mode.CHANGE,
    request=Request,
    response=AliasConfiguration,
    action="lambda:CreateAlias",
    target=target,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
    recorded_response=record_alias,
)
