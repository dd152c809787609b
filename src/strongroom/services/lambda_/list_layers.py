"""ListLayers: the layers of the account in this Region with their newest versions; at most 50 in a page.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListLayers.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes, structures
from strongroom.services.lambda_.layers import LayerPlace, show_in_list, suits
from strongroom.services.lambda_.marker import MARKERS, page_size
from strongroom.services.lambda_.model import layer_arn
from strongroom.services.lambda_.tables import list_layer_names, page_of_layer
from strongroom.wire.shapes import Shape

_NONE_YET = 1 << 62
_LOOKED_AT_MOST = 100


class Request(Shape):
    """For what, from where on, and how many."""

    compatible_architecture: shapes.Architecture | None = None
    compatible_runtime: shapes.Runtime | None = None
    marker: str | None = None
    max_items: shapes.MaxLayerListItems | None = None


class Response(Shape):
    """A page of layers."""

    next_marker: str | None = None
    layers: list[structures.LayersListItem] | None = None


def target(context: Context, request: Request) -> Target:
    """Name nothing: the action has no resource."""
    del request
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """List them; of each the newest version that suits, among its newest hundred."""
    del target
    question = (request.compatible_runtime or "", request.compatible_architecture or "")
    position = MARKERS.open(context, "ListLayers", question, request.marker or None)
    after = "" if position is None else str(position[0])
    most = page_size(request.max_items)
    account, region = context.account, context.region
    names = list_layer_names(context.rows, account, region, after, most + 1)
    page, marker = MARKERS.cut_page(context, "ListLayers", question, names, most, lambda name: (name,))
    layers: list[structures.LayersListItem] = []
    for name in page:
        found = page_of_layer(context.rows, account, region, name, _NONE_YET, _LOOKED_AT_MOST)
        for number, layer in found:
            if suits(layer, request.compatible_runtime, request.compatible_architecture):
                latest = show_in_list(LayerPlace(account, region, name, number), layer)
                arn = layer_arn(region, account, name)
                layers.append(
                    structures.LayersListItem(layer_name=name, layer_arn=arn, latest_matching_version=latest)
                )
                break
    return Response(layers=layers, next_marker=marker)


LIST_LAYERS = Operation(
    name="ListLayers",
    event_name="ListLayers20181031",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:ListLayers",
    target=target,
    handle=handle,
    recorded_request=tuple(Request.__struct_fields__),
)
