"""ListAliases: the aliases of a function, by name; at most 50 in a page.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes, structures
from strongroom.services.lambda_.aliases import show_alias
from strongroom.services.lambda_.lookup import existing, find_target, read_place
from strongroom.services.lambda_.marker import MARKERS, page_size
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which function, of which version, from where on, and how many."""

    function_name: shapes.FunctionName
    function_version: shapes.VersionWithLatestPublished | None = None
    marker: str | None = None
    max_items: shapes.MaxListItems | None = None


class Response(Shape):
    """A page of aliases."""

    next_marker: str | None = None
    aliases: list[structures.AliasConfiguration] | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_place(context, request.function_name))


def handle(context: Context, request: Request, target: Target) -> Response:
    """List them."""
    function = existing(target)
    question = (function.function_id, request.function_version or "")
    position = MARKERS.open(context, "ListAliases", question, request.marker or None)
    after = "" if position is None else str(position[0])
    names = [
        name
        for name, alias in sorted(function.attributes.aliases.items())
        if name > after and request.function_version in (None, alias.version)
    ]
    most = page_size(request.max_items)
    page, marker = MARKERS.cut_page(context, "ListAliases", question, names, most, lambda name: (name,))
    shown = [show_alias(function, name, function.attributes.aliases[name]) for name in page]
    return Response(aliases=shown, next_marker=marker)


LIST_ALIASES = Operation(
    name="ListAliases",
    event_name="ListAliases20150331",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:ListAliases",
    target=target,
    handle=handle,
    recorded_request=("function_name", "function_version", "marker", "max_items"),
)
