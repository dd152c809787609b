"""Step 8: what the audit record of a call says.

Rules (threat model L-03):
 - Only the members that the operation lists are shown, by the names of CloudTrail (``secretId``); never bytes,
   never a sensitive member. What failed before it was parsed shows no parameters.
 - Every call has a record (L-02): parameters that no record can hold are left out of it and named in the log.
 - A refusal by policy is recorded as ``AccessDenied``, as AWS does; other errors keep their code.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec

from strongroom.audit.errors import UnrecordableValue
from strongroom.audit.record import (
    AuditEvent,
    Resource,
    SessionAttributes,
    SessionContext,
    UserIdentity,
    encode_identity,
    encode_record,
)
from strongroom.clock import Instant, render_iso, render_text
from strongroom.errors import Fault
from strongroom.gateway.caller import Caller, Temporary
from strongroom.gateway.operation import Operation, Service
from strongroom.ids import new_uuid
from strongroom.wire.describe import describe
from strongroom.wire.shapes import Shape

log = logging.getLogger(__name__)

_DENIALS = frozenset({"AccessDeniedException", "AccessDenied"})
_INSTANT_END_S: Final = 253_402_300_800  # the year 10000, which no date can be written for


def identity_of(caller: Caller) -> UserIdentity:
    """Write ``userIdentity`` for a caller; made once for each cached credential."""
    known = caller.identity_memo.get("identity")
    if known is not None:
        return known
    known = caller.identity_memo["identity"] = UserIdentity(
        type=caller.kind,
        principal_id=caller.principal.unique_id,
        arn=caller.principal.arn,
        account_id=caller.principal.account,
        access_key_id=caller.access_key_id,
        user_name=caller.user_name,
        session_context=None if caller.temporary is None else _session_context(caller.temporary),
    )
    return known


def written_identity(caller: Caller, via: str = "") -> bytes:
    """Write the identity of a caller, for whom a service may call, as JSON; made once for each cached credential."""
    known = caller.written_identity.get(via)
    if known is None:
        identity = _invoked_by(caller, via) if via else identity_of(caller)
        known = caller.written_identity[via] = encode_identity(identity)
    return known


def _session_context(temporary: Temporary) -> SessionContext:
    """Write how temporary credentials came about.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    web: dict[str, str] | msgspec.UnsetType = msgspec.UNSET
    if temporary.issuer is not None:
        web = {} if temporary.web_provider is None else {"federatedProvider": temporary.web_provider}
    return SessionContext(
        session_issuer=temporary.issuer,
        web_id_federation_data=web,
        attributes=SessionAttributes(
            mfa_authenticated="false" if temporary.mfa_ms is None else "true",
            creation_date=render_iso(temporary.issued_ms),
        ),
        source_identity=temporary.source_identity,
    )


def written(records: Sequence[bytes | AuditEvent]) -> list[bytes]:
    """Write those records that are not written yet."""
    return [record if isinstance(record, bytes) else write_event(record) for record in records]


def events_of_call(
    *,
    service: Service,
    name: str,
    operation: Operation[Any, Any] | None,
    request: Shape | None,
    response: Shape | None,
    fault: Fault | None,
    caller: Caller,
    region: str,
    request_id: str,
    now_ms: Instant,
    source_ip: str,
    user_agent: str,
    resources: Sequence[Resource] = (),
    via: str = "",
) -> list[AuditEvent]:
    """Say what happened in one call that ended, well or not; the last event is that of the caller's account.

    What was done to a resource of another account stands in that account's trail too, without the caller's name; what
    was denied does not. A call that a service made for the caller (``via``) says so in the identity.
    """
    code = None
    if fault is not None:
        code = "AccessDenied" if fault.code in _DENIALS else fault.code
    event = AuditEvent(
        event_time_ms=now_ms,
        event_source=service.event_source,
        event_name=name if operation is None else operation.recorded_name,
        region=region,
        request_id=request_id,
        source_ip=source_ip,
        user_agent=user_agent,
        identity=identity_of(caller) if not via else _invoked_by(caller, via),
        identity_json=written_identity(caller, via),
        read_only=operation.reads_only if operation is not None else False,
        request_parameters=shown_request(operation, request),
        response_elements=shown_response(operation, response),
        error_code=code,
        error_message=fault.message if fault is not None else None,
        recipient_account=caller.account,
        resources=tuple(resources),
    )
    owners = {one.account_id for one in resources if one.account_id != caller.account} if resources else None
    if not owners or code == "AccessDenied":
        return [event]
    event = msgspec.structs.replace(event, shared_event_id=new_uuid())
    seen = UserIdentity(
        type="AWSAccount",
        principal_id=caller.principal.unique_id,
        account_id=caller.account,
        invoked_by=event.identity.invoked_by,
    )
    copies = [
        msgspec.structs.replace(event, identity=seen, identity_json=b"", recipient_account=owner)
        for owner in sorted(owners)
    ]
    return [*copies, event]


def write_event(event: AuditEvent) -> bytes:
    """Write an event as the record with an id of its own; one that no record can hold loses its parameters."""
    event_id = new_uuid()
    try:
        return encode_record(event, event_id)
    except UnrecordableValue as problem:
        log.error("the record of %s has no parameters: %s", event.event_name, problem)
    return encode_record(
        msgspec.structs.replace(event, request_parameters=None, response_elements=None), event_id
    )


def _invoked_by(caller: Caller, service: str) -> UserIdentity:
    """Write the identity of a caller for whom a service calls; made once for each cached credential."""
    known = caller.identity_memo.get(service)
    if known is None:
        principal = f"{service}.amazonaws.com"
        known = msgspec.structs.replace(identity_of(caller), invoked_by=principal)
        caller.identity_memo[service] = known
    return known


def shown_request(operation: Operation[Any, Any] | None, request: Shape | None) -> Mapping[str, Any] | None:
    """Choose the members of a request that its record shows; None when there are none."""
    if operation is None or request is None:
        return None
    shown: dict[str, Any] = {}
    for member, name in _shown_names(type(request), operation.recorded_request):
        value = getattr(request, member)
        if value is not None:
            shown[name] = value if type(value) is str else _plain(value)
    return shown or None


def shown_response(operation: Operation[Any, Any] | None, response: Shape | None) -> Mapping[str, Any] | None:
    """Choose what the record of a change shows of its response."""
    if operation is None or response is None or operation.recorded_response is None:
        return None
    return operation.recorded_response(response)


@cache
def _audit_names(shape: type[Shape]) -> dict[str, str]:
    """Map the members that may be shown to their names in records; sensitive ones are not among them."""
    return {member.name: member.audit_name for member in describe(shape) if not member.type.is_sensitive}


@cache
def _shown_names(shape: type[Shape], members: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Give the members that an operation shows, with their names in records."""
    names = _audit_names(shape)
    return tuple((member, names[member]) for member in members)


def _plain(value: object) -> object:
    """Turn nested shapes into the lower-camel maps of CloudTrail."""
    if isinstance(value, str):
        return value
    if isinstance(value, Shape):
        return {
            name: _plain(inner)
            for member, name in _audit_names(type(value)).items()
            if (inner := getattr(value, member)) is not None
        }
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):  # of requests only instants are floats; CloudTrail writes them out
        return render_text(int(value * 1000)) if 0 <= value < _INSTANT_END_S else str(value)
    return value
