"""DeleteLayerVersion: delete a version of a layer; functions that have it keep it.

That it is not there is no error, as AWS has it.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_DeleteLayerVersion.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.code import remove_unused_code
from strongroom.services.lambda_.layers import layer_place_of, layer_target, read_layer
from strongroom.services.lambda_.tables import find_layer, remove_layer
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Which version."""

    layer_name: shapes.LayerNameOrArn
    version_number: int


def target(context: Context, request: Request) -> Target:
    """Name the layer version."""
    return layer_target(read_layer(context, request.layer_name, request.version_number))


def handle(context: Context, request: Request, target: Target) -> None:
    """Delete it."""
    del request
    place = layer_place_of(target)
    assert place.version is not None
    layer = find_layer(context.rows, place.account, place.region, place.name, place.version)
    if layer is None:
        return
    remove_layer(context.transaction, place.account, place.region, place.name, place.version)
    remove_unused_code(context.transaction, (layer.archive_id,))


DELETE_LAYER_VERSION: Operation[Request, Shape] = Operation(
    name="DeleteLayerVersion",
    event_name="DeleteLayerVersion20181031",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="lambda:DeleteLayerVersion",
    target=target,
    handle=handle,
    recorded_request=("layer_name", "version_number"),
)
