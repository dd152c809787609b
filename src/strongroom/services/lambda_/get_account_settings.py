"""GetAccountSettings: the limits of an account and Region, and how much of them is used.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import structures
from strongroom.services.lambda_.archive import UNZIPPED_MOST, ZIPPED_MOST
from strongroom.services.lambda_.model import CODE_OF_ACCOUNT_BYTES, CONCURRENCY_OF_ACCOUNT
from strongroom.services.lambda_.tables import count_functions, reserved_in_all, sum_of_code
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Nothing."""


class Response(Shape):
    """Limits and use."""

    account_limit: structures.AccountLimit | None = None
    account_usage: structures.AccountUsage | None = None


def target(context: Context, request: Request) -> Target:
    """Name nothing: the action has no resource."""
    del request
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Count."""
    del request, target
    account, region = context.account, context.region
    return Response(
        account_limit=structures.AccountLimit(
            total_code_size=CODE_OF_ACCOUNT_BYTES,
            code_size_unzipped=UNZIPPED_MOST,
            code_size_zipped=ZIPPED_MOST,
            concurrent_executions=CONCURRENCY_OF_ACCOUNT,
            unreserved_concurrent_executions=(
                CONCURRENCY_OF_ACCOUNT - reserved_in_all(context.rows, account, region)
            ),
        ),
        account_usage=structures.AccountUsage(
            total_code_size=sum_of_code(context.rows, account, region),
            function_count=count_functions(context.rows, account, region),
        ),
    )


GET_ACCOUNT_SETTINGS = Operation(
    name="GetAccountSettings",
    event_name="GetAccountSettings20160819",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:GetAccountSettings",
    target=target,
    handle=handle,
)
