"""GetCallerIdentity: who the caller is.

No permission is needed, and no policy can take it away. It is the one operation that answers presigned
requests too: other systems take such a request as a proof of identity.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html; identity reference 5.1.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.wire.shapes import Shape, limits


class Request(Shape):
    """Nothing."""


class Response(Shape):
    """The caller's unique id, account and ARN."""

    user_id: str | None = None
    account: str | None = None
    arn: Annotated[str, limits(20, 2048)] | None = None


def target(context: Context, request: Request) -> Target:
    """Name no resource."""
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Say who signed the request."""
    principal = context.caller.principal
    return Response(user_id=principal.unique_id, account=principal.account, arn=principal.arn)


GET_CALLER_IDENTITY = Operation(
    name="GetCallerIdentity",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action=None,
    target=target,
    handle=handle,
)
