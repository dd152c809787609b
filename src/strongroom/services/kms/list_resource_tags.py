"""ListResourceTags: the tags of a key, 50 at a time.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html
"""

from __future__ import annotations

from typing import Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.marker import MARKERS
from strongroom.services.kms.shapes import KeyId, Limit, Marker, Tag
from strongroom.wire.shapes import Shape

_NAME: Final = "ListResourceTags"
_ACTION: Final = "kms:ListResourceTags"
_PAGE: Final = 50


class Request(Shape):
    """Of which key, how many, and where to go on."""

    key_id: KeyId
    limit: Limit | None = None
    marker: Marker | None = None


class Response(Shape):
    """A page of tags."""

    tags: list[Tag] | None = None
    next_marker: Marker | None = None
    truncated: bool | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    return find_target(context, _ACTION, request.key_id)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Cut one page; the order is that of the tag keys, so that a page stays one when tags change meanwhile."""
    key = existing(target).key
    after = str((MARKERS.open(context, _NAME, key.key_id, request.marker) or ("",))[0])
    found = sorted(tag for tag in key.attributes.tags if tag[0] > after)
    most = request.limit or _PAGE
    page, marker = MARKERS.cut_page(context, _NAME, key.key_id, found, most, lambda tag: (tag[0],))
    return Response(
        tags=[Tag(tag_key=name, tag_value=value) for name, value in page],
        next_marker=marker,
        truncated=marker is not None,
    )


LIST_RESOURCE_TAGS = Operation(
    name=_NAME,
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=("key_id", "limit", "marker"),
)
