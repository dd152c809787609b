"""ListKeyRotations: the rotations of a key, or all its materials with the first one, oldest first, 100 at a time.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html; identity reference 6.6.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.marker import MARKERS
from strongroom.services.kms.model import KeyRow
from strongroom.services.kms.shapes import ExpirationModel, KeyId, Limit, Marker, MaterialId
from strongroom.services.kms.tables import list_materials
from strongroom.store.rows import Rows
from strongroom.wire.shapes import Shape, Timestamp, limits, timestamp

_NAME: Final = "ListKeyRotations"
_ACTION: Final = "kms:ListKeyRotations"
_PAGE: Final = 100


class Request(Shape):
    """Of which key, and whether materials that no rotation brought are listed too."""

    key_id: KeyId
    include_key_material: Literal["ALL_KEY_MATERIAL", "ROTATIONS_ONLY"] | None = None
    limit: Limit | None = None
    marker: Marker | None = None


class RotationsListEntry(Shape):
    """One material; the first of a key has no rotation."""

    key_id: KeyId | None = None
    key_material_id: MaterialId | None = None
    key_material_description: Annotated[str, limits(0, 256, pattern=r"^[a-zA-Z0-9:/_\s.-]+$")] | None = None
    import_state: Literal["IMPORTED", "PENDING_IMPORT"] | None = None
    key_material_state: (
        Literal["NON_CURRENT", "CURRENT", "PENDING_ROTATION", "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"]
        | None
    ) = None
    expiration_model: ExpirationModel | None = None
    valid_to: Timestamp | None = None
    rotation_date: Timestamp | None = None
    rotation_type: Literal["AUTOMATIC", "ON_DEMAND"] | None = None


class Response(Shape):
    """A page of rotations."""

    rotations: list[RotationsListEntry] | None = None
    next_marker: Marker | None = None
    truncated: bool | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Cut one page out of what the key remembers."""
    key = existing(target).key
    with_first = request.include_key_material == "ALL_KEY_MATERIAL"
    entries = _entries(context.rows, key, with_first=with_first)
    question = (key.key_id, with_first)
    after = int((MARKERS.open(context, _NAME, question, request.marker) or (0,))[0])
    most = request.limit or _PAGE
    numbered = list(enumerate(entries, 1))[after:]
    page, marker = MARKERS.cut_page(context, _NAME, question, numbered, most, lambda one: (one[0],))
    return Response(rotations=[entry for _, entry in page], next_marker=marker, truncated=marker is not None)


def _entries(rows: Rows, key: KeyRow, *, with_first: bool) -> list[RotationsListEntry]:
    brought = {rotation.material_id for rotation in key.attributes.rotations}
    entries = []
    if with_first:
        first = [material for material, _ in list_materials(rows, key.key_id) if material not in brought]
        entries = [_entry(key, material_id) for material_id in first]
    for rotation in key.attributes.rotations:
        entries.append(
            RotationsListEntry(
                key_id=key.key_id,
                key_material_id=rotation.material_id,
                key_material_state=_state(key, rotation.material_id) if with_first else None,
                rotation_date=timestamp(rotation.at_ms),
                rotation_type=rotation.type,
            )
        )
    return entries


def _entry(key: KeyRow, material_id: str) -> RotationsListEntry:
    return RotationsListEntry(
        key_id=key.key_id, key_material_id=material_id, key_material_state=_state(key, material_id)
    )


def _state(key: KeyRow, material_id: str) -> Literal["CURRENT", "NON_CURRENT"]:
    return "CURRENT" if material_id == key.attributes.current_material else "NON_CURRENT"


LIST_KEY_ROTATIONS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "include_key_material", "limit", "marker"),
)
