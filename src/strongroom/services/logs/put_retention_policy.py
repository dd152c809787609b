"""PutRetentionPolicy: say after how many days the events of a group are dropped; one of the periods that AWS has.

What is older is not shown from this answer on, and leaves the store in the background.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs import errors
from strongroom.services.logs.lookup import existing_group, group_target
from strongroom.services.logs.model import RETENTION_DAYS
from strongroom.services.logs.shapes import LogGroupName, LogsShape
from strongroom.services.logs.tables import put_due, update_group, with_attributes
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The group and the period."""

    log_group_name: LogGroupName
    retention_in_days: int


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return group_target(context, request.log_group_name)


def handle(context: Context, request: Request, target: Target) -> None:
    """Note the period, and look for what has expired."""
    group = existing_group(target)
    days = request.retention_in_days
    if days not in RETENTION_DAYS:
        periods = ", ".join(str(period) for period in sorted(RETENTION_DAYS))
        raise errors.violated("retentionInDays", days, f"Member must satisfy enum value set: [{periods}]")
    update_group(context.transaction, with_attributes(group, retention_days=days))
    put_due(context.transaction, group.group_id, context.now_ms)


PUT_RETENTION_POLICY: Operation[Request, Shape] = Operation(
    name="PutRetentionPolicy",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:PutRetentionPolicy",
    target=target,
    handle=handle,
    recorded_request=("log_group_name", "retention_in_days"),
)
