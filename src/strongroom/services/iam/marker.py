"""``Marker``: where a listing of IAM goes on, sealed (threat model J-08).

Rules:
 - A marker is bound to the principal, the operation and the question it was given for, and refused under any
   other; every refusal is the same error. ``MaxItems`` may differ from page to page.
 - A marker fits the 320 characters that the service model allows: a position is one name or id of at most 128.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from strongroom.crypto.errors import TokenRefused
from strongroom.crypto.sealed_token import open_token, seal_token
from strongroom.gateway.context import Context
from strongroom.services.iam import errors

T = TypeVar("T")
_encode = msgspec.msgpack.Encoder().encode


def open_marker(context: Context, operation: str, question: str, marker: str | None) -> str:
    """Read the position from a marker that the caller brought back; empty, the beginning, when it brought none.

    Args:
        context: Who asks.
        operation: For example ``ListUsers``.
        question: What may not change from page to page: a path prefix, a user's unique id.
        marker: What the caller sent.

    Raises:
        Fault: It was not given to this principal for this operation and question.
    """
    if marker is None:
        return ""
    binding = _binding(context, operation, question)
    try:
        return open_token(context.deployment.keyring, marker, binding).decode()
    except TokenRefused as problem:
        raise errors.invalid_marker() from problem


def cut_page(
    context: Context,
    operation: str,
    question: str,
    found: Sequence[T],
    most: int,
    position: Callable[[T], str],
) -> tuple[list[T], str | None]:
    """Cut a page, and make the marker for the next when there is more.

    Args:
        context: Who asks.
        operation: As in ``open_marker``.
        question: As in ``open_marker``.
        found: What stands behind the last position; one more than ``most`` says that there is more.
        most: How many the page may have.
        position: Gives the position behind which the next page begins.
    """
    page = list(found[:most])
    if len(found) <= most:
        return page, None
    fields = position(page[-1]).encode()
    return page, seal_token(context.deployment.keyring, fields, _binding(context, operation, question))


def _binding(context: Context, operation: str, question: str) -> bytes:
    principal = context.caller.principal
    return _encode((principal.account, principal.unique_id, operation, question))
