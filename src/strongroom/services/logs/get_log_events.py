"""GetLogEvents: read the events of one stream by their times, up to 10,000 or 1 MB a page.

The latest come first unless startFromHead says otherwise; on a page they stand in the order of their times. There is
always a token for either direction; who gets the token back that it brought has reached the end. A page may be short,
even empty, and still go on: it looks at a bounded number of batches. The start of the range is in it, the end is not.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs import errors
from strongroom.services.logs.lookup import existing_group, existing_stream, identified_target
from strongroom.services.logs.model import PAGE_MOST_EVENTS
from strongroom.services.logs.page_token import TOKENS
from strongroom.services.logs.reading import END_MS, Page, Position, Wanted, read_page
from strongroom.services.logs.shapes import (
    EventMessage,
    EventsLimit,
    Instant,
    LogGroupIdentifier,
    LogGroupName,
    LogsShape,
    LogStreamName,
    NextToken,
)

_NAME: Final = "GetLogEvents"
_FORWARD, _BACKWARD = "f", "b"


class Request(LogsShape):
    """Which events, and where to go on."""

    log_group_name: LogGroupName | None = None
    log_group_identifier: LogGroupIdentifier | None = None
    log_stream_name: LogStreamName
    start_time: Instant | None = None
    end_time: Instant | None = None
    next_token: NextToken | None = None
    limit: EventsLimit | None = None
    start_from_head: bool | None = None
    unmask: bool | None = None


class OutputLogEvent(LogsShape):
    """One event."""

    timestamp: Instant | None = None
    message: EventMessage | None = None
    ingestion_time: Instant | None = None


class Response(LogsShape):
    """A page of events, and the ways on."""

    events: list[OutputLogEvent] | None = None
    next_forward_token: NextToken | None = None
    next_backward_token: NextToken | None = None


def target(context: Context, request: Request) -> Target:
    """Name the stream."""
    return identified_target(
        context, request.log_group_name, request.log_group_identifier, stream=request.log_stream_name
    )


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read one page."""
    with context.rows.snapshot():
        group = existing_group(target)
        stream = existing_stream(context, group, request.log_stream_name)
        question = (group.group_id, stream.stream_id, request.start_time, request.end_time)
        direction, position = _brought(context, question, request)
        wanted = Wanted(
            start_ms=max(request.start_time or 0, group.oldest_ms(context.now_ms)),
            end_ms=END_MS if request.end_time is None else request.end_time,
            after=position if direction == _FORWARD else None,
            before=position if direction == _BACKWARD else None,
            descends=direction == _BACKWARD,
            is_of_stream=lambda stream_id: stream_id == stream.stream_id,
            matches=lambda _: True,
            most=request.limit or PAGE_MOST_EVENTS,
        )
        # Where the stream has nothing the chain of the whole group need not be walked.
        wanted = _within(wanted, stream.attributes.first_ms, stream.last_ms + 1)
        page = (
            read_page(context.rows, context.deployment.keyring, group, wanted)
            if stream.has_events and wanted.start_ms < wanted.end_ms
            else Page([], None)
        )
    forward, backward = _ways(wanted, page, position)
    tokens = {
        _FORWARD: f"f/{TOKENS.seal(context, _NAME + _FORWARD, question, tuple(forward))}",
        _BACKWARD: f"b/{TOKENS.seal(context, _NAME + _BACKWARD, question, tuple(backward))}",
    }
    if request.next_token is not None and not page.events and page.stopped_at is None:
        tokens[direction] = request.next_token  # the end: the same token, to the letter
    events = page.events if direction == _FORWARD else page.events[::-1]
    return Response(
        events=[
            OutputLogEvent(
                timestamp=event.position.time_ms,
                message=event.message,
                ingestion_time=event.position.ingested_ms,
            )
            for event in events
        ],
        next_forward_token=tokens[_FORWARD],
        next_backward_token=tokens[_BACKWARD],
    )


def _brought(context: Context, question: object, request: Request) -> tuple[str, Position | None]:
    """Say in which direction to read, and from where."""
    if request.next_token is None:
        return _FORWARD if request.start_from_head else _BACKWARD, None
    direction, slash, token = request.next_token.partition("/")
    if direction not in (_FORWARD, _BACKWARD) or not slash:
        raise errors.invalid_next_token()
    fields = TOKENS.open(context, _NAME + direction, question, token)
    assert fields is not None, "a token was brought"
    return direction, Position(*(int(field) for field in fields))


def _within(wanted: Wanted, first_ms: int, behind_ms: int) -> Wanted:
    return replace(wanted, start_ms=max(wanted.start_ms, first_ms), end_ms=min(wanted.end_ms, behind_ms))


def _ways(wanted: Wanted, page: Page, brought: Position | None) -> tuple[Position, Position]:
    """Say behind which position the way forward begins, and in front of which the way back.

    Where nothing was found both begin where this page did: what arrives later is found from there.
    """
    positions = [event.position for event in page.events]
    if not wanted.descends:
        start = brought or Position(wanted.start_ms)
        forward = page.stopped_at or (positions[-1] if positions else start)
        return forward, positions[0] if positions else _behind(start)
    start = brought or Position(wanted.end_ms)
    backward = page.stopped_at or (positions[-1] if positions else start)
    return positions[0] if positions else _before(start), backward


def _behind(position: Position) -> Position:
    return position._replace(place=position.place + 1)


def _before(position: Position) -> Position:
    return position._replace(place=position.place - 1)


GET_LOG_EVENTS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="logs:GetLogEvents",
    target=target,
    handle=handle,
    recorded_request=(
        "log_group_name",
        "log_group_identifier",
        "log_stream_name",
        "start_time",
        "end_time",
        "next_token",
        "limit",
        "start_from_head",
        "unmask",
    ),
)
