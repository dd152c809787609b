"""DeleteLogGroup: delete a group with its streams and events, at once and for good.

A group whose deletion protection is on is refused. What it held is out of reach with the answer, and leaves the store
in the background.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteLogGroup.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs import errors
from strongroom.services.logs.lookup import existing_group, group_target
from strongroom.services.logs.shapes import LogGroupName, LogsShape
from strongroom.services.logs.tables import remove_group
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The group."""

    log_group_name: LogGroupName


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return group_target(context, request.log_group_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove its row."""
    group = existing_group(target)
    if group.attributes.is_protected:
        raise errors.group_protected()
    remove_group(context.transaction, group, context.now_ms)


DELETE_LOG_GROUP: Operation[Request, Shape] = Operation(
    name="DeleteLogGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:DeleteLogGroup",
    target=target,
    handle=handle,
    recorded_request=("log_group_name",),
)
