"""The answer of the operations on one layer version."""

from __future__ import annotations

from typing import Annotated

from strongroom.gateway.context import Context
from strongroom.services.lambda_ import shapes, structures
from strongroom.services.lambda_.layers import LayerPlace, show_content, show_in_list
from strongroom.services.lambda_.model import LayerVersion, layer_arn
from strongroom.wire.shapes import Shape, limits


class LayerAnswer(Shape):
    """The layer version."""

    content: structures.LayerVersionContentOutput | None = None
    layer_arn: shapes.LayerArn | None = None
    layer_version_arn: shapes.LayerVersionArn | None = None
    description: shapes.Description | None = None
    created_date: shapes.DateText | None = None
    version: int | None = None
    compatible_architectures: Annotated[list[shapes.Architecture], limits(0, 2)] | None = None
    compatible_runtimes: Annotated[list[shapes.Runtime], limits(0, 15)] | None = None
    license_info: shapes.LicenseInfo | None = None


def show_layer(context: Context, place: LayerPlace, layer: LayerVersion, host: str | None) -> LayerAnswer:
    """Show a layer version."""
    listed = show_in_list(place, layer)
    return LayerAnswer(
        content=show_content(context, place, layer, host),
        layer_arn=layer_arn(place.region, place.account, place.name),
        layer_version_arn=listed.layer_version_arn,
        description=listed.description or "",
        created_date=listed.created_date,
        version=listed.version,
        compatible_architectures=listed.compatible_architectures,
        compatible_runtimes=listed.compatible_runtimes,
        license_info=listed.license_info,
    )
