"""FilterLogEvents: search the events of a group across its streams, by time, stream and pattern.

Up to 10,000 events or 1 MB a page, the earliest first unless startFromHead is false; both ends of the range are in
it. A page may be short, even empty, and still have a nextToken: it looks at a bounded number of batches, so that its
cost does not grow with the group. ``aws logs tail`` is this operation, asked again and again. The pattern is in no
record.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final

from strongroom.filterpattern.errors import MalformedPattern
from strongroom.filterpattern.pattern import FilterPattern, compile_pattern
from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs import errors
from strongroom.services.logs.lookup import existing_group, identified_target
from strongroom.services.logs.model import PAGE_MOST_EVENTS, LogGroup
from strongroom.services.logs.page_token import TOKENS
from strongroom.services.logs.reading import END_MS, FoundEvent, Position, Wanted, read_page
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
from strongroom.services.logs.tables import find_stream, find_stream_by_id
from strongroom.store.rows import Rows
from strongroom.wire.shapes import limits

_NAME: Final = "FilterLogEvents"
_DESCENDS_FROM_MS: Final = 1_704_067_200_000
"""The first instant that may be searched from downwards, as AWS has it."""


class Request(LogsShape):
    """What to search for, where, and where to go on."""

    log_group_name: LogGroupName | None = None
    log_group_identifier: LogGroupIdentifier | None = None
    log_stream_names: Annotated[list[LogStreamName], limits(1, 100)] | None = None
    log_stream_name_prefix: LogStreamName | None = None
    start_time: Instant | None = None
    end_time: Instant | None = None
    filter_pattern: Annotated[str, limits(0, 1024)] | None = None
    next_token: NextToken | None = None
    limit: EventsLimit | None = None
    start_from_head: bool | None = None
    interleaved: bool | None = None
    unmask: bool | None = None


class FilteredLogEvent(LogsShape):
    """One event."""

    log_stream_name: LogStreamName | None = None
    timestamp: Instant | None = None
    message: EventMessage | None = None
    ingestion_time: Instant | None = None
    event_id: str | None = None


class SearchedLogStream(LogsShape):
    """Never sent: AWS gives an empty list since 2020."""

    log_stream_name: LogStreamName | None = None
    searched_completely: bool | None = None


class Response(LogsShape):
    """A page of events."""

    events: list[FilteredLogEvent] | None = None
    searched_log_streams: list[SearchedLogStream] | None = None
    next_token: NextToken | None = None


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return identified_target(context, request.log_group_name, request.log_group_identifier)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read one page."""
    if request.log_stream_names is not None and request.log_stream_name_prefix is not None:
        raise errors.invalid_parameter(
            "logStreamNamePrefix and logStreamNames are mutually exclusive parameters."
        )
    if request.start_from_head is False and (request.start_time or _DESCENDS_FROM_MS) < _DESCENDS_FROM_MS:
        raise errors.invalid_parameter(
            "startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC."
        )
    pattern = _compiled(request.filter_pattern)
    group = existing_group(target)
    question = (
        group.group_id,
        request.log_stream_names,
        request.log_stream_name_prefix,
        request.start_time,
        request.end_time,
        request.filter_pattern,
    )
    brought = TOKENS.open(context, _NAME, question, request.next_token)
    # The direction is the first request's: later pages follow their token.
    descends = request.start_from_head is False if brought is None else bool(brought[0])
    position = None if brought is None else Position(*(int(part) for part in brought[1:]))
    rows = context.rows
    with rows.snapshot():
        streams = _Streams(rows, group, request)
        page = read_page(
            rows,
            context.deployment.keyring,
            group,
            Wanted(
                start_ms=max(request.start_time or 0, group.oldest_ms(context.now_ms)),
                end_ms=END_MS if request.end_time is None else request.end_time + 1,
                after=None if descends else position,
                before=position if descends else None,
                descends=descends,
                is_of_stream=streams.is_wanted,
                matches=pattern.matches,
                most=request.limit or PAGE_MOST_EVENTS,
            ),
        )
    token = None
    if page.stopped_at is not None:
        token = TOKENS.seal(context, _NAME, question, (int(descends), *page.stopped_at))
    return Response(
        events=[_shown(event, streams.names[event.stream_id]) for event in page.events],
        searched_log_streams=[],
        next_token=token,
    )


class _Streams:
    """The streams of a group that a search looks at, as it comes across them.

    Attributes:
        names: Of those that were wanted.
    """

    def __init__(self, rows: Rows, group: LogGroup, request: Request) -> None:
        self.names: dict[int, str] = {}
        self.is_wanted: Callable[[int], bool]
        if request.log_stream_names is None:
            self._rows = rows
            self._prefix = request.log_stream_name_prefix or ""
            self.is_wanted = self._begins_so
            return
        for name in request.log_stream_names:
            stream = find_stream(rows, group.group_id, name)
            if stream is None:
                raise errors.stream_not_found()
            self.names[stream.stream_id] = name
        self.is_wanted = self.names.__contains__

    def _begins_so(self, stream_id: int) -> bool:
        stream = find_stream_by_id(self._rows, stream_id)
        if stream is None or not stream.name.startswith(self._prefix):
            return False
        self.names[stream_id] = stream.name
        return True


def _compiled(text: str | None) -> FilterPattern:
    try:
        return compile_pattern(text or "")
    except MalformedPattern as problem:
        raise errors.invalid_parameter(str(problem)) from problem


def _shown(event: FoundEvent, stream: str) -> FilteredLogEvent:
    position = event.position
    return FilteredLogEvent(
        log_stream_name=stream,
        timestamp=position.time_ms,
        message=event.message,
        ingestion_time=position.ingested_ms,
        # 56 digits, as AWS has them; in the order of time, and no two events of a group have the same.
        event_id=f"{position.time_ms:020}{position.seq:020}{position.place:016}",
    )


FILTER_LOG_EVENTS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="logs:FilterLogEvents",
    target=target,
    handle=handle,
    recorded_request=(
        "log_group_name",
        "log_group_identifier",
        "log_stream_names",
        "log_stream_name_prefix",
        "start_time",
        "end_time",
        "next_token",
        "limit",
        "start_from_head",
        "interleaved",
        "unmask",
    ),
)
