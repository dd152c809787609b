"""ListVersionsByFunction: ``$LATEST`` and the published versions of a function, in order; at most 50 in a page.

Variables are not shown to who may only list.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes, structures
from strongroom.services.lambda_.built_ins import show_built_in
from strongroom.services.lambda_.configuration import show_without_environment
from strongroom.services.lambda_.lookup import existing, find_target, place_of, read_place
from strongroom.services.lambda_.marker import MARKERS, page_size
from strongroom.services.lambda_.model import LATEST, Configuration
from strongroom.services.lambda_.tables import page_of_versions
from strongroom.services.secretsmanager.contract import is_built_in
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function, from where on, and how many."""

    function_name: shapes.NamespacedFunctionName
    marker: str | None = None
    max_items: shapes.MaxListItems | None = None


class Response(Shape):
    """A page of versions."""

    next_marker: str | None = None
    versions: list[structures.FunctionConfiguration] | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> Response:
    """List them; ``$LATEST`` counts as version 0."""
    place = place_of(target)
    if is_built_in(place.name):
        return Response(versions=[show_built_in(place.account, place.region, place.name)])
    function = existing(target)
    most = page_size(request.max_items)
    question = function.function_id
    position = MARKERS.open(context, "ListVersionsByFunction", question, request.marker or None)
    found: list[Configuration] = [function.attributes.latest] if position is None else []
    after = 0 if position is None else int(position[0])
    found += page_of_versions(context.rows, function.function_id, after, most + 1)
    page, marker = MARKERS.cut_page(
        context, "ListVersionsByFunction", question, found, most, lambda version: (_number(version),)
    )
    shown = [show_without_environment(function, version, version.version) for version in page]
    return Response(versions=shown, next_marker=marker)


def _number(version: Configuration) -> int:
    return 0 if version.version == LATEST else int(version.version)


LIST_VERSIONS_BY_FUNCTION = Operation(
    name="ListVersionsByFunction",
    event_name="ListVersionsByFunction20150331",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:ListVersionsByFunction",
    target=target,
    handle=handle,
    recorded_request=("function_name", "marker", "max_items"),
)
