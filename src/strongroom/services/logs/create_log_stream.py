"""CreateLogStream: make a stream in a group. Its name has no colon and no asterisk.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs import errors
from strongroom.services.logs.groups import make_stream
from strongroom.services.logs.lookup import existing_group, group_target
from strongroom.services.logs.shapes import LogGroupName, LogsShape, LogStreamName
from strongroom.services.logs.tables import find_stream
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The group, and the new stream."""

    log_group_name: LogGroupName
    log_stream_name: LogStreamName


def target(context: Context, request: Request) -> Target:
    """Name the stream that there will be."""
    return group_target(context, request.log_group_name, stream=request.log_stream_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Make it."""
    group = existing_group(target)
    if find_stream(context.rows, group.group_id, request.log_stream_name) is not None:
        raise errors.stream_exists()
    make_stream(context.transaction, group, request.log_stream_name, context.now_ms)


CREATE_LOG_STREAM: Operation[Request, Shape] = Operation(
    name="CreateLogStream",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:CreateLogStream",
    target=target,
    handle=handle,
    recorded_request=("log_group_name", "log_stream_name"),
)
