"""PutLogEvents: add events to a stream.

Up to 10,000 events and 1 MiB, counted as their messages in UTF-8 and 26 bytes each, in the order of their times,
within 24 hours. Events older than 14 days or than the retention, and those more than two hours ahead, are not kept;
the answer says which. The sequence token is ignored, as AWS does since 2023. The messages are in no record.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Final, Literal

from strongroom.clock import Instant as InstantMs
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs import errors
from strongroom.services.logs.appending import append_events
from strongroom.services.logs.lookup import existing_group, existing_stream, group_target
from strongroom.services.logs.model import (
    NEWEST_MS,
    OLDEST_MS,
    PUT_MOST_BYTES,
    PUT_MOST_SPAN_MS,
    LogGroup,
    NewEvent,
)
from strongroom.services.logs.shapes import (
    EventMessage,
    Instant,
    LogGroupName,
    LogsShape,
    LogStreamName,
    SequenceToken,
)
from strongroom.services.logs.tables import find_stream
from strongroom.wire.shapes import limits

_TOKEN_DIGITS: Final = 56


class InputLogEvent(LogsShape):
    """One event."""

    timestamp: Instant
    message: EventMessage


class Entity(LogsShape):
    """What the events are about; it is not kept."""

    key_attributes: (
        Annotated[dict[Annotated[str, limits(1, 32)], Annotated[str, limits(1, 512)]], limits(2, 4)] | None
    ) = None
    attributes: (
        Annotated[dict[Annotated[str, limits(1, 256)], Annotated[str, limits(1, 512)]], limits(0, 10)] | None
    ) = None


class Request(LogsShape):
    """The stream, and what is added to it."""

    log_group_name: LogGroupName
    log_stream_name: LogStreamName
    log_events: Annotated[list[InputLogEvent], limits(1, 10_000)]
    sequence_token: SequenceToken | None = None
    entity: Entity | None = None


class RejectedLogEventsInfo(LogsShape):
    """Which events were not kept, by their places in the request."""

    too_new_log_event_start_index: int | None = None
    too_old_log_event_end_index: int | None = None
    expired_log_event_end_index: int | None = None


class RejectedEntityInfo(LogsShape):
    """Never sent: no entity is looked at."""

    error_type: Literal[
        "InvalidEntity",
        "InvalidTypeValue",
        "InvalidKeyAttributes",
        "InvalidAttributes",
        "EntitySizeTooLarge",
        "UnsupportedLogGroupType",
        "MissingRequiredFields",
    ]


class Response(LogsShape):
    """A token that nobody needs, and what was not kept."""

    next_sequence_token: SequenceToken | None = None
    rejected_log_events_info: RejectedLogEventsInfo | None = None
    rejected_entity_info: RejectedEntityInfo | None = None


def target(context: Context, request: Request) -> Target:
    """Name the stream."""
    return group_target(context, request.log_group_name, stream=request.log_stream_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Check the events as a whole, drop what is too old or too new, and add the rest."""
    group = existing_group(target)
    stream = existing_stream(context, group, request.log_stream_name)
    events = [NewEvent(event.timestamp, event.message) for event in request.log_events]
    size = sum(event.size for event in events)
    if size > PUT_MOST_BYTES:
        raise errors.upload_too_large(size, PUT_MOST_BYTES)
    times = [event.time_ms for event in events]
    if any(later < earlier for earlier, later in pairwise(times)):
        raise errors.invalid_parameter(
            "Log events in a single PutLogEvents request must be in chronological order."
        )
    first, last, rejected = _kept(group, times, context.now_ms)
    kept = events[first:last]
    if kept:
        if kept[-1].time_ms - kept[0].time_ms > PUT_MOST_SPAN_MS:
            raise errors.invalid_parameter(
                "The batch of log events in a single PutLogEvents request cannot span more than 24 hours."
            )
        append_events(context.transaction, context.deployment.keyring, group, stream, kept, context.now_ms)
        stream = find_stream(context.rows, group.group_id, stream.name) or stream
    return Response(
        next_sequence_token=sequence_token(stream.attributes.open_seq), rejected_log_events_info=rejected
    )


def _kept(
    group: LogGroup, times: Sequence[InstantMs], now_ms: InstantMs
) -> tuple[int, int, RejectedLogEventsInfo | None]:
    """Find the events that are kept, the first and the one behind the last, and word what is said of the others."""
    too_old = bisect_left(times, now_ms - OLDEST_MS)
    expired = bisect_left(times, group.oldest_ms(now_ms))
    too_new = bisect_left(times, now_ms + NEWEST_MS + 1)
    if not too_old and not expired and too_new == len(times):
        return 0, len(times), None
    return (
        max(too_old, expired),
        too_new,
        RejectedLogEventsInfo(
            too_new_log_event_start_index=too_new if too_new < len(times) else None,
            too_old_log_event_end_index=too_old or None,
            expired_log_event_end_index=expired if expired > too_old else None,
        ),
    )


def sequence_token(seq: int) -> str:
    """Write what stands for the token that clients had to send once."""
    return f"{seq:0{_TOKEN_DIGITS}}"


PUT_LOG_EVENTS = Operation(
    name="PutLogEvents",
    mode=Mode.CHANGE,
    request=Request,
    response=Response,
    action="logs:PutLogEvents",
    target=target,
    handle=handle,
    recorded_request=("log_group_name", "log_stream_name"),
    most_values=60_000,  # 10,000 events of an object, two names and two values each
)
