"""DeleteLogStream: delete a stream with its events, at once and for good.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogStream.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_group, existing_stream, group_target
from strongroom.services.logs.shapes import LogGroupName, LogsShape, LogStreamName
from strongroom.services.logs.tables import put_due, remove_stream
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The group and the stream."""

    log_group_name: LogGroupName
    log_stream_name: LogStreamName


def target(context: Context, request: Request) -> Target:
    """Name the stream."""
    return group_target(context, request.log_group_name, stream=request.log_stream_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove its row; its batches are out of reach then, and go in the background."""
    group = existing_group(target)
    stream = existing_stream(context, group, request.log_stream_name)
    remove_stream(context.transaction, stream.stream_id)
    if stream.has_events:
        put_due(context.transaction, group.group_id, context.now_ms)


DELETE_LOG_STREAM: Operation[Request, Shape] = Operation(
    name="DeleteLogStream",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:DeleteLogStream",
    target=target,
    handle=handle,
    recorded_request=("log_group_name", "log_stream_name"),
)
