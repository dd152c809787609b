"""An inner call that is made again and again and has no result: it is decided on and recorded with little work.

Rules:
 - It is made as a whole (``Context.call``) until it has succeeded on the resource as it is now, and for each caller
   until that one was allowed it whatever the request (``permissions.py``). From then on it is repeated.
 - Whatever changes about the resource (its state, its policy, its place) changes its stamp: the next call is made as
   a whole, and refused where it is to be refused. So does a change of the caller's rights.
 - Each repetition is recorded as a call of its own, byte for byte as one that is made as a whole.
"""

from __future__ import annotations

from strongroom.audit.record import encode_parameters
from strongroom.audit.record_form import RecordForm, form_of
from strongroom.gateway.context import Context
from strongroom.gateway.recording import written_identity
from strongroom.ids import new_uuid


class RepeatedCall:
    """What is known of such a call: its request is always the same, and so is the Region that it is made in.

    Args:
        action: What is decided on.
        via: The service that calls for the caller.
    """

    __slots__ = ("_action", "_known", "_via")

    def __init__(self, action: str, via: str) -> None:
        self._action = action
        self._via = via
        self._known: tuple[object, str, RecordForm, bytes] | None = None
        """The stamp, the account, the form and the parameters, together: threads share a cached version."""

    def repeat(self, context: Context, stamp: object) -> bool:
        """Make the call once more; False when it has to be made as a whole.

        Args:
            context: The request of the caller.
            stamp: Of the resource, as it is now.
        """
        known, caller = self._known, context.caller
        if known is None:
            return False
        of_stamp, account, form, parameters = known
        if (
            of_stamp is not stamp
            or account != caller.account
            or not caller.permissions.include(caller, self._action, stamp)
        ):
            return False
        identity = written_identity(caller, self._via)
        record = form.fill_in(identity, context.now_ms, parameters, context.request_id, new_uuid())
        if record is None:
            return False
        context.inner_records.append(record)
        return True

    def learn(self, context: Context, stamp: object) -> None:
        """Keep what is known of the call after it was made as a whole, and well, as the last one of a request."""
        record = context.inner_records[-1]
        if isinstance(record, bytes) or record.shared_event_id is not None:
            return  # of a resource of another account there are several records
        form = form_of(record)
        if form is None:
            self._known = None
            return
        parameters = encode_parameters(record.request_parameters)
        self._known = stamp, context.caller.account, form, parameters
