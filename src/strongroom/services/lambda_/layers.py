"""Layers: named, found and shown.

Rules:
 - A layer belongs to one account. Its versions are numbered from 1 and a number is never given twice: version 0 is no
   version, it remembers the last number.
"""

from __future__ import annotations

import base64
import re
from typing import Final

import msgspec

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Target
from strongroom.services.lambda_ import errors, structures
from strongroom.services.lambda_.location import make_location
from strongroom.services.lambda_.model import LayerVersion, layer_arn, render_modified
from strongroom.services.lambda_.tables import find_layer, insert_layer, update_layer

_ARN: Final = re.compile(
    r"(?:arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):(\d{12}):layer:)?([a-zA-Z0-9_-]{1,140})(?::([0-9]{1,9}))?",
    re.ASCII,
)
COUNTER: Final = 0
"""The version that is none."""


class LayerPlace(msgspec.Struct, frozen=True):
    """What the name of a layer says.

    Attributes:
        version: None for none.
    """

    account: str
    region: str
    name: str
    version: int | None = None

    @property
    def arn(self) -> str:
        """The ARN of the layer, or of its version."""
        return layer_arn(self.region, self.account, self.name, self.version)


def read_layer(context: Context, name: str, version: int | None = None) -> LayerPlace:
    """Read the name or the ARN of a layer.

    Raises:
        Fault: It is neither, of another Region, or the version is no number of one.
    """
    match = _ARN.fullmatch(name)
    if match is None or (match[1] is not None and match[1] != context.region):
        raise errors.invalid("The layer is not one of this Region.")
    number = int(match[4]) if match[4] is not None else version
    if number is not None and not 1 <= number <= 999_999_999:
        raise errors.invalid("Layer Version Cannot be less than 1.")
    return LayerPlace(match[2] or context.account, context.region, match[3], number)


def layer_target(place: LayerPlace) -> Target:
    """Name a layer, or a version of it, for the evaluator; ``found`` is the place."""
    return Target(place.arn, place.account, place.arn, place)


def layer_place_of(target: Target) -> LayerPlace:
    """Give the place of a target."""
    place = target.found
    assert isinstance(place, LayerPlace)
    return place


def existing_layer(context: Context, place: LayerPlace) -> LayerVersion:
    """Return a layer version.

    Raises:
        Fault: There is none.
    """
    assert place.version is not None
    found = find_layer(context.rows, place.account, place.region, place.name, place.version)
    if found is None:
        raise errors.layer_version_not_found()
    return found


def next_version(context: Context, place: LayerPlace) -> int:
    """Count a version of a layer on, and return its number."""
    counter = find_layer(context.rows, place.account, place.region, place.name, COUNTER)
    number = 1 if counter is None else counter.size + 1
    kept = LayerVersion("", b"", number, 0, context.now_ms)
    keep = insert_layer if counter is None else update_layer
    keep(context.transaction, place.account, place.region, place.name, COUNTER, kept)
    return number


def show_content(
    context: Context, place: LayerPlace, layer: LayerVersion, host: str | None
) -> structures.LayerVersionContentOutput:
    """Show where the code of a layer version can be fetched."""
    return structures.LayerVersionContentOutput(
        location=make_location(
            context,
            host or "localhost",
            place.account,
            place.arn,
            layer.archive_id,
            layer.sha256,
            layer.size,
        ),
        code_sha256=base64.b64encode(layer.sha256).decode(),
        code_size=layer.size,
    )


def show_in_list(place: LayerPlace, layer: LayerVersion) -> structures.LayerVersionsListItem:
    """Show a layer version in a list."""
    return structures.LayerVersionsListItem(
        layer_version_arn=place.arn,
        version=place.version,
        description=layer.description,
        created_date=render_modified(layer.created_ms),
        compatible_architectures=_listed(layer.architectures),  # type: ignore[arg-type]  # checked when it was made
        compatible_runtimes=_listed(layer.runtimes),  # type: ignore[arg-type]  # as above
        license_info=layer.license,
    )


def suits(layer: LayerVersion, runtime: str | None, architecture: str | None) -> bool:
    """Whether a layer version is one that a listing asks for."""
    return (runtime is None or runtime in (layer.runtimes or ())) and (
        architecture is None or architecture in (layer.architectures or ())
    )


def _listed(values: tuple[str, ...] | None) -> list[str] | None:
    return None if values is None else list(values)
