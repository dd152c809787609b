"""The form of a record that is written again and again: only who, when, what of and which request are filled in.

Rules:
 - What is written is, byte for byte, what ``encode_record`` writes of the same event.
 - A form is made of a short event, and filled in with what is short: no part of such a record is ever left out.
 - A form holds nothing of the parameters of a request, and nothing of who sent it but its account and address.

The names stand in the order of ``record.py``::

    {"eventVersion":..., "userIdentity": WHO, "eventTime": WHEN  <source, name, Region, address>
     "requestParameters": WHAT  <response>  "requestID": WHICH, "eventID": ID  <end>}
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from strongroom.audit.record import MAX_ADDITIONAL_BYTES, AuditEvent, encode_record, write_time_in_bytes
from strongroom.clock import Instant

LONGEST_FORM_BYTES: Final = 8_192
LONGEST_FILLING_BYTES: Final = 16_384
"""Of identity and parameters together."""
_IDS_BYTES: Final = 256
assert LONGEST_FORM_BYTES + LONGEST_FILLING_BYTES + _IDS_BYTES < MAX_ADDITIONAL_BYTES

_NOBODY: Final = b"{}"
_BEFORE_WHO: Final = b'"userIdentity":'
_BEFORE_WHEN: Final = b',"eventTime":"'
_BEFORE_WHAT: Final = b'"requestParameters":'
_NOTHING: Final = b"null"
_BEFORE_WHICH: Final = b'"requestID":"'
_BEFORE_ID: Final = b'","eventID":"'


class RecordForm:
    """A form; ``form_of`` makes it."""

    __slots__ = ("_pieces",)

    def __init__(self, before_who: bytes, after_when: bytes, after_what: bytes, end: bytes) -> None:
        self._pieces = before_who, after_when, after_what, end

    def fill_in(
        self, identity_json: bytes, time_ms: Instant, parameters_json: bytes, request_id: str, event_id: str
    ) -> bytes | None:
        """Write the record of one event; None when it would be too long for a form.

        Args:
            identity_json: Who, as ``encode_identity`` writes it.
            time_ms: When.
            parameters_json: What the caller sent, as ``encode_parameters`` writes it.
            request_id: Of the request; of letters, digits and hyphens, as all that this server gives.
            event_id: A UUID that no other record carries.
        """
        if len(identity_json) + len(parameters_json) > LONGEST_FILLING_BYTES:
            return None
        before_who, after_when, after_what, end = self._pieces
        when = write_time_in_bytes(time_ms)
        ids = f'{request_id}","eventID":"{event_id}'.encode("ascii")
        return b"".join(
            (before_who, identity_json, _BEFORE_WHEN, when, after_when, parameters_json, after_what, ids, end)
        )


def form_of(event: AuditEvent) -> RecordForm | None:
    """Make a form of an event, whose holes do not matter; None of one that is too long.

    Raises:
        UnrecordableValue: It cannot be recorded.
    """
    blank = replace(event, event_time_ms=0, request_id="", identity_json=_NOBODY, request_parameters=None)
    whole = encode_record(blank, "")
    if len(whole) > LONGEST_FORM_BYTES:
        return None
    # What a client sent may look like any part of a record: the end is found in the event without it. Before the
    # parameters stand texts only, in which no quotation mark is without its backslash.
    bare = encode_record(replace(blank, response_elements=None), "")
    end = bare[bare.index(_BEFORE_WHICH) :]
    before_when = _BEFORE_WHEN + write_time_in_bytes(0)
    before_who, _, rest = whole.partition(_BEFORE_WHO + _NOBODY)
    after_when, hole, after_what = rest.removeprefix(before_when).partition(_BEFORE_WHAT + _NOTHING)
    assert rest.startswith(before_when)
    assert hole
    assert after_what.endswith(end)
    assert end.startswith(_BEFORE_WHICH + _BEFORE_ID)
    return RecordForm(
        before_who + _BEFORE_WHO,
        after_when + _BEFORE_WHAT,
        after_what[: -len(end)] + _BEFORE_WHICH,
        end[len(_BEFORE_WHICH + _BEFORE_ID) :],
    )
