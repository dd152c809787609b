"""DecodeAuthorizationMessage: read an encoded refusal.

Strongroom's refusals stand in plain words in the error itself and are never encoded, so there is no message that this
operation could decode: every one is refused, as AWS refuses what it did not encode.

Errors: InvalidAuthorizationMessageException.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
"""

from __future__ import annotations

from typing import Annotated

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.sts import errors
from strongroom.wire.shapes import Shape, limits


class Request(Shape):
    """The message."""

    encoded_message: Annotated[str, limits(1, 10_240)]


class Response(Shape):
    """The message in clear."""

    decoded_message: str | None = None


def target(context: Context, request: Request) -> Target:
    """Name no resource."""
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Refuse the message."""
    raise errors.invalid_message()


DECODE_AUTHORIZATION_MESSAGE = Operation(
    name="DecodeAuthorizationMessage",
    mode=Mode.READ,
    request=Request,
    response=Response,
    action="sts:DecodeAuthorizationMessage",
    target=target,
    handle=handle,
)
