"""DeleteRetentionPolicy: let the events of a group never expire.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteRetentionPolicy.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_group, group_target
from strongroom.services.logs.shapes import LogGroupName, LogsShape
from strongroom.services.logs.tables import update_group, with_attributes
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The group."""

    log_group_name: LogGroupName


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return group_target(context, request.log_group_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Forget the period."""
    group = existing_group(target)
    update_group(context.transaction, with_attributes(group, retention_days=None))


DELETE_RETENTION_POLICY: Operation[Request, Shape] = Operation(
    name="DeleteRetentionPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:DeleteRetentionPolicy",
    target=target,
    handle=handle,
    recorded_request=("log_group_name",),
)
