"""GetAccessKeyInfo: the account that an access key belongs to.

The account stands in the id of the key, so the answer does not say whether such a key exists, here or elsewhere.

Errors: ValidationError for an id that no account can be read from.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html; identity reference 5.1.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.ids import account_of_access_key
from strongroom.services.sts import errors
from strongroom.wire.shapes import Shape, limits

_KEY_ID: Final = re.compile(r"A[KS]IA[A-Z2-7]{16}", re.ASCII)


class Request(Shape):
    """The id of the key."""

    access_key_id: Annotated[str, limits(16, 128, pattern=r"[\w]*")]


class Response(Shape):
    """The account."""

    account: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name no resource."""
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read the account out of the id."""
    if _KEY_ID.fullmatch(request.access_key_id) is None:
        raise errors.invalid_access_key_id()
    account = account_of_access_key(request.access_key_id)
    if len(account) != 12:
        raise errors.invalid_access_key_id()
    return Response(account=account)


GET_ACCESS_KEY_INFO = Operation(
    name="GetAccessKeyInfo",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="sts:GetAccessKeyInfo",
    target=target,
    handle=handle,
    recorded_request=("access_key_id",),
)
