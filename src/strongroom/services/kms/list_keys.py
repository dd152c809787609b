"""ListKeys: the keys of the account in the Region, those of services among them, 100 at a time.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.lookup import account_target
from strongroom.services.kms.marker import MARKERS
from strongroom.services.kms.shapes import ARN, KeyId, Limit, Marker
from strongroom.services.kms.tables import page_keys
from strongroom.wire.shapes import Shape, limits

_NAME: Final = "ListKeys"
_PAGE: Final = 100


class Request(Shape):
    """How many, and where to go on."""

    limit: Limit | None = None
    marker: Marker | None = None
    resource_owners: Annotated[list[Literal["SELF", "OTHER_ACCOUNTS_VIA_RAM"]], limits(1, 2)] | None = None


class KeyListEntry(Shape):
    """One key."""

    key_id: KeyId | None = None
    key_arn: ARN | None = None


class Response(Shape):
    """A page of keys."""

    keys: list[KeyListEntry] | None = None
    next_marker: Marker | None = None
    truncated: bool | None = None


def target(context: Context, _request: Request) -> Target:
    """Name no resource: the action has none."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read one page. Other accounts share no keys by way of a resource manager, so they have none to list."""
    if request.resource_owners is not None and "SELF" not in request.resource_owners:
        return Response(keys=[], truncated=False)
    question = sorted(request.resource_owners or ())
    after = MARKERS.open(context, _NAME, question, request.marker) or ("",)
    most = request.limit or _PAGE
    found = page_keys(context.rows, context.account, context.region, str(after[0]), most + 1)
    page, marker = MARKERS.cut_page(context, _NAME, question, found, most, lambda key: (key.key_id,))
    return Response(
        keys=[KeyListEntry(key_id=key.key_id, key_arn=key.arn) for key in page],
        next_marker=marker,
        truncated=marker is not None,
    )


LIST_KEYS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="kms:ListKeys",
    target=target,
    handle=handle,
    recorded_request=("limit", "marker", "resource_owners"),
)
