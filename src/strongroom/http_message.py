"""An HTTP request and its reply as bytes: the words that the edge, SigV4 and the pipeline share.

Rules:
 - A request is what came over the wire. Nothing is decoded, folded, joined or dropped, because a
   signature covers the bytes that were sent (threat model S-01).
 - A reply is complete: the edge adds only framing headers (Content-Length, Date, Connection).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

Header = tuple[bytes, bytes]


class KnownHead(Protocol):
    """What a head has in common with others, from which it differs in the values of a few headers.

    Attributes:
        route: Who found that such heads lead to one place, whatever their values and bodies, and where; None before.
    """

    route: tuple[object, Any] | None

    @property
    def constants(self) -> Mapping[bytes, bytes]:
        """The headers by name, in their order; of those whose values differ no value."""

    def fill_in(self, values: tuple[bytes, ...]) -> dict[bytes, bytes]:
        """Give the headers by name, in their order; none of them is repeated."""


class RawRequest(msgspec.Struct, frozen=True, gc=False):
    """One received request.

    Attributes:
        method: As sent, for example ``b"POST"``.
        path: The raw path of the request target, before ``?``; never percent-decoded.
        query: The raw query after ``?``; empty where there was none.
        listed: The headers, as in ``headers``; None where ``form`` and ``values`` say them.
        body: The bytes that followed; at most the limit of the edge.
        peer: Address of the other end of the connection, for example ``"127.0.0.1"``.
        secure: Whether the connection is encrypted (TLS here, or at a trusted proxy in front).
        request_id: The id that this request carries in replies and records; a UUID in lower case.
        index: The headers by name, where the edge has made it; see ``by_name``.
        form: What the head has in common with others, for the gateway that reads them; None for nothing.
        values: In what it differs from them; in the form's order.
    """

    method: bytes
    path: bytes
    query: bytes
    listed: tuple[Header, ...] | None
    body: bytes
    peer: str
    secure: bool
    request_id: str
    index: dict[bytes, bytes] | None = None
    form: KnownHead | None = None
    values: tuple[bytes, ...] = ()

    @property
    def headers(self) -> tuple[Header, ...]:
        """The headers: ``(name in lower case, value as sent without surrounding blanks)``, in order of arrival,
        repeated names kept apart.
        """
        if self.listed is None:
            assert self.form is not None
            return tuple(self.form.fill_in(self.values).items())
        return self.listed

    def by_name(self) -> dict[bytes, bytes]:
        """Give the headers by name; of those that are repeated the last."""
        if self.index is not None:
            return self.index
        if self.listed is None:
            assert self.form is not None
            return self.form.fill_in(self.values)
        return dict(self.listed)

    def constants(self) -> Mapping[bytes, bytes]:
        """Give what ``by_name`` does, but perhaps without the values of headers that differ from request to request.

        Those are dates, lengths, signatures, ids of a single request, hashes of bodies and tokens.
        """
        if self.listed is None:
            assert self.form is not None
            return self.form.constants
        return self.by_name()

    def __repr__(self) -> str:
        return f"RawRequest(request_id={self.request_id!r})"  # headers and body may hold secrets


class RawReply(msgspec.Struct, frozen=True, gc=False):
    """One reply, ready to be framed.

    Attributes:
        status: HTTP status code.
        headers: ``(name, value)``; without Content-Length, Date, Connection and Transfer-Encoding.
        body: Sent as it is.
        close: Whether the connection ends after this reply.
    """

    status: int
    headers: tuple[Header, ...]
    body: bytes
    close: bool = False

    def __repr__(self) -> str:
        return f"RawReply(status={self.status})"
