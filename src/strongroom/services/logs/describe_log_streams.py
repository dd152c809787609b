"""DescribeLogStreams: list the streams of a group, 50 at a time, by name or by the time of their latest event.

A prefix of names can be asked for by name only. Streams without an event have no times.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogStreams.html.
"""

from __future__ import annotations

from typing import Final, Literal

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.gateway.positions import Position
from strongroom.services.logs import errors
from strongroom.services.logs.lookup import existing_group, identified_target
from strongroom.services.logs.model import DESCRIBED_MOST, LogGroup, LogStream, stream_arn
from strongroom.services.logs.page_token import TOKENS
from strongroom.services.logs.put_log_events import sequence_token
from strongroom.services.logs.shapes import (
    DescribeLimit,
    Instant,
    LogGroupIdentifier,
    LogGroupName,
    LogsShape,
    LogStreamName,
    NextToken,
    SequenceToken,
)
from strongroom.services.logs.tables import page_streams_by_name, page_streams_by_time

_NAME: Final = "DescribeLogStreams"


class Request(LogsShape):
    """Which streams, in which order, and where to go on."""

    log_group_name: LogGroupName | None = None
    log_group_identifier: LogGroupIdentifier | None = None
    log_stream_name_prefix: LogStreamName | None = None
    order_by: Literal["LogStreamName", "LastEventTime"] | None = None
    descending: bool | None = None
    next_token: NextToken | None = None
    limit: DescribeLimit | None = None


class Stream(LogsShape):
    """One stream."""

    log_stream_name: LogStreamName | None = None
    creation_time: Instant | None = None
    first_event_timestamp: Instant | None = None
    last_event_timestamp: Instant | None = None
    last_ingestion_time: Instant | None = None
    upload_sequence_token: SequenceToken | None = None
    arn: str | None = None
    stored_bytes: Instant | None = None


class Response(LogsShape):
    """A page of streams."""

    log_streams: list[Stream] | None = None
    next_token: NextToken | None = None


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return identified_target(context, request.log_group_name, request.log_group_identifier)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Read one page."""
    by_time = request.order_by == "LastEventTime"
    if by_time and request.log_stream_name_prefix is not None:
        raise errors.invalid_parameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
    group = existing_group(target)
    descends = request.descending is True
    question = (group.group_id, request.log_stream_name_prefix, by_time, descends)
    after = TOKENS.open(context, _NAME, question, request.next_token)
    most = request.limit or DESCRIBED_MOST
    rows, group_id = context.rows, group.group_id
    if by_time:
        time_and_name = None if after is None else (int(after[0]), str(after[1]))
        found = page_streams_by_time(rows, group_id, time_and_name, most + 1, descends=descends)
    else:
        name, prefix = str(after[0]) if after is not None else "", request.log_stream_name_prefix or ""
        found = page_streams_by_name(rows, group_id, name, prefix, most + 1, descends=descends)
    page = found[:most]
    token = None
    if len(found) > most:
        last = page[-1]
        position: Position = (last.last_ms, last.name) if by_time else (last.name,)
        token = TOKENS.seal(context, _NAME, question, position)
    return Response(log_streams=[_described(group, stream) for stream in page], next_token=token)


def _described(group: LogGroup, stream: LogStream) -> Stream:
    has_events = stream.has_events
    return Stream(
        log_stream_name=stream.name,
        creation_time=stream.created_ms,
        first_event_timestamp=stream.attributes.first_ms if has_events else None,
        last_event_timestamp=stream.last_ms if has_events else None,
        last_ingestion_time=stream.attributes.ingested_ms if has_events else None,
        upload_sequence_token=sequence_token(stream.attributes.open_seq) if has_events else None,
        arn=stream_arn(group.region, group.account, group.name, stream.name),
        stored_bytes=0,  # AWS shows 0 since 2019
    )


DESCRIBE_LOG_STREAMS = Operation(
    name=_NAME,
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="logs:DescribeLogStreams",
    target=target,
    handle=handle,
    recorded_request=(
        "log_group_name",
        "log_group_identifier",
        "log_stream_name_prefix",
        "order_by",
        "descending",
        "next_token",
        "limit",
    ),
)
