"""Operation and Service: the values with which a service declares what it serves.

An operation file ends with its ``Operation``; the service's ``__init__`` lists them in one visible table,
``SERVICE``. Nothing is registered by importing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from strongroom.policy.compile import CompiledPolicy
from strongroom.policy.principals import Granted
from strongroom.strict_json import MAX_TOKENS
from strongroom.wire.faults import MessageMember
from strongroom.wire.rest_json import Binding
from strongroom.wire.shapes import Shape

if TYPE_CHECKING:
    from strongroom.gateway.caller import Caller
    from strongroom.gateway.context import Context

Request = TypeVar("Request", bound=Shape)
Response = TypeVar("Response", bound=Shape)


class Mode(Enum):
    """Where an operation runs.

    ``READ`` runs inline on the event loop, from the cache; it must be short. ``QUERY`` reads too, but may
    look at many rows: it runs on a thread of its own. ``CHANGE`` runs on the writer thread, in a group.
    """

    READ = "read"
    QUERY = "query"
    CHANGE = "change"


class Target(msgspec.Struct, frozen=True):
    """What an operation acts on, as the evaluator needs it (step 5).

    Attributes:
        arn: The ARN that *we* build from the stored row (P-01). For an absent object the ARN it would have
            (``name-??????``), so that the decision does not depend on whether it exists (P-09). ``*`` where
            the action has no resource.
        account: The account that owns the resource.
        label: How a refusal names it: what the caller sent, never more (P-09).
        found: The stored object, or None when there is none; the handler gets it back.
        conditions: Condition keys of the resource and the request, in lower case.
        policy: The resource's own policy.
        granted: A grant on the resource that covers the action for the caller (KMS).
        explains: Whether a refusal says which policy was missing. For the assumption of a role it does not: a role
            that is absent and one that does not trust the caller look alike.
        stamp: An object that is replaced together with anything on the resource's side that decides, and never taken
            up again; None where permissions are not kept (``permissions.py``).
    """

    arn: str
    account: str
    label: str = "*"
    found: Any = None
    conditions: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    policy: CompiledPolicy | None = None
    granted: Granted | None = None
    explains: bool = True
    stamp: object | None = None


class Operation(msgspec.Struct, Generic[Request, Response], frozen=True):
    """One operation of a service.

    Attributes:
        name: As the API names it, for example ``GetSecretValue``.
        mode: Where it runs.
        request: The request's shape.
        response: The response's shape; None when it has no members.
        action: The IAM action, for example ``secretsmanager:GetSecretValue``; None only where AWS lets
            every authenticated caller through (``sts:GetCallerIdentity``).
        target: Names the resource and the condition keys (step 5).
        handle: Does the work (step 7).
        recorded_request: The members of the request that the audit record shows, by Python name (L-03).
            No member that is sensitive may stand here.
        recorded_response: Makes what the audit record shows of the response of a change; None shows nothing.
        changes: For an operation of mode READ that changes something for some requests, and then runs as a CHANGE:
            says whether this request is one (the code of a second factor is used up).
        prepare: For a change with work that must not hold up the writer, such as the hash of a password. It runs on
            a thread of its own, when the caller may do this (steps 5 and 6); the change then walks both steps again,
            and its handler finds the result in ``Context.prepared``.
        is_heavy: Whether the preparation takes long (a large archive is checked): it runs on a pool of its own, and
            the two seconds of an answer begin after it.
        most_values: How many names and values the JSON of its request may have (J-02).
        is_read_only: ``readOnly`` in the audit record; None means: unless the mode is CHANGE.
        is_unbuffered: The reply carries ``Cache-Control: no-store`` (X-04).
        apart: For an operation of mode QUERY that waits for something else than the store: after steps 5 and 6 it
            gives what is to be run without the store, on a pool of its own and without the two-second limit; the
            handler finds the result in ``Context.prepared``, and reads the store no more. What it gives is None
            where nothing is to be waited for.
        event_name: The name in audit records, where it is another one (``CreateFunction20150331``).
        repeats: Whether reads like one before need not be resolved and decided on again (``known_reads.py``): no
            member of the request is a secret, and ``target`` looks at nothing but request, caller, Region, store.
        identify: For an operation that takes no signature: finds out from the request alone who asks. It runs on
            a thread of its own, before any transaction, and may ask other systems. A Fault that it raises is
            answered like a signature that is missing: counted, not recorded (L-05).
    """

    name: str
    mode: Mode
    request: type[Request]
    response: type[Response] | None
    action: str | None
    target: Callable[[Context, Request], Target]
    handle: Callable[[Context, Request, Target], Response | None]
    recorded_request: tuple[str, ...] = ()
    recorded_response: Callable[[Response], Mapping[str, Any]] | None = None
    changes: Callable[[Request], bool] | None = None
    prepare: Callable[[Context, Request, Target], Any] | None = None
    is_read_only: bool | None = None
    is_heavy: bool = False
    most_values: int = MAX_TOKENS
    is_unbuffered: bool = False
    apart: Callable[[Context, Request, Target], Callable[[], Any] | None] | None = None
    event_name: str = ""
    repeats: bool = False
    identify: Callable[[Context, Request], Caller] | None = None

    def mode_of(self, request: Request) -> Mode:
        """Where it runs for this request."""
        return Mode.CHANGE if self.changes is not None and self.changes(request) else self.mode

    @property
    def recorded_name(self) -> str:
        """How audit records name it."""
        return self.event_name or self.name

    @property
    def reads_only(self) -> bool:
        """What ``readOnly`` says in the audit record."""
        return self.mode is not Mode.CHANGE if self.is_read_only is None else self.is_read_only


class ErrorCodes(msgspec.Struct, frozen=True):
    """How a service names the errors that the gateway, not an operation, finds.

    The JSON services and the query services of AWS use different codes and statuses for the same fault
    (identity reference 1.6).
    """

    missing_token: tuple[str, int]
    incomplete: tuple[str, int]
    mismatch: tuple[str, int]
    unknown_key: tuple[str, int]
    expired_token: tuple[str, int]
    presign_expired: tuple[str, int]
    access_denied: tuple[str, int]
    unknown_operation: tuple[str, int]
    validation: tuple[str, int]
    serialization: tuple[str, int]
    throttled: tuple[str, int]
    internal: tuple[str, int]


JSON_ERRORS = ErrorCodes(
    missing_token=("MissingAuthenticationTokenException", 400),
    incomplete=("IncompleteSignatureException", 400),
    mismatch=("InvalidSignatureException", 400),
    unknown_key=("UnrecognizedClientException", 400),
    expired_token=("ExpiredTokenException", 400),
    presign_expired=("InvalidSignatureException", 400),
    access_denied=("AccessDeniedException", 400),
    unknown_operation=("UnknownOperationException", 400),
    validation=("ValidationException", 400),
    serialization=("SerializationException", 400),
    throttled=("ThrottlingException", 400),
    internal=("InternalServiceError", 500),
)

REST_ERRORS = ErrorCodes(
    missing_token=("MissingAuthenticationTokenException", 403),
    incomplete=("IncompleteSignatureException", 400),
    mismatch=("InvalidSignatureException", 403),
    unknown_key=("UnrecognizedClientException", 403),
    expired_token=("ExpiredTokenException", 403),
    presign_expired=("InvalidSignatureException", 403),
    access_denied=("AccessDeniedException", 403),
    unknown_operation=("UnknownOperationException", 404),
    validation=("ValidationException", 400),
    serialization=("SerializationException", 400),
    throttled=("TooManyRequestsException", 429),
    internal=("ServiceException", 500),
)

QUERY_ERRORS = ErrorCodes(
    missing_token=("MissingAuthenticationToken", 403),
    incomplete=("IncompleteSignature", 400),
    mismatch=("SignatureDoesNotMatch", 403),
    unknown_key=("InvalidClientTokenId", 403),
    expired_token=("ExpiredToken", 403),
    presign_expired=("RequestExpired", 400),
    access_denied=("AccessDenied", 403),
    unknown_operation=("InvalidAction", 400),
    validation=("ValidationError", 400),
    serialization=("MalformedQueryString", 404),
    throttled=("Throttling", 400),
    internal=("InternalFailure", 500),
)


class Service(msgspec.Struct, frozen=True):
    """One AWS service.

    Attributes:
        name: The signing name, for example ``secretsmanager``.
        event_source: As audit records name it, for example ``secretsmanager.amazonaws.com``.
        protocol: ``json``, ``query`` or ``rest-json``.
        target_prefix: What stands before the dot in ``X-Amz-Target`` (JSON).
        version: The API version, for example ``2011-06-15`` (query: ``Version=``).
        namespace: The XML namespace (query).
        errors: The codes of the errors that the gateway finds.
        load: Gives what is served, imported when it is first asked for, all at once or one after the other: the
            operations of a service are most of its code, and a server starts without them. Listed visibly; nothing
            is registered by importing.
        unserved: What is not, each with the reason that the client is told.
        home_region: The one Region of a global service (``us-east-1`` for IAM); None for regional ones.
        regions_also: Further Regions accepted in the credential scope (STS: its old global endpoint).
        prints_values: Whether constraint messages print the offending value.
        message_member: ``Message`` or ``message``, the member of modelled errors (JSON).
        bindings: Gives where every operation, served or not, stands in paths (REST JSON); imported when the first
            such request comes.
        lower_codes: Codes whose text is under ``message`` although the others' is under ``Message`` (REST JSON).
    """

    name: str
    event_source: str
    protocol: str
    target_prefix: str
    version: str
    errors: ErrorCodes
    load: Callable[[], Iterable[Operation[Any, Any]]]
    unserved: Mapping[str, str]
    namespace: str = ""
    home_region: str | None = None
    regions_also: tuple[str, ...] = ()
    prints_values: bool = True
    message_member: MessageMember = "Message"
    bindings: Callable[[], Mapping[str, Binding]] | None = None
    lower_codes: frozenset[str] = frozenset()

    @property
    def operations(self) -> tuple[Operation[Any, Any], ...]:
        """What is served, by name; loads all of it."""
        return tuple(sorted(self.load(), key=lambda operation: operation.name))
