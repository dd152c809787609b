"""Steps 3 to 8 of one call, for whoever walks them: the event loop, a thread that reads, or the writer thread.

The list of the steps stands at the head of ``pipeline.py``, which says when and where each of them is walked. Here is
what each of them does to a call. Nothing here waits, answers, or knows other calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strongroom.audit.record import AuditEvent
from strongroom.gateway.authentication import Authenticator
from strongroom.gateway.authorisation import (
    authorise_and_prepare,
    authorise_and_stand_apart,
    authorised,
)
from strongroom.gateway.call import Call
from strongroom.gateway.caller import Credential
from strongroom.gateway.context import Context
from strongroom.gateway.deployment import Deployment
from strongroom.gateway.failures import as_fault
from strongroom.gateway.inner import call_inside
from strongroom.gateway.operation import Operation, Service
from strongroom.gateway.record_forms import RecordForms
from strongroom.gateway.recording import events_of_call, written
from strongroom.gateway.speech import parse_request
from strongroom.store.rows import Rows


class Steps:
    """Walks single steps of single calls.

    Args:
        services: Whose operations handlers may call in turn, by name.
        authenticator: Says who signed a request.
        deployment: What handlers receive.
    """

    def __init__(
        self, services: Mapping[str, Service], authenticator: Authenticator, deployment: Deployment
    ) -> None:
        self._services = services
        self._authenticator = authenticator
        self._deployment = deployment
        self._forms = RecordForms()

    def let_in_large(self, call: Call, rows: Rows) -> Credential:
        """Walk steps 3 and 4 of a request with a large body; one that cannot be parsed gets its fault.

        Raises:
            Fault: It was not signed, not signed well, or signed by nobody we know.
        """
        route, request = call.route, call.exchange.request
        credential, claim = self._authenticator.authenticate(request, route, rows)  # 3
        call.caller = credential.caller
        call.region = route.service.home_region or claim.region
        try:
            if route.operation is not None:
                call.request = parse_request(route, request)  # 4
        except Exception as problem:  # noqa: BLE001 - recorded and answered as the fault it is
            call.fault = as_fault(problem)
        return credential

    def identify(self, call: Call, rows: Rows) -> None:
        """Find out who sent a request that needs no signature (3), and walk on to step 7.

        Raises:
            Fault: Nobody was identified.
        """
        operation = call.route.operation
        assert operation is not None
        assert operation.identify is not None
        call.caller = operation.identify(self._context(call, rows), call.request)
        self.attempt(call, rows)

    def attempt(self, call: Call, rows: Rows) -> None:
        """Walk steps 5 to 7 of a read; what goes wrong becomes the call's fault."""
        try:
            self.perform(call, rows)
        except Exception as problem:  # noqa: BLE001 - worded below; nothing is swallowed
            call.fault = as_fault(problem)
            call.response = None

    def perform(self, call: Call, rows: Rows) -> None:
        """Walk steps 5 to 7; what goes wrong is raised, so that the writer can undo it.

        Of a read like one before (``known_reads.py``) the target is known, and that the caller may.
        """
        context = call.context = self._context(call, rows)
        context.prepared = call.prepared
        operation = call.route.operation
        assert operation is not None
        if not call.is_known:
            call.target, call.is_plain = authorised(context, operation, call.request)
        call.is_known = False  # for this walk alone: when it is walked once more, the store may be another
        assert call.target is not None
        call.response = operation.handle(context, call.request, call.target)

    def prepare(self, call: Call, rows: Rows) -> None:
        """Do what a change needs and the writer should not wait for; what goes wrong becomes the call's fault."""
        call.context = self._context(call, rows)
        assert call.route.operation is not None
        try:
            call.prepared = authorise_and_prepare(call.context, call.route.operation, call.request)
        except Exception as problem:  # noqa: BLE001 - worded below; nothing is swallowed
            call.fault = as_fault(problem)

    def look_apart(self, call: Call, rows: Rows) -> None:
        """Find out what a call waits for; what goes wrong becomes its fault."""
        call.context = self._context(call, rows)
        assert call.route.operation is not None
        try:
            call.target, call.prepared = authorise_and_stand_apart(
                call.context, call.route.operation, call.request
            )
        except Exception as problem:  # noqa: BLE001 - worded below; nothing is swallowed
            call.fault = as_fault(problem)

    def events_of(self, call: Call) -> list[bytes | AuditEvent]:
        """Say what happened (8) in a call that ended: in its inner calls, then in itself."""
        inner = call.context.inner_records if call.context is not None else []
        return [*inner, *self._own_events(call)]

    def records_of(self, call: Call) -> list[bytes]:
        """Write what happened (8) in a read that ended: in its inner calls, then in itself."""
        inner = call.context.inner_records if call.context is not None else []
        record = self._forms.fill_in(call)
        if record is not None:
            return [*written(inner), record] if inner else [record]
        own = self._own_events(call)
        self._forms.learn(call, own[-1])
        return written([*inner, *own])

    def _own_events(self, call: Call) -> list[AuditEvent]:
        request = call.exchange.request
        return events_of_call(
            service=call.route.service,
            name=call.route.name,
            operation=call.route.operation,
            request=call.request,
            response=call.response,
            fault=call.fault,
            caller=call.caller,
            region=call.region,
            request_id=call.request_id,
            now_ms=call.now_ms,
            source_ip=request.peer,
            user_agent=call.user_agent,
            resources=call.context.resources if call.context is not None else (),
        )

    def _context(self, call: Call, rows: Rows) -> Context:
        return Context(
            caller=call.caller,
            now_ms=call.now_ms,
            region=call.region,
            request_id=call.request_id,
            source_ip=call.exchange.request.peer,
            user_agent=call.user_agent,
            is_secure=call.exchange.request.secure,
            rows=rows,
            deployment=self._deployment,
            inner=self._inner,
        )

    def _inner(self, context: Context, operation: Operation[Any, Any], request: Any) -> Any:
        """Steps 5 to 8 for a call that a handler makes for the same caller."""
        return call_inside(self._services, context, operation, request)
