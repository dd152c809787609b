"""UpdateAlias: let an alias name another version, or change its description or its shares.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import new_uuid
from strongroom.services.lambda_ import errors, shapes, structures
from strongroom.services.lambda_.aliases import check_version, read_weights, record_alias, show_alias
from strongroom.services.lambda_.lookup import alias_of, changeable, find_target, read_place
from strongroom.services.lambda_.model import Alias
from strongroom.services.lambda_.structures import AliasConfiguration
from strongroom.services.lambda_.tables import update_function
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The alias and what changes of it."""

    function_name: shapes.FunctionName
    name: shapes.Alias
    function_version: shapes.VersionWithLatestPublished | None = None
    description: shapes.Description | None = None
    routing_config: structures.AliasRoutingConfiguration | None = None
    revision_id: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> AliasConfiguration:
    """Change it."""
    function = changeable(target)
    alias = alias_of(function, request.name)
    if request.revision_id is not None and request.revision_id != alias.revision_id:
        raise errors.revision_differs()
    version = request.function_version or alias.version
    check_version(context.rows, function, version)
    routing = request.routing_config
    if routing is None:
        routing = structures.AliasRoutingConfiguration(additional_version_weights=dict(alias.weights))
    weights = read_weights(context.rows, function, version, routing)
    description = alias.description if request.description is None else request.description
    alias = Alias(version, description, weights, new_uuid())
    attributes = function.attributes
    aliases = {**attributes.aliases, request.name: alias}
    changed = replace(function, attributes=replace(attributes, aliases=aliases))
    update_function(context.transaction, changed)
    return show_alias(changed, request.name, alias)


UPDATE_ALIAS = Operation(
    name="UpdateAlias",
    event_name="UpdateAlias20150331",
    mode=Mode.CHANGE,
    request=Request,
    response=AliasConfiguration,
    action="lambda:UpdateAlias",
    target=target,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
    recorded_response=record_alias,
)
