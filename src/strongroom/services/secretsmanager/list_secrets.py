"""ListSecrets: list the secrets of the caller's account and Region.

Up to 100 secrets a page, by date of creation unless SortBy says otherwise, oldest first unless SortOrder does.
Secrets that wait for their deletion are listed only with IncludePlannedDeletion. A page may be short, even
empty, and still carry a NextToken: it looks at a bounded number of secrets. Secrets of other accounts are
never listed, whatever their policies grant.

Source: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_ListSecrets.html; Secrets Manager
reference 4.7 and 7.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.secretsmanager.filters import SecretFilters
from strongroom.services.secretsmanager.listing import Listing, SortBy, find_page
from strongroom.services.secretsmanager.listing_entry import SecretListEntry, listing_entry
from strongroom.services.secretsmanager.page_token import TOKENS
from strongroom.services.secretsmanager.shapes import Filters, NextToken
from strongroom.wire.shapes import Shape, within

RESULTS_MOST: Final = 100


class Request(Shape):
    """Which secrets, and in which order."""

    include_planned_deletion: bool | None = None
    max_results: Annotated[int, within(1, RESULTS_MOST)] | None = None
    next_token: NextToken | None = None
    filters: Filters | None = None
    sort_order: Literal["asc", "desc"] | None = None
    sort_by: SortBy | None = None


class Response(Shape):
    """One page."""

    secret_list: list[SecretListEntry] | None = None
    next_token: NextToken | None = None


def target(context: Context, _request: Request) -> Target:
    """Name no resource: the action has none (reference 16)."""
    return Target("*", context.account)


def handle(context: Context, request: Request, _target: Target) -> Response:
    """Find the page."""
    listing = Listing(
        account=context.account,
        region=context.region,
        filters=SecretFilters(request.filters),
        includes_deleted=request.include_planned_deletion is True,
        sort_by=request.sort_by or "created-date",
        descends=request.sort_order == "desc",
    )
    question = msgspec.structs.replace(request, next_token=None, max_results=None)
    after = TOKENS.open(context, "ListSecrets", question, request.next_token)
    page = find_page(context.rows, listing, after, request.max_results or RESULTS_MOST)
    return Response(
        secret_list=[listing_entry(secret) for secret in page.secrets],
        next_token=TOKENS.seal_next(context, "ListSecrets", question, page.next_position),
    )


LIST_SECRETS = Operation(
    name="ListSecrets",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="secretsmanager:ListSecrets",
    target=target,
    handle=handle,
    recorded_request=(
        "include_planned_deletion",
        "max_results",
        "next_token",
        "filters",
        "sort_order",
        "sort_by",
    ),
)
