"""LookupEvents: search the management events of the last 90 days in this account and Region.

Newest first, at most 50 on a page, at most one lookup attribute; both ends of the time range are in it. What was
read is found at once; a change is found within about a second, when its record has moved from the store into
the trail.

Source: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html; audit reference 1.5.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec

from strongroom.audit.trail import RETENTION_MS as HISTORY_MS
from strongroom.audit.trail import Attribute, Position, TrailEvent, TrailQuery
from strongroom.clock import Instant
from strongroom.crypto.errors import TokenRefused
from strongroom.crypto.sealed_token import open_token, seal_token
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.cloudtrail import errors
from strongroom.wire.shapes import Shape, Timestamp, limits

PAGE_MOST: Final = 50
_LAST_S: Final = 1e12  # far behind every event
CATCH_UP_RECORDS: Final = 5_000
"""Records that a search takes into the trail first; the background index does the rest."""

AttributeKey = Literal[
    "EventId",
    "EventName",
    "ReadOnly",
    "Username",
    "ResourceType",
    "ResourceName",
    "EventSource",
    "AccessKeyId",
]


class LookupAttribute(Shape):
    """What to search by, and the value to find."""

    attribute_key: AttributeKey
    attribute_value: Annotated[str, limits(1, 2000)]


class Request(Shape):
    """A search; the range is the last 90 days unless it says otherwise."""

    lookup_attributes: list[LookupAttribute] | None = None
    start_time: Timestamp | None = None
    end_time: Timestamp | None = None
    event_category: Literal["insight"] | None = None
    max_results: int | None = None
    next_token: str | None = None


class Resource(Shape):
    """A resource that an event names."""

    resource_type: str | None = None
    resource_name: str | None = None


class Event(Shape):
    """One event; ``cloud_trail_event`` is the whole record as JSON text."""

    event_id: str | None = None
    event_name: str | None = None
    read_only: str | None = None
    access_key_id: str | None = None
    event_time: Timestamp | None = None
    event_source: str | None = None
    username: str | None = None
    resources: list[Resource] | None = None
    cloud_trail_event: str | None = None


class Response(Shape):
    """A page of events."""

    events: list[Event] | None = None
    next_token: str | None = None


def target(context: Context, request: Request) -> Target:
    """The action has no resource."""
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Bring the trail up to date within a bound, then read one page."""
    if request.event_category is not None:
        raise errors.no_insights()
    most = request.max_results if request.max_results is not None else PAGE_MOST
    if not 1 <= most <= PAGE_MOST:
        raise errors.invalid_max_results()
    query = _query(context, request)
    trail = context.deployment.trail()
    binding = _binding(context, request)
    position = _position(context, request.next_token, binding)
    trail.catch_up(CATCH_UP_RECORDS)
    page = trail.find(query, most, position)
    token = None
    if page.following is not None:
        fields = msgspec.msgpack.encode(page.following)
        token = seal_token(context.deployment.keyring, fields, binding)
    return Response(events=[_event(found) for found in page.events], next_token=token)


def _query(context: Context, request: Request) -> TrailQuery:
    attributes = request.lookup_attributes or []
    if len(attributes) > 1:
        raise errors.invalid_lookup_attributes("You can specify only one lookup attribute.")
    oldest_ms = context.now_ms - HISTORY_MS
    end_ms = context.now_ms if request.end_time is None else _instant(request.end_time)
    start_ms = oldest_ms if request.start_time is None else max(oldest_ms, _instant(request.start_time))
    if (
        request.start_time is not None
        and request.end_time is not None
        and request.start_time > request.end_time
    ):
        raise errors.invalid_time_range()
    if not attributes:
        return TrailQuery(context.account, context.region, start_ms, end_ms)
    attribute = attributes[0]
    return TrailQuery(
        context.account,
        context.region,
        start_ms,
        end_ms,
        Attribute(attribute.attribute_key),
        attribute.attribute_value,
    )


def _instant(seconds: float) -> Instant:
    """Turn any number that a client may send into an instant that the trail can be asked for."""
    return int(min(max(seconds, 0.0), _LAST_S) * 1000)


def _binding(context: Context, request: Request) -> bytes:
    """Say who asked for what: under any other caller or search the token is refused (J-08)."""
    attributes = [
        (attribute.attribute_key, attribute.attribute_value) for attribute in request.lookup_attributes or []
    ]
    return msgspec.msgpack.encode(
        (
            "LookupEvents",
            context.caller.principal.unique_id,
            context.region,
            attributes,
            request.start_time,
            request.end_time,
        )
    )


def _position(context: Context, token: str | None, binding: bytes) -> Position | None:
    if token is None:
        return None
    try:
        fields = open_token(context.deployment.keyring, token, binding)
    except TokenRefused as problem:
        raise errors.invalid_next_token() from problem
    return Position(*msgspec.msgpack.decode(fields, type=tuple[int, int]))


def _event(found: TrailEvent) -> Event:
    return Event(
        event_id=found.event_id,
        event_name=found.event_name,
        read_only="true" if found.read_only else "false",
        access_key_id=found.access_key_id,
        event_time=float(found.time_s),
        event_source=found.event_source,
        username=found.username,
        resources=[Resource(resource_type=kind, resource_name=name) for kind, name in found.resources],
        cloud_trail_event=found.record,
    )


LOOKUP_EVENTS = Operation(
    name="LookupEvents",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="cloudtrail:LookupEvents",
    target=target,
    handle=handle,
    recorded_request=(
        "lookup_attributes",
        "start_time",
        "end_time",
        "event_category",
        "max_results",
        "next_token",
    ),
)
