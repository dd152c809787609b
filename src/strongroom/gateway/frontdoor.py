"""Before the pipeline: health, readiness and metrics; AWS requests go on to the ten steps.

These three are the only paths that are answered without a signature and leave no audit record (L-02).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from strongroom.gateway.exchange import Application, Exchange
from strongroom.http_message import Header, RawReply

_JSON: Final[tuple[Header, ...]] = (
    (b"Content-Type", b"application/json"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Cache-Control", b"no-store"),
)
_METRICS: Final[tuple[Header, ...]] = (
    (b"Content-Type", b"text/plain; version=0.0.4; charset=utf-8"),
    (b"X-Content-Type-Options", b"nosniff"),
    (b"Cache-Control", b"no-store"),
)

_REST: Final = b"/20"
"""How the paths of REST services begin: with the date of their API."""


class FrontDoor:
    """The application that the edge sees.

    Args:
        pipeline: Takes everything on the path ``/`` and on those of REST services.
        readiness: Says why this worker is not ready; None when it is.
        metrics: Writes the metrics.
    """

    def __init__(
        self,
        pipeline: Application,
        readiness: Callable[[], str | None],
        metrics: Callable[[], bytes],
    ) -> None:
        self._pipeline = pipeline
        self._readiness = readiness
        self._metrics = metrics

    def handle_batch(self, exchanges: Sequence[Exchange]) -> None:
        """Answer what has its own path; hand on the rest together."""
        own = [exchange for exchange in exchanges if exchange.request.path != b"/"]
        if own:
            own = [exchange for exchange in own if not exchange.request.path.startswith(_REST)]
            for exchange in own:
                reply = self._answer(exchange)
                request_id = (b"x-amzn-RequestId", exchange.request.request_id.encode("ascii"))
                exchange.respond(msgspec.structs.replace(reply, headers=(*reply.headers, request_id)))
            exchanges = [exchange for exchange in exchanges if exchange not in own]
        if exchanges:
            self._pipeline.handle_batch(exchanges)

    def _answer(self, exchange: Exchange) -> RawReply:
        request = exchange.request
        if request.path not in (b"/healthz", b"/readyz", b"/metrics"):
            return RawReply(404, _JSON, b'{"message":"There is nothing at this path."}')
        if request.method not in (b"GET", b"HEAD"):
            return RawReply(405, (*_JSON, (b"Allow", b"GET, HEAD")), b'{"message":"Use GET."}')
        if request.path == b"/metrics":
            return RawReply(200, _METRICS, self._metrics())
        if request.path == b"/healthz":
            return RawReply(200, _JSON, b'{"status":"alive"}')
        problem = self._readiness()
        if problem is None:
            return RawReply(200, _JSON, b'{"status":"ready"}')
        return RawReply(503, _JSON, msgspec.json.encode({"status": "not ready", "reason": problem}))
