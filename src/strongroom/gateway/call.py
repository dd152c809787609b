"""One authenticated request on its way through the pipeline."""

from __future__ import annotations

from typing import Any

from strongroom.clock import Instant
from strongroom.errors import Fault
from strongroom.gateway.caller import Caller
from strongroom.gateway.context import Context
from strongroom.gateway.exchange import Exchange
from strongroom.gateway.operation import Target
from strongroom.gateway.routing import Route


class Call:
    """The state of one request between its authentication and its answer.

    Attributes:
        request: The parsed request, from step 4 on.
        context: What the handler received, from step 5 on.
        response: What the handler returned.
        fault: Why there is no response.
        request_id: The request's id.
        user_agent: What the client calls itself; empty when it does not say.
        is_refused: Whether the client was told that it came too late.
        prepared: What a change brings from its preparation.
        target: What was authorised, from step 6 on.
        is_known: Whether it is a read like one before, and has got its target.
        is_plain: Whether it was authorised whatever the request: no condition was looked at.
        parameters: What its record shows of the request, as JSON, where that is known from a call before.
        outstanding: How many of journal and store have still to say that this call is durable.
    """

    __slots__ = (
        "caller",
        "context",
        "exchange",
        "fault",
        "is_known",
        "is_plain",
        "is_refused",
        "now_ms",
        "outstanding",
        "parameters",
        "prepared",
        "region",
        "request",
        "request_id",
        "response",
        "route",
        "target",
        "user_agent",
    )

    def __init__(
        self, exchange: Exchange, route: Route, caller: Caller, region: str, now_ms: Instant
    ) -> None:
        self.exchange = exchange
        self.route = route
        self.caller = caller
        self.region = region
        self.now_ms = now_ms
        self.request: Any = None
        self.context: Context | None = None
        self.response: Any = None
        self.fault: Fault | None = None
        self.outstanding = 1
        self.prepared: Any = None
        self.target: Target | None = None
        self.is_known = False
        self.is_plain = False
        self.parameters: bytes | None = None
        self.is_refused = False
        request = exchange.request
        self.request_id = request.request_id
        self.user_agent = request.constants().get(b"user-agent", b"").decode("latin-1")
