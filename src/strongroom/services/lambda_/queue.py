"""Events that wait for their function: kept durably, sealed, tried by whoever has the lease.

Rules:
 - An event is kept in the transaction that answers 202, and removed in the one that says how it ended.
 - The payload is sealed and bound to the event and its function.
"""

from __future__ import annotations

from typing import Final

import msgspec

from strongroom.crypto.associated_data import RecordType
from strongroom.crypto.keyring import Keyring
from strongroom.crypto.material import Plaintext
from strongroom.crypto.record import open_record, seal_record
from strongroom.gateway.context import Context
from strongroom.services.lambda_.model import Event, Function, WaitingEvent
from strongroom.services.lambda_.tables import insert_event

_encode = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(tuple[bytes, bytes | None]).decode


def keep_event(
    context: Context,
    function: Function,
    qualifier: str,
    payload: Plaintext,
    client_context: Plaintext | None,
) -> None:
    """Keep an event; the id of the request is that of the invocation."""
    event_id = context.request_id
    inside = (payload.reveal(), None if client_context is None else client_context.reveal())
    sealed = seal_record(
        context.deployment.keyring,
        RecordType.FUNCTION,
        Plaintext(_encode(inside)),
        function.account,
        _place(event_id, function.function_id),
    )
    event = Event(qualifier=qualifier, asked_ms=context.now_ms)
    insert_event(
        context.transaction,
        WaitingEvent(event_id, function.function_id, context.now_ms, 0, event, sealed),
    )


def open_event(keyring: Keyring, account: str, waiting: WaitingEvent) -> tuple[Plaintext, Plaintext | None]:
    """Open the payload and the client context of an event.

    Raises:
        CryptoError: It is not what was kept.
    """
    place = _place(waiting.event_id, waiting.function_id)
    opened = open_record(keyring, RecordType.FUNCTION, waiting.sealed, account, place)
    payload, client_context = _decode(opened.reveal())
    return Plaintext(payload), None if client_context is None else Plaintext(client_context)


def _place(event_id: str, function_id: str) -> bytes:
    return _encode(("event", event_id, function_id))
