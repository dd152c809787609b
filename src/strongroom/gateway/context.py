"""What a handler receives: caller, now, rows, and the parts of the deployment that it may use.

Rules:
 - "Now" is read once for each request. Randomness and ids come from ``strongroom.ids`` and ``crypto/randomness``.
 - ``call`` runs another operation through the inner pipeline, steps 5 to 8, with the same caller: it is
   authorised and recorded like a request of its own. With ``via`` it is a call that the service makes with the
   caller's rights: policies see it as one, and the caller's address is not among what they see.
 - A read may leave small changes behind (``afterwards``): they are committed before the answer leaves, and
   carry no audit record of their own. What the answer does not hang on is left behind ``in_passing``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from strongroom.audit.record import AuditEvent, Resource
from strongroom.clock import Instant
from strongroom.errors import Fault
from strongroom.gateway.caller import Caller
from strongroom.gateway.operation import Operation
from strongroom.store.rows import Rows
from strongroom.store.transaction import Transaction


class InnerPipeline(Protocol):
    """Steps 5 to 8 for a call that a handler makes."""

    def __call__(self, context: Context, operation: Operation[Any, Any], request: Any) -> Any:
        """Authorise, handle and record."""
        ...


class Context(msgspec.Struct):
    """One request as its handler sees it.

    Attributes:
        caller: Who asks.
        now_ms: The instant of the request.
        region: The Region that the request addresses.
        request_id: Its id.
        source_ip: The address it came from.
        user_agent: What its client calls itself.
        is_secure: Whether it came encrypted.
        rows: The store, for reading.
        deployment: What the composition root made: keys, settings, trail. Services narrow it in their
            ``contract.py``; see ``strongroom.gateway.deployment``.
        inner: Steps 5 to 8.
        inner_records: Records of calls made with ``call``, in order; those that are not written yet are written with
            the record of this call.
        later: Small changes of a read, see ``afterwards``.
        unawaited: Changes that the answer does not hang on, see ``in_passing``.
        resources: What the audit record of this call names as its resources.
        via: The service that makes this call with the caller's rights, for example ``secretsmanager``; empty for a
            call of the caller itself.
        prepared: What the operation's ``prepare`` returned.
    """

    caller: Caller
    now_ms: Instant
    region: str
    request_id: str
    source_ip: str
    user_agent: str
    is_secure: bool
    rows: Rows
    deployment: Any
    inner: InnerPipeline
    inner_records: list[bytes | AuditEvent] = msgspec.field(default_factory=list)
    later: list[Callable[[Transaction], None]] = msgspec.field(default_factory=list)
    unawaited: list[Callable[[Transaction], None]] = msgspec.field(default_factory=list)
    resources: list[Resource] = msgspec.field(default_factory=list)
    via: str = ""
    prepared: Any = None

    @property
    def account(self) -> str:
        """The caller's account."""
        return self.caller.principal.account

    @property
    def transaction(self) -> Transaction:
        """The store, for writing; only operations of mode CHANGE have it."""
        assert isinstance(self.rows, Transaction), "only a change may write"
        return self.rows

    def call(self, operation: Operation[Any, Any], request: Any, *, via: str = "") -> Any:
        """Run another operation for the same caller.

        Args:
            operation: What to do.
            request: Its request.
            via: The service that calls with the caller's rights; empty when it is the caller's own call.

        Raises:
            Fault: As the operation raises it, or because the caller may not use it.
        """
        if not via:
            return self.inner(self, operation, request)
        principal = f"{via}.amazonaws.com"
        inner = msgspec.structs.replace(
            self, via=via, source_ip=principal, user_agent=principal, resources=[]
        )
        return self.inner(inner, operation, request)

    def afterwards(self, change: Callable[[Transaction], None]) -> None:
        """Leave a small change to be committed before the answer of this read leaves."""
        self.later.append(change)

    def in_passing(self, change: Callable[[Transaction], None]) -> None:
        """Leave a change to be committed soon, if the store takes it; the answer does not hang on it."""
        self.unawaited.append(change)


def refuse_unserved(operation: str, reason: str) -> Fault:
    """Word the answer to an operation that Strongroom knows but does not serve."""
    return Fault("UnsupportedOperationException", f"{operation} is not served by Strongroom: {reason}")
