"""GetFunction: the configuration of a function version, where its code can be fetched, its tags and concurrency.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors, shapes, structures
from strongroom.services.lambda_.built_ins import show_built_in
from strongroom.services.lambda_.configuration import shown
from strongroom.services.lambda_.location import make_location
from strongroom.services.lambda_.lookup import existing, find_target, place_of, read_place, version_of
from strongroom.services.secretsmanager.contract import is_built_in
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which function, and which version of it."""

    function_name: shapes.NamespacedFunctionName
    qualifier: shapes.NumericLatestPublishedOrAliasQualifier | None = None
    host: str | None = None


class Response(Shape):
    """What it is."""

    configuration: structures.FunctionConfiguration | None = None
    code: structures.FunctionCodeLocation | None = None
    tags: dict[shapes.TagKey, shapes.TagValue] | None = None
    concurrency: structures.Concurrency | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name, request.qualifier))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show it."""
    place = place_of(target)
    if is_built_in(place.name):
        if place.qualifier not in ("", "$LATEST"):
            raise errors.function_not_found(place.qualified_arn)
        return Response(configuration=show_built_in(place.account, place.region, place.name))
    function = existing(target, qualified=True)
    version = version_of(context.rows, function, place.qualifier)
    location = make_location(
        context,
        request.host or "localhost",
        function.account,
        function.arn,
        version.archive_id,
        version.sha256,
        version.size,
    )
    attributes = function.attributes
    return Response(
        configuration=shown(context, function, version, place.qualifier),
        code=structures.FunctionCodeLocation(repository_type="S3", location=location),
        tags=dict(attributes.tags) if attributes.tags and not place.qualifier else None,
        concurrency=(
            None
            if attributes.reserved is None
            else structures.Concurrency(reserved_concurrent_executions=attributes.reserved)
        ),
    )


GET_FUNCTION = Operation(
    name="GetFunction",
    event_name="GetFunction20150331v2",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:GetFunction",
    target=target,
    handle=handle,
    recorded_request=("function_name", "qualifier"),
    is_unbuffered=True,
)
