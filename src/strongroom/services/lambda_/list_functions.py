"""ListFunctions: the functions of the account in this Region, by name; the built-in ones are among them.

At most 50 in a page. With ``FunctionVersion=ALL`` the published versions are listed as well, behind their function.
Variables are not shown to who may only list.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctions.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.built_ins import built_in_names, show_built_in
from strongroom.services.lambda_.configuration import show_without_environment
from strongroom.services.lambda_.marker import MARKERS, page_size
from strongroom.services.lambda_.model import Function
from strongroom.services.lambda_.structures import FunctionConfiguration
from strongroom.services.lambda_.tables import find_function, page_of_functions, page_of_versions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """From where on, how many, and whether with versions."""

    master_region: shapes.MasterRegion | None = None
    function_version: shapes.FunctionVersion | None = None
    marker: str | None = None
    max_items: shapes.MaxListItems | None = None


class Response(Shape):
    """A page of functions."""

    next_marker: str | None = None
    functions: list[FunctionConfiguration] | None = None


def target(context: Context, request: Request) -> Target:
    """Name nothing: the action has no resource."""
    del request
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """List them."""
    del target
    question = request.function_version or ""
    most = page_size(request.max_items)
    position = MARKERS.open(context, "ListFunctions", question, request.marker or None)
    name, version = ("", -1) if position is None else (str(position[0]), int(position[1]))
    found = _entries(context, name, version, most + 1, with_versions=request.function_version == "ALL")
    page, marker = MARKERS.cut_page(
        context, "ListFunctions", question, found, most, lambda entry: (entry[0], entry[1])
    )
    return Response(functions=[entry[2] for entry in page], next_marker=marker)


_Entry = tuple[str, int, FunctionConfiguration]


def _entries(context: Context, name: str, version: int, most: int, *, with_versions: bool) -> list[_Entry]:
    """Gather entries behind ``(name, version)``; ``$LATEST`` counts as version 0."""
    found: list[_Entry] = []
    if with_versions and version >= 0:
        begun = find_function(context.rows, context.account, context.region, name)
        if begun is not None:
            found.extend(_versions(context, begun, version, most))
    functions = page_of_functions(context.rows, context.account, context.region, name, most)
    own: dict[str, Function | None] = {function.name: function for function in functions}
    names = sorted({**own, **dict.fromkeys(built_in_names(name))})
    for each in names:
        if len(found) >= most:
            break
        function = own.get(each)
        if function is None:
            found.append((each, 0, show_built_in(context.account, context.region, each)))
            continue
        qualifier = "$LATEST" if with_versions else ""
        found.append((each, 0, show_without_environment(function, function.attributes.latest, qualifier)))
        if with_versions:
            found.extend(_versions(context, function, 0, most - len(found)))
    return found[:most]


def _versions(context: Context, function: Function, after: int, most: int) -> Iterator[_Entry]:
    for version in page_of_versions(context.rows, function.function_id, after, most):
        shown = show_without_environment(function, version, version.version)
        yield function.name, int(version.version), shown


LIST_FUNCTIONS = Operation(
    name="ListFunctions",
    event_name="ListFunctions20150331",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:ListFunctions",
    target=target,
    handle=handle,
    recorded_request=("master_region", "function_version", "marker", "max_items"),
)
