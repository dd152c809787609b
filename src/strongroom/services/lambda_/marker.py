"""``Marker``: where a listing of Lambda goes on, sealed (threat model J-08).

Rules:
 - A marker is bound to the principal, the Region, the operation and the question that it was given for, and refused
   under any other. ``MaxItems`` may differ from page to page.
 - A page has at most 50 entries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import msgspec

from strongroom.crypto.errors import TokenRefused
from strongroom.crypto.sealed_token import open_token, seal_token
from strongroom.gateway.context import Context
from strongroom.services.lambda_ import errors

T = TypeVar("T")
Position = tuple[str | int, ...]
"""The sort key of the last entry of a page."""
PAGE_MOST: Final = 50

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str | int, ...]).decode


def page_size(max_items: int | None) -> int:
    """Say how many entries a page may have."""
    return PAGE_MOST if max_items is None else min(max_items, PAGE_MOST)


def open_marker(context: Context, operation: str, question: object, marker: str | None) -> Position | None:
    """Read a marker that the caller brought back; None, the beginning, when it brought none.

    Raises:
        Fault: It was not given to this principal for this operation and question.
    """
    if not marker:
        return None
    try:
        fields = open_token(context.deployment.keyring, marker, _binding(context, operation, question))
    except TokenRefused as problem:
        raise errors.invalid_marker() from problem
    return _decode(fields)


def cut_page(
    context: Context,
    operation: str,
    question: object,
    found: Sequence[T],
    most: int,
    position: Callable[[T], Position],
) -> tuple[list[T], str | None]:
    """Cut a page, and make the marker for the next when there is more.

    Args:
        context: Who asks, and where.
        operation: For example ``ListFunctions``.
        question: What may not change from page to page; anything that MessagePack writes.
        found: What stands behind the last position; one more than ``most`` says that there is more.
        most: How many the page may have.
        position: Gives the position behind which the next page begins.
    """
    page = list(found[:most])
    if len(found) <= most:
        return page, None
    binding = _binding(context, operation, question)
    return page, seal_token(context.deployment.keyring, _encode(position(page[-1])), binding)


def _binding(context: Context, operation: str, question: object) -> bytes:
    principal = context.caller.principal
    who = (principal.account, principal.unique_id, principal.arn, context.region)
    return _encode(("lambda", *who, operation, question))
