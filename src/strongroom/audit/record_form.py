"""The form of a record that is written again and again: only who, when and which request are filled in.

Rules:
 - What is written is, byte for byte, what ``encode_record`` writes of the same event.
 - A form is made of a short event only: nothing that is filled in makes it so long that parts had to be left out.

The names stand in the order of ``record.py``::

    {"eventVersion":..., "userIdentity": WHO, "eventTime": WHEN  <middle>  "requestID": WHICH, "eventID": ID  <end>}
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from strongroom.audit.record import AuditEvent, encode_record, write_time
from strongroom.clock import Instant

LONGEST_FORM_BYTES: Final = 8_192
LONGEST_IDENTITY_BYTES: Final = 8_192
_NOBODY: Final = b"{}"
_BEFORE_WHO: Final = b'"userIdentity":'
_BEFORE_WHEN: Final = b',"eventTime":"%b'
_BEFORE_WHICH: Final = b'"requestID":"'
_BEFORE_ID: Final = b'","eventID":"'


class RecordForm:
    """A form; ``form_of`` makes it."""

    __slots__ = ("_before_who", "_end", "_middle")

    def __init__(self, before_who: bytes, middle: bytes, end: bytes) -> None:
        self._before_who = before_who
        self._middle = middle
        self._end = end

    def fill_in(self, identity_json: bytes, time_ms: Instant, request_id: str, event_id: str) -> bytes:
        """Write the record of one event.

        Args:
            identity_json: Who, as JSON, at most ``LONGEST_IDENTITY_BYTES``.
            time_ms: When.
            request_id: Of the request; of letters, digits and hyphens, as all that this server gives.
            event_id: A UUID that no other record carries.
        """
        return b'%b%b,"eventTime":"%b%b%b","eventID":"%b%b' % (
            self._before_who,
            identity_json,
            write_time(time_ms).encode(),
            self._middle,
            request_id.encode(),
            event_id.encode(),
            self._end,
        )


def form_of(event: AuditEvent) -> RecordForm | None:
    """Make a form of an event, whose identity, time and request do not matter; None of one that is too long.

    Raises:
        UnrecordableValue: It cannot be recorded.
    """
    blank = replace(event, event_time_ms=0, request_id="", identity_json=_NOBODY)
    whole = encode_record(blank, "")
    if len(whole) > LONGEST_FORM_BYTES:
        return None
    # What a client sent may look like any part of a record: the end is found in the event without it.
    bare = encode_record(replace(blank, request_parameters=None, response_elements=None), "")
    end = bare[bare.index(_BEFORE_WHICH) :]
    before_when = _BEFORE_WHEN % write_time(0).encode()
    before_who, _, rest = whole.partition(_BEFORE_WHO + _NOBODY)
    assert rest.startswith(before_when)
    assert rest.endswith(end)
    assert end.startswith(_BEFORE_WHICH + _BEFORE_ID)
    return RecordForm(
        before_who + _BEFORE_WHO,
        rest[len(before_when) : -len(end)] + _BEFORE_WHICH,
        end[len(_BEFORE_WHICH + _BEFORE_ID) :],
    )
