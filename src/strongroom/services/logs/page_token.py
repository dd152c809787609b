"""``nextToken``: where a listing or a page of events goes on, sealed (threat model J-08).

Rules:
 - A token is bound to the principal, the Region, the operation and the question that it was given for, and refused
   under any other. How many results a page has may differ from page to page.
 - Every refusal is the same error.
"""

from __future__ import annotations

import msgspec

from strongroom.crypto.errors import TokenRefused
from strongroom.crypto.sealed_token import open_token, seal_token
from strongroom.gateway.context import Context
from strongroom.services.logs import errors

Position = tuple[str | int, ...]
"""Where a page ended."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str | int, ...]).decode


def seal_position(context: Context, operation: str, question: object, position: Position) -> str:
    """Make the token for a position.

    Args:
        context: Who asks, and where.
        operation: For example ``DescribeLogGroups``.
        question: What may not change from page to page; anything that MessagePack writes.
        position: Where the next page begins.
    """
    binding = _binding(context, operation, question)
    return seal_token(context.deployment.keyring, _encode(position), binding)


def open_position(context: Context, operation: str, question: object, token: str | None) -> Position | None:
    """Read a token that the caller brought back; None when it brought none.

    Raises:
        Fault: It was not given to this principal for this operation and question.
    """
    if token is None:
        return None
    try:
        fields = open_token(context.deployment.keyring, token, _binding(context, operation, question))
    except TokenRefused as problem:
        raise errors.invalid_next_token() from problem
    return _decode(fields)


def _binding(context: Context, operation: str, question: object) -> bytes:
    principal = context.caller.principal
    return _encode(
        ("logs", principal.account, principal.unique_id, principal.arn, context.region, operation, question)
    )
