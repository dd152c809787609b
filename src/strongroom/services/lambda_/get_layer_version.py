"""GetLayerVersion: a version of a layer, and where its code can be fetched.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.layer_answer import LayerAnswer, show_layer
from strongroom.services.lambda_.layers import existing_layer, layer_place_of, layer_target, read_layer
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which version."""

    layer_name: shapes.LayerNameOrArn
    version_number: int
    host: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the layer version."""
    return layer_target(read_layer(context, request.layer_name, request.version_number))


def handle(context: Context, request: Request, target: Target) -> LayerAnswer:
    """Show it."""
    place = layer_place_of(target)
    return show_layer(context, place, existing_layer(context, place), request.host)


GET_LAYER_VERSION = Operation(
    name="GetLayerVersion",
    event_name="GetLayerVersion20181031",
    mode=Mode.QUERY,
    request=Request,
    response=LayerAnswer,
    action="lambda:GetLayerVersion",
    target=target,
    handle=handle,
    recorded_request=("layer_name", "version_number"),
    is_unbuffered=True,
)
