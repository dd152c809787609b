"""PublishLayerVersion: make a version of a layer of a zip archive that comes with the request.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import errors, shapes, structures
from strongroom.services.lambda_.code import insert_code
from strongroom.services.lambda_.layer_answer import LayerAnswer, show_layer
from strongroom.services.lambda_.layers import layer_place_of, layer_target, next_version, read_layer
from strongroom.services.lambda_.model import LayerVersion
from strongroom.services.lambda_.tables import insert_layer
from strongroom.services.lambda_.uploading import Uploaded, check_room, check_upload
from strongroom.wire.shapes import Shape, limits


class Request(Shape):
    """The layer and its code."""

    layer_name: shapes.LayerNameOrArn
    description: shapes.Description | None = None
    content: structures.LayerVersionContentInput
    compatible_architectures: Annotated[list[shapes.Architecture], limits(0, 2)] | None = None
    compatible_runtimes: Annotated[list[shapes.Runtime], limits(0, 15)] | None = None
    license_info: shapes.LicenseInfo | None = None
    host: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name the layer."""
    return layer_target(read_layer(context, request.layer_name))


def prepare(context: Context, request: Request, target: Target) -> Uploaded:
    """Check and seal the code."""
    if request.content.s3_bucket or request.content.s3_key:
        raise errors.not_served("Code in S3")
    if request.content.zip_file is None:
        raise errors.invalid("Please provide a source for layer code.")
    return check_upload(context, target.account, request.content.zip_file)


def handle(context: Context, request: Request, target: Target) -> LayerAnswer:
    """Make it."""
    place = layer_place_of(target)
    uploaded = context.prepared
    assert isinstance(uploaded, Uploaded)
    check_room(context, uploaded.archive.zipped)
    number = next_version(context, place)
    layer = LayerVersion(
        archive_id=uploaded.sealed.archive_id,
        sha256=uploaded.archive.digest,
        size=uploaded.archive.zipped,
        unzipped=uploaded.archive.unzipped,
        created_ms=context.now_ms,
        description=request.description,
        runtimes=_kept(request.compatible_runtimes),
        architectures=_kept(request.compatible_architectures),
        license=request.license_info,
    )
    insert_code(context.transaction, uploaded.sealed)
    insert_layer(context.transaction, place.account, place.region, place.name, number, layer)
    return show_layer(context, replace(place, version=number), layer, request.host)


def _kept(values: list[Any] | None) -> tuple[str, ...] | None:
    return None if values is None else tuple(values)


def recorded_response(response: LayerAnswer) -> Mapping[str, Any]:
    """Show the version."""
    return {"layerVersionArn": response.layer_version_arn, "version": response.version}


PUBLISH_LAYER_VERSION = Operation(
    name="PublishLayerVersion",
    event_name="PublishLayerVersion20181031",
    mode=Mode.CHANGE,
    request=Request,
    response=LayerAnswer,
    action="lambda:PublishLayerVersion",
    target=target,
    prepare=prepare,
    is_heavy=True,
    handle=handle,
    recorded_request=tuple(name for name in Request.__struct_fields__ if name != "host"),
    recorded_response=recorded_response,
    is_unbuffered=True,
)
