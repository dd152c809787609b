"""An audit event as the bytes of a CloudTrail record.

Rules:
 - The field set is CloudTrail's: ``requestParameters`` and ``responseElements`` are always there, possibly
   null; every other optional field is left out when it has no value.
 - Parameters hold str, int, bool, list and dict of exactly these types. Anything else is refused, ``bytes``
   above all: sealed or plain values never reach a record by way of a serialiser's kindness (L-03).
 - Limits are CloudTrail's: user agent, error code and error message 1 KB each (cut), parameters and response
   100 KB each, additional data 28 KB (left out when larger).

What this does not do: choose which parameters may be recorded (each operation's allow-list does), camel-case
their names, or write anything.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from strongroom.audit.errors import UnrecordableValue
from strongroom.clock import Instant, render_iso

EVENT_VERSION: Final = "1.11"
MAX_TEXT_BYTES: Final = 1024
MAX_PARAMETERS_BYTES: Final = 100 * 1024
MAX_ADDITIONAL_BYTES: Final = 28 * 1024
MAX_RECORD_BYTES: Final = 256 * 1024
"""No record is longer; the limit of CloudTrail for one event in CloudWatch Logs, and ample for the parts."""
MAX_DEPTH: Final = 40

Parameters = Mapping[str, Any]


class SessionIssuer(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Who a session was issued for: the role, or the user of ``GetSessionToken``."""

    type: str
    principal_id: str
    arn: str
    account_id: str
    user_name: str | None = None


class SessionAttributes(msgspec.Struct, frozen=True, rename="camel"):
    """Facts of a session; ``mfa_authenticated`` is the text ``"true"`` or ``"false"``, as AWS has it."""

    mfa_authenticated: str
    creation_date: str


class SessionContext(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How temporary credentials came about."""

    session_issuer: SessionIssuer | None = None
    web_id_federation_data: dict[str, str] | UnsetType = UNSET
    attributes: SessionAttributes | None = None
    source_identity: str | None = None


class UserIdentity(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """Who called; what is None is left out of the record.

    Attributes:
        type: ``IAMUser``, ``AssumedRole``, ``Root``, ``AWSService``, ``AWSAccount``, ...; None for events of
            a service itself.
        principal_id: The unique id, for a role's session with ``:<session name>``.
        arn: The caller's ARN.
        account_id: Twelve digits.
        access_key_id: The key that signed.
        user_name: Of an IAM user only.
        session_context: Of temporary credentials.
        invoked_by: The service that called with the caller's authority.
        identity_provider: Of a federated caller.

    Source: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """

    type: str | None = None
    principal_id: str | None = None
    arn: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    session_context: SessionContext | None = None
    invoked_by: str | None = None
    identity_provider: str | None = None


class TLSDetails(msgspec.Struct, frozen=True, rename="camel", omit_defaults=True):
    """How the connection was encrypted; any part may be unknown."""

    tls_version: str | None = None
    cipher_suite: str | None = None
    client_provided_host_header: str | None = None


class Resource(msgspec.Struct, frozen=True):
    """A resource that the event names; KMS and STS fill it, Secrets Manager does not."""

    account_id: str = msgspec.field(name="accountId")
    type: str
    arn: str = msgspec.field(name="ARN")


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened, before it becomes a record.

    Attributes:
        event_time_ms: When the request was completed.
        event_source: For example ``secretsmanager.amazonaws.com``.
        event_name: The operation, for example ``GetSecretValue``.
        region: The Region of the endpoint; ``us-east-1`` for IAM.
        request_id: As in ``x-amzn-RequestId`` of the reply.
        source_ip: The client's address, or the DNS name of the calling service.
        user_agent: Cut to 1 KB.
        identity: Who called.
        read_only: Whether the operation changes nothing.
        request_parameters: What the caller sent, allow-listed and camel-cased; None for null.
        response_elements: What a change returned; None for reads and failures.
        error_code: Of a call that failed.
        error_message: What the client saw, cut to 1 KB.
        recipient_account: The account that gets this record.
        event_type: ``AwsApiCall``, or ``AwsServiceEvent`` for what a service does by itself.
        additional_event_data: Service specific.
        service_event_details: Of ``AwsServiceEvent`` only.
        resources: Left out when empty.
        api_version: Left out when None.
        shared_event_id: The same in every account's copy of one event.
        tls: Left out when None.
        identity_json: The identity as ``encode_identity`` writes it, where that was done before; empty where not.
        is_management_event: False for data events.
    """

    event_time_ms: Instant
    event_source: str
    event_name: str
    region: str
    request_id: str
    source_ip: str
    identity: UserIdentity
    read_only: bool
    recipient_account: str
    request_parameters: Parameters | None = None
    response_elements: Parameters | None = None
    user_agent: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    event_type: str = "AwsApiCall"
    additional_event_data: Parameters | None = None
    service_event_details: Parameters | None = None
    resources: tuple[Resource, ...] = ()
    api_version: str | None = None
    shared_event_id: str | None = None
    tls: TLSDetails | None = None
    identity_json: bytes = b""
    is_management_event: bool = True


class _Record(msgspec.Struct, omit_defaults=True, gc=False):
    """The fields in the order and with the names of the wire."""

    eventVersion: str  # noqa: N815 - the names of the wire
    userIdentity: UserIdentity | msgspec.Raw  # noqa: N815
    eventTime: str  # noqa: N815
    eventSource: str  # noqa: N815
    eventName: str  # noqa: N815
    awsRegion: str  # noqa: N815
    sourceIPAddress: str  # noqa: N815
    requestParameters: Parameters | None  # noqa: N815
    responseElements: Parameters | None  # noqa: N815
    requestID: str  # noqa: N815
    eventID: str  # noqa: N815
    readOnly: bool  # noqa: N815
    eventType: str  # noqa: N815
    managementEvent: bool  # noqa: N815
    recipientAccountId: str  # noqa: N815
    eventCategory: str  # noqa: N815
    userAgent: str | None = None  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    errorMessage: str | None = None  # noqa: N815
    additionalEventData: Parameters | None = None  # noqa: N815
    serviceEventDetails: Parameters | None = None  # noqa: N815
    resources: tuple[Resource, ...] = ()
    apiVersion: str | None = None  # noqa: N815
    sharedEventID: str | None = None  # noqa: N815
    tlsDetails: TLSDetails | None = None  # noqa: N815


_encode = msgspec.json.Encoder().encode


def encode_identity(identity: UserIdentity) -> bytes:
    """Write an identity as it stands in a record."""
    return _encode(identity)


def encode_parameters(parameters: Parameters | None) -> bytes:
    """Write the parameters of a request as they stand in a record, however long they are.

    Raises:
        UnrecordableValue: As ``encode_record`` does for a parameter.
    """
    if parameters is not None:
        _check(parameters, 0)
    try:
        return _encode(parameters)
    except (TypeError, UnicodeEncodeError, OverflowError) as problem:
        raise _unwritable(problem) from None


def encode_record(event: AuditEvent, event_id: str) -> bytes:
    """Write one CloudTrail record as compact JSON without a line break.

    Args:
        event: What happened.
        event_id: A UUID that no other record carries; it stays the same however often the record is copied.

    Returns:
        At most ``MAX_RECORD_BYTES`` bytes of UTF-8.

    Raises:
        UnrecordableValue: A parameter is of another type than str, int, bool, list or dict, or a text cannot
            be written as UTF-8, or the record is still too long after its large parts were left out.
    """
    request, response, additional = (
        event.request_parameters,
        event.response_elements,
        event.additional_event_data,
    )
    if request is not None:
        _check(request, 0)
    if response is not None:
        _check(response, 0)
    if additional is not None:
        _check(additional, 0)
    if event.service_event_details is not None:
        _check(event.service_event_details, 0)
    agent, message, code = event.user_agent, event.error_message, event.error_code
    record = _Record(
        EVENT_VERSION,
        msgspec.Raw(event.identity_json) if event.identity_json else event.identity,
        write_time(event.event_time_ms),
        event.event_source,
        event.event_name,
        event.region,
        event.source_ip,
        request,
        response,
        event.request_id,
        event_id,
        event.read_only,
        event.event_type,
        event.is_management_event,
        event.recipient_account,
        "Management" if event.is_management_event else "Data",
        agent if agent is None or len(agent) <= 256 else _cut(agent),
        code if code is None or len(code) <= 256 else _cut(code),
        message if message is None or len(message) <= 256 else _cut(message),
        additional,
        event.service_event_details,
        event.resources,
        event.api_version,
        event.shared_event_id,
        event.tls,
    )
    try:
        encoded = _encode(record)
        if len(encoded) > MAX_ADDITIONAL_BYTES:
            encoded = _encode_without_large_parts(record)
    except (TypeError, UnicodeEncodeError, OverflowError) as problem:
        raise _unwritable(problem) from None
    if len(encoded) > MAX_RECORD_BYTES:
        raise UnrecordableValue(f"a record of {len(encoded)} bytes is longer than {MAX_RECORD_BYTES}")
    return encoded


def write_time(instant: Instant) -> str:
    """Write the time of an event, which has whole seconds."""
    return _iso_second(instant // 1000)


def write_time_in_bytes(instant: Instant) -> bytes:
    """Write the time of an event as it stands in a record."""
    return _iso_second_in_bytes(instant // 1000)


def _check(value: Any, depth: int) -> None:
    """Refuse every type but the five; subclasses too: a type that hides a secret may derive from str."""
    if type(value) is dict:
        for key, member in value.items():
            if type(key) is not str:
                raise UnrecordableValue(f"a member's name of type {type(key).__name__} is not recorded")
            if type(member) is not str:
                _check(member, depth + 1)
    elif type(value) is list:
        for member in value:
            if type(member) is not str:
                _check(member, depth + 1)
    elif type(value) is not int and type(value) is not bool:
        raise UnrecordableValue(f"a value of type {type(value).__name__} is not recorded")
    if depth > MAX_DEPTH:
        raise UnrecordableValue(f"parameters nested deeper than {MAX_DEPTH} are not recorded")


def _unwritable(problem: Exception) -> UnrecordableValue:
    """Name what cannot be written, without the text of the problem: it may quote the value."""
    return UnrecordableValue(f"a field cannot be written as JSON ({type(problem).__name__})")


def _cut(text: str) -> str:
    """Cut to 1 KB of UTF-8 without splitting a character."""
    return text.encode("utf-8", "replace")[:MAX_TEXT_BYTES].decode("utf-8", "ignore")


def _encode_without_large_parts(record: _Record) -> bytes:
    if len(_encode(record.requestParameters)) > MAX_PARAMETERS_BYTES:
        record.requestParameters = None
    if len(_encode(record.responseElements)) > MAX_PARAMETERS_BYTES:
        record.responseElements = None
    if len(_encode(record.additionalEventData)) > MAX_ADDITIONAL_BYTES:
        record.additionalEventData = None
    if len(_encode(record.serviceEventDetails)) > MAX_ADDITIONAL_BYTES:
        record.serviceEventDetails = None
    return _encode(record)


@lru_cache(maxsize=64)
def _iso_second(second: int) -> str:
    return render_iso(second * 1000)


@lru_cache(maxsize=64)
def _iso_second_in_bytes(second: int) -> bytes:
    return _iso_second(second).encode()
