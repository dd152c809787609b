"""ListRetirableGrants: the grants of the account that name a principal as the one who may retire them.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html; identity reference 6.3.
"""

from __future__ import annotations

from typing import Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms import errors
from strongroom.services.kms.issued_grants import show_grant
from strongroom.services.kms.lookup import account_target
from strongroom.services.kms.marker import MARKERS
from strongroom.services.kms.model import key_arn
from strongroom.services.kms.shapes import Limit, ListGrantsResponse, Marker, PrincipalId, ServicePrincipal
from strongroom.services.kms.tables import page_retirable
from strongroom.wire.shapes import Shape

_NAME: Final = "ListRetirableGrants"
_PAGE: Final = 50


class Request(Shape):
    """Of which principal, how many, and where to go on."""

    limit: Limit | None = None
    marker: Marker | None = None
    retiring_principal: PrincipalId | None = None
    retiring_service_principal: ServicePrincipal | None = None


def target(context: Context, _request: Request) -> Target:
    """Name no resource: the action has none."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> ListGrantsResponse:
    """Read one page."""
    if request.retiring_service_principal is not None:
        raise errors.unsupported("Strongroom does not serve grants to service principals.")
    if request.retiring_principal is None:
        raise errors.validation("RetiringPrincipal is required.")
    retiring = request.retiring_principal
    after = MARKERS.open(context, _NAME, retiring, request.marker) or (-1, "")
    most = request.limit or _PAGE
    found = page_retirable(
        context.rows, retiring, context.account, context.region, (int(after[0]), str(after[1])), most + 1
    )
    page, marker = MARKERS.cut_page(
        context, _NAME, retiring, found, most, lambda grant: (grant.created_ms, grant.grant_id)
    )
    return ListGrantsResponse(
        grants=[show_grant(grant, key_arn(grant.region, grant.account, grant.key_id)) for grant in page],
        next_marker=marker,
        truncated=marker is not None,
    )


LIST_RETIRABLE_GRANTS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=ListGrantsResponse,
    action="kms:ListRetirableGrants",
    target=target,
    handle=handle,
    recorded_request=("limit", "marker", "retiring_principal", "retiring_service_principal"),
)
