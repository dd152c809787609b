"""ListLayerVersions: the versions of a layer, the newest first; at most 50 in a page.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes, structures
from strongroom.services.lambda_.layers import LayerPlace, read_layer, show_in_list, suits
from strongroom.services.lambda_.marker import MARKERS, page_size
from strongroom.services.lambda_.tables import page_of_layer
from strongroom.wire.shapes import Shape

_NONE_YET = 1 << 62


class Request(Shape):
    """Of which layer, for what, from where on, and how many."""

    compatible_architecture: shapes.Architecture | None = None
    compatible_runtime: shapes.Runtime | None = None
    layer_name: shapes.LayerNameOrArn
    marker: str | None = None
    max_items: shapes.MaxLayerListItems | None = None


class Response(Shape):
    """A page of versions."""

    next_marker: str | None = None
    layer_versions: list[structures.LayerVersionsListItem] | None = None


def target(context: Context, request: Request) -> Target:
    """Name no resource, as AWS has it; the layer must be the caller's own."""
    place = read_layer(context, request.layer_name)
    return Target("*", place.account, found=place)


def handle(context: Context, request: Request, target: Target) -> Response:
    """List them."""
    place = target.found
    assert isinstance(place, LayerPlace)
    question = (place.arn, request.compatible_runtime or "", request.compatible_architecture or "")
    position = MARKERS.open(context, "ListLayerVersions", question, request.marker or None)
    before = _NONE_YET if position is None else int(position[0])
    most = page_size(request.max_items)
    found = page_of_layer(context.rows, place.account, place.region, place.name, before, most + 1)
    page, marker = MARKERS.cut_page(
        context, "ListLayerVersions", question, found, most, lambda entry: (entry[0],)
    )
    shown = [
        show_in_list(replace(place, version=number), layer)
        for number, layer in page
        if suits(layer, request.compatible_runtime, request.compatible_architecture)
    ]
    return Response(layer_versions=shown, next_marker=marker)


LIST_LAYER_VERSIONS = Operation(
    name="ListLayerVersions",
    event_name="ListLayerVersions20181031",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:ListLayerVersions",
    target=target,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
)
