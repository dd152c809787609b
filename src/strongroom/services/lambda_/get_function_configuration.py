"""GetFunctionConfiguration: the configuration of a function version.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors, shapes
from strongroom.services.lambda_.built_ins import show_built_in
from strongroom.services.lambda_.configuration import shown
from strongroom.services.lambda_.lookup import existing, find_target, place_of, read_place, version_of
from strongroom.services.lambda_.structures import FunctionConfiguration
from strongroom.services.secretsmanager.contract import is_built_in
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which function, and which version of it."""

    function_name: shapes.NamespacedFunctionName
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name, request.qualifier))


def handle(context: Context, request: Request, target: Target) -> FunctionConfiguration:
    """Show it."""
    del request
    place = place_of(target)
    if is_built_in(place.name):
        if place.qualifier not in ("", "$LATEST"):
            raise errors.function_not_found(place.qualified_arn)
        return show_built_in(place.account, place.region, place.name)
    function = existing(target, qualified=True)
    version = version_of(context.rows, function, place.qualifier)
    return shown(context, function, version, place.qualifier)


GET_FUNCTION_CONFIGURATION = Operation(
    name="GetFunctionConfiguration",
    event_name="GetFunctionConfiguration20150331v2",
    mode=Mode.QUERY,
    request=Request,
    response=FunctionConfiguration,
    action="lambda:GetFunctionConfiguration",
    target=target,
    handle=handle,
    recorded_request=("function_name", "qualifier"),
    is_unbuffered=True,
)
