"""ListGrants: the grants of a key, oldest first, 50 at a time; on request of one grantee, or one grant.

Source: https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html; identity reference 6.3.
"""

from __future__ import annotations

from typing import Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.kms.issued_grants import show_grant
from strongroom.services.kms.lookup import existing, find_target
from strongroom.services.kms.marker import MARKERS
from strongroom.services.kms.shapes import (
    GrantId,
    KeyId,
    Limit,
    ListGrantsResponse,
    Marker,
    PrincipalId,
    ServicePrincipal,
)
from strongroom.wire.shapes import Shape

_NAME: Final = "ListGrants"
_ACTION: Final = "kms:ListGrants"
_PAGE: Final = 50


class Request(Shape):
    """Of which key, and which of its grants."""

    limit: Limit | None = None
    marker: Marker | None = None
    key_id: KeyId
    grant_id: GrantId | None = None
    grantee_principal: PrincipalId | None = None
    grantee_service_principal: ServicePrincipal | None = None


def target(context: Context, request: Request) -> Target:
    """Name the key."""
    conditions = {"kms:grantisforawsresource": ("true" if context.via else "false",)}
    return find_target(context, _ACTION, request.key_id, across_accounts=True, conditions=conditions)


def handle(context: Context, request: Request, target: Target) -> ListGrantsResponse:
    """Cut one page out of the key's grants."""
    held = existing(target)
    question = (
        held.key.key_id,
        request.grant_id,
        request.grantee_principal,
        request.grantee_service_principal,
    )
    after = MARKERS.open(context, _NAME, question, request.marker) or (-1, "")
    found = [
        one.grant
        for one in held.grants
        if (one.grant.created_ms, one.grant.grant_id) > (int(after[0]), str(after[1]))
        and request.grant_id in (None, one.grant.grant_id)
        and request.grantee_principal in (None, one.grant.grantee)
        and request.grantee_service_principal is None
    ]
    most = request.limit or _PAGE
    page, marker = MARKERS.cut_page(
        context, _NAME, question, found, most, lambda grant: (grant.created_ms, grant.grant_id)
    )
    return ListGrantsResponse(
        grants=[show_grant(grant, held.key.arn) for grant in page],
        next_marker=marker,
        truncated=marker is not None,
    )


LIST_GRANTS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=ListGrantsResponse,
    action=_ACTION,
    target=target,
    handle=handle,
    recorded_request=(
        "limit",
        "marker",
        "key_id",
        "grant_id",
        "grantee_principal",
        "grantee_service_principal",
    ),
)
