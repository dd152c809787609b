"""Steps 4 to 6 for reads like one before: neither parsed nor resolved nor decided on again (decision 20).

Rules:
 - What is kept follows from the body, the caller, the Region, the operation and the store. The body is compared
   to the byte, caller and operation as objects; when anything is committed to the store, all is forgotten.
 - Only what was allowed is kept, and only where the decision looked at no condition: it follows from the policies
   alone (as in ``permissions.py``). So neither time nor address nor anything else of a request bears on it.
 - Only operations that say so (``Operation.repeats``) have their reads kept: no member of their requests is a secret,
   and their ``target`` hangs on nothing but what is named above.
 - The handler runs each time, on the same target: state of the secret, key and value are its business (step 7).
 - The number of entries and the length of bodies are bounded. One in ``LEARN_EVERY`` reads that may be kept is, so
   that clients that never ask for the same thing twice pay a part of what keeping takes.

For the thread of the event loop alone.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from strongroom.audit.errors import UnrecordableValue
from strongroom.audit.record import encode_parameters
from strongroom.gateway.call import Call
from strongroom.gateway.caller import Caller
from strongroom.gateway.operation import Operation, Target
from strongroom.gateway.recording import shown_request
from strongroom.store.cache import RowCache

MOST_KEPT: Final = 1_024
LONGEST_BODY: Final = 1_024
LEARN_EVERY: Final = 3

_Key = tuple[bytes, str, str, str]


class _Known(NamedTuple):
    """Of whose and which read, and what came of it."""

    caller: Caller
    operation: Operation[Any, Any]
    request: Any
    target: Target
    parameters: bytes


class KnownReads:
    """The reads that one worker knows.

    Args:
        cache: Of the store's rows, as the event loop sees them.

    Attributes:
        recognised: How many reads were like one before.
    """

    def __init__(self, cache: RowCache) -> None:
        self.recognised = 0
        self._cache = cache
        self._state = -1
        self._known: dict[_Key, _Known] = {}
        self._until_next = 0

    def __len__(self) -> int:
        return len(self._known)

    def recognise(self, call: Call) -> bool:
        """Give a call what steps 4 to 6 gave one like it; False when it has to walk them."""
        if self._state != self._cache.state:
            self._state = self._cache.state
            self._known.clear()
            return False
        known = self._known.get(_key_of(call))
        if known is None or known.caller is not call.caller or known.operation is not call.route.operation:
            return False
        call.is_known = True
        _, _, call.request, call.target, call.parameters = known
        self.recognised += 1
        return True

    def learn(self, call: Call) -> None:
        """Consider keeping what steps 4 to 6 gave a call that was allowed whatever the request."""
        operation, target = call.route.operation, call.target
        if (
            operation is None
            or target is None
            or not operation.repeats
            or len(call.exchange.request.body) > LONGEST_BODY
        ):
            return
        self._until_next -= 1
        if self._until_next > 0:
            return
        self._until_next = LEARN_EVERY
        try:
            parameters = encode_parameters(shown_request(operation, call.request))
        except UnrecordableValue:
            return
        if len(self._known) >= MOST_KEPT:
            self._known.clear()
        self._known[_key_of(call)] = _Known(call.caller, operation, call.request, target, parameters)


def _key_of(call: Call) -> _Key:
    return call.exchange.request.body, call.region, call.route.name, call.caller.access_key_id
