"""GetAccountSummary: how many of everything the account has, and may have.

What Strongroom does not have, such as server certificates, is counted as none.

Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.iam.lookup import account_target
from strongroom.services.iam.summary import SummaryKey, summarise
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Nothing to say."""


class Response(Shape):
    """The counts and quotas."""

    summary_map: dict[SummaryKey, int] | None = None


def target(context: Context, request: Request) -> Target:
    """There is no resource."""
    return account_target(context)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Count."""
    return Response(summary_map=summarise(context.rows, context.account))


GET_ACCOUNT_SUMMARY = Operation(
    name="GetAccountSummary",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="iam:GetAccountSummary",
    target=target,
    handle=handle,
)
