"""Where a listing goes on: the position behind a page, sealed for the client to bring back (threat model J-08).

Rules:
 - A token is bound to the service, the principal, the Region, the operation and the question that it was given for,
   and refused under any other. How many results a page has may differ from page to page.
 - Every refusal is the same error, which the service words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from strongroom.crypto.errors import TokenRefused
from strongroom.crypto.sealed_token import open_token, seal_token
from strongroom.errors import Fault
from strongroom.gateway.context import Context

T = TypeVar("T")
Position = tuple[str | int, ...]
"""The sort key of the last entry of a page."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[str | int, ...]).decode


class Positions:
    """The tokens of one service.

    Args:
        service: Its name.
        refuse: Words the refusal of a token.
    """

    __slots__ = ("_refuse", "_service")

    def __init__(self, service: str, refuse: Callable[[], Fault]) -> None:
        self._service = service
        self._refuse = refuse

    def seal(self, context: Context, operation: str, question: object, position: Position) -> str:
        """Make the token for a position.

        Args:
            context: Who asks, and where.
            operation: For example ``ListKeys``.
            question: What may not change from page to page; anything that MessagePack writes.
            position: Behind which the next page begins.
        """
        binding = self._binding(context, operation, question)
        return seal_token(context.deployment.keyring, _encode(position), binding)

    def seal_next(
        self, context: Context, operation: str, question: object, position: Position | None
    ) -> str | None:
        """Make the token for a position; None where the listing has ended."""
        return None if position is None else self.seal(context, operation, question, position)

    def open(self, context: Context, operation: str, question: object, token: str | None) -> Position | None:
        """Read a token that the caller brought back; None, the beginning, when it brought none.

        Raises:
            Fault: It was not given to this principal for this operation and question.
        """
        if token is None:
            return None
        binding = self._binding(context, operation, question)
        try:
            fields = open_token(context.deployment.keyring, token, binding)
        except TokenRefused as problem:
            raise self._refuse() from problem
        return _decode(fields)

    def cut_page(
        self,
        context: Context,
        operation: str,
        question: object,
        found: Sequence[T],
        most: int,
        position: Callable[[T], Position],
    ) -> tuple[list[T], str | None]:
        """Cut a page, and make the token for the next when there is more.

        Args:
            context, operation, question: As in ``seal``.
            found: What stands behind the last position; one more than ``most`` says that there is more.
            most: How many the page may have.
            position: Gives the position behind which the next page begins.
        """
        page = list(found[:most])
        if len(found) <= most:
            return page, None
        return page, self.seal(context, operation, question, position(page[-1]))

    def _binding(self, context: Context, operation: str, question: object) -> bytes:
        principal = context.caller.principal
        who = (principal.account, principal.unique_id, principal.arn, context.region)
        return _encode((self._service, *who, operation, question))
