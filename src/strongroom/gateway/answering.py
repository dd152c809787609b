"""Step 10: answers are written and sent, those of one turn of the event loop together.

Rules:
 - First all are written, then all are sent: see ``pipeline.py`` for why.
 - An answer that cannot be written becomes a 500; one that cannot be sent is named in the log. Neither keeps another
   back.
 - What was not authenticated is counted, not recorded (L-05).
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from strongroom.audit.rejects import RejectCounter
from strongroom.clock import Clock
from strongroom.errors import Fault
from strongroom.gateway.call import Call
from strongroom.gateway.exchange import Exchange
from strongroom.gateway.failures import as_fault, describe_problem
from strongroom.gateway.routing import Route
from strongroom.gateway.speech import fault_reply, front_door_reply, success_reply
from strongroom.http_message import RawReply

log = logging.getLogger(__name__)


class Answers:
    """Writes, counts and sends answers.

    Args:
        count: Counts a reply by service, operation and status.
        rejects: Counts what was not let in.
        clock: "Now" for those counts.
        call_soon: Calls something at the end of this turn of the event loop.
    """

    def __init__(
        self,
        count: Callable[[str, str, int], None],
        rejects: RejectCounter,
        clock: Clock,
        call_soon: Callable[[Callable[[], None]], object],
    ) -> None:
        self._count = count
        self._rejects = rejects
        self._clock = clock
        self._call_soon = call_soon
        self._settled: list[tuple[Call, Fault | None]] = []

    def give(self, call: Call, fault: Fault | None) -> None:
        """Answer a call together with all others of this turn: with its response, or with what went wrong."""
        if not self._settled:
            self._call_soon(self._send_settled)
        self._settled.append((call, fault))

    def refuse(self, call: Call, fault: Fault) -> None:
        """Answer a call with what went wrong, now."""
        call.exchange.respond(self._write(call, fault))

    def turn_away(
        self, exchange: Exchange, fault: Fault, route: Route | None = None, protocol: str = "json-1.1"
    ) -> None:
        """Answer a request that was not let in.

        Args:
            exchange: The request.
            fault: Why.
            route: Where it wanted to go, when that was found out.
            protocol: How to write when it was not.
        """
        self._rejects.count(fault.code, self._clock())
        self._count("unauthenticated", fault.code, fault.status)
        request_id = exchange.request.request_id
        exchange.respond(front_door_reply(fault, request_id, route=route, protocol=protocol))

    def _send_settled(self) -> None:
        settled, self._settled = self._settled, []
        replies = [self._write(call, fault) for call, fault in settled]
        for (call, _), reply in zip(settled, replies, strict=True):
            try:
                call.exchange.respond(reply)
            except Exception as problem:  # noqa: BLE001 - named here; the others get their answers
                log.error("an answer could not be sent: %s", describe_problem(problem))

    def _write(self, call: Call, fault: Fault | None) -> RawReply:
        try:
            reply = (
                fault_reply(call.route, fault, call.request_id)
                if fault is not None
                else success_reply(call.route, call.response, call.request_id)
            )
        except Exception as problem:  # noqa: BLE001 - rendering must not leave a client without an answer
            reply = fault_reply(call.route, as_fault(problem), call.request_id)
        self._count(call.route.service.name, call.route.name, reply.status)
        return reply
