"""GetAccountAuthorizationDetails: the users, groups, roles and managed policies of the account with all that decides.

Perhaps only some kinds of them. 100 things a page unless MaxItems says otherwise (1 to 1,000), whatever their kind.
Of the policies of AWS those that are in use are listed.

Errors: ValidationError for a marker of another listing.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
"""

from __future__ import annotations

from itertools import islice
from typing import get_args

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.authorization_details import (
    Detail,
    EntityType,
    GroupAuthorization,
    PolicyAuthorization,
    RoleAuthorization,
    UserAuthorization,
    details,
)
from strongroom.services.iam.lookup import account_target
from strongroom.services.iam.marker import cut_page, open_marker
from strongroom.services.iam.shapes import MAX_ITEMS_DEFAULT, Marker, MaxItems
from strongroom.wire.shapes import Shape

NAME = "GetAccountAuthorizationDetails"


class Request(Shape):
    """Which kinds, and which page."""

    filter: list[EntityType] | None = None
    max_items: MaxItems | None = None
    marker: Marker | None = None


class Response(Shape):
    """One page."""

    user_detail_list: list[UserAuthorization] | None = None
    group_detail_list: list[GroupAuthorization] | None = None
    role_detail_list: list[RoleAuthorization] | None = None
    policies: list[PolicyAuthorization] | None = None
    is_truncated: bool | None = None
    marker: str | None = None


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read until there is a page and one more."""
    kinds: tuple[EntityType, ...] = tuple(request.filter or get_args(EntityType))
    most = request.max_items or MAX_ITEMS_DEFAULT
    question = ",".join(sorted(set(kinds)))
    after = open_marker(context, NAME, question, request.marker)
    with context.rows.snapshot():
        found = list(islice(details(context.rows, context.account, kinds, after), most + 1))
    page, marker = cut_page(context, NAME, question, found, most, lambda each: each[0])
    shown: list[Detail] = [detail for _, detail in page]
    return Response(
        user_detail_list=[each for each in shown if isinstance(each, UserAuthorization)],
        group_detail_list=[each for each in shown if isinstance(each, GroupAuthorization)],
        role_detail_list=[each for each in shown if isinstance(each, RoleAuthorization)],
        policies=[each for each in shown if isinstance(each, PolicyAuthorization)],
        is_truncated=marker is not None,
        marker=marker,
    )


GET_ACCOUNT_AUTHORIZATION_DETAILS = Operation(
    name="GetAccountAuthorizationDetails",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:GetAccountAuthorizationDetails",
    target=target,
    handle=handle,
    recorded_request=(
        "filter",
        "max_items",
    ),
)
