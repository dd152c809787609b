"""The layers of a function: found, counted, and remembered with their code.

Rules:
 - At most five, each a version of a layer of the caller's own account and this Region.
 - A version that is deleted later goes on working in the functions that have it, as AWS has it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from strongroom.gateway.context import Context
from strongroom.services.lambda_ import errors
from strongroom.services.lambda_.model import LAYERS_MOST, LayerUse
from strongroom.services.lambda_.tables import find_layer

_ARN: Final = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):(\d{12}):layer:([a-zA-Z0-9_-]{1,140}):([0-9]{1,9})", re.ASCII
)


def find_layer_uses(context: Context, arns: Sequence[str]) -> tuple[LayerUse, ...]:
    """Find the layer versions that a function is to have.

    Raises:
        Fault: There are too many, two of one layer, or one is not there.
    """
    if len(arns) > LAYERS_MOST:
        raise errors.invalid("Cannot reference more than 5 layers.")
    uses: list[LayerUse] = []
    names: set[str] = set()
    for arn in arns:
        match = _ARN.fullmatch(arn)
        if match is None or match[1] != context.region or match[2] != context.account:
            raise errors.layer_not_found(arn)
        if match[3] in names:
            raise errors.invalid("Two different versions of the same layer are not allowed to be referenced.")
        names.add(match[3])
        layer = find_layer(context.rows, match[2], match[1], match[3], int(match[4]))
        if layer is None:
            raise errors.layer_not_found(arn)
        uses.append(LayerUse(arn, layer.archive_id, layer.sha256, layer.size, layer.unzipped))
    return tuple(uses)
