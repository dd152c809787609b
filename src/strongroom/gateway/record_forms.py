"""Step 8 for reads like one before: the record is filled in, not made anew (decision 18).

Rules:
 - What is written is, byte for byte, what ``recording`` and ``encode_record`` write of the same call.
 - All that stands outside the holes of a form is in the key under which it is found, or follows from the operation,
   which is compared as an object: there is nothing to be dropped when something changes.
 - Who called, when, with which parameters, and the ids are filled in for each call. The identity comes from the
   caller, who is loaded anew when user, role or session change.
 - Only calls that went well have forms, and only those whose records show no response and name no resource.
 - The number of forms is bounded. One in ``LEARN_EVERY`` records that were made as a whole may become one, so that
   clients that look different each time pay a part of what making forms takes.

For the thread of the event loop alone.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from strongroom.audit.errors import UnrecordableValue
from strongroom.audit.record import AuditEvent, encode_parameters
from strongroom.audit.record_form import RecordForm, form_of
from strongroom.gateway.call import Call
from strongroom.gateway.operation import Operation
from strongroom.gateway.recording import shown_request, written_identity
from strongroom.ids import new_uuid

MOST_FORMS: Final = 512
LEARN_EVERY: Final = 7
LONGEST_AGENT: Final = 1_024
"""In characters; what else is in a key is short."""

_Key = tuple[str, str, str, str, str, str]


class _Known(msgspec.Struct, frozen=True):
    operation: Operation[Any, Any]
    form: RecordForm


class RecordForms:
    """The forms of the records of one worker's reads.

    Attributes:
        filled: How many records were filled in.
    """

    def __init__(self) -> None:
        self.filled = 0
        self._known: dict[_Key, _Known] = {}
        self._until_next = 0

    def __len__(self) -> int:
        return len(self._known)

    def fill_in(self, call: Call) -> bytes | None:
        """Write the record of a call; None when it is to be made as a whole."""
        operation, context = call.route.operation, call.context
        if call.fault is not None or context is None or context.resources:
            return None
        known = self._known.get(_key_of(call))
        if known is None or known.operation is not operation:
            return None
        parameters = call.parameters
        if parameters is None:
            try:
                parameters = encode_parameters(shown_request(operation, call.request))
            except UnrecordableValue:
                return None
        identity = written_identity(call.caller)
        record = known.form.fill_in(identity, call.now_ms, parameters, call.request_id, new_uuid())
        if record is not None:
            self.filled += 1
        return record

    def learn(self, call: Call, event: AuditEvent) -> None:
        """Consider making a form of what happened in a call.

        Args:
            call: The call.
            event: What its record was made of.
        """
        operation = call.route.operation
        if (
            operation is None
            or call.fault is not None
            or event.resources
            or operation.recorded_response is not None
            or len(call.user_agent) > LONGEST_AGENT
        ):
            return
        self._until_next -= 1
        if self._until_next > 0:
            return
        self._until_next = LEARN_EVERY
        form = form_of(event)
        if form is None:
            return
        if len(self._known) >= MOST_FORMS:
            self._known.clear()
        self._known[_key_of(call)] = _Known(operation, form)


def _key_of(call: Call) -> _Key:
    """Give all that the records of calls of one operation have in common and other calls of it may not have."""
    service = call.route.service
    return (
        call.user_agent,
        call.route.name,
        call.exchange.request.peer,
        call.region,
        call.caller.account,
        service.event_source,
    )
