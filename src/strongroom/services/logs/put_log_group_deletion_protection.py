"""PutLogGroupDeletionProtection: say whether a group may be deleted.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogGroupDeletionProtection.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_group, identified_target
from strongroom.services.logs.shapes import LogGroupIdentifier, LogsShape
from strongroom.services.logs.tables import update_group, with_attributes
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The group, and whether it is protected."""

    log_group_identifier: LogGroupIdentifier
    deletion_protection_enabled: bool


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return identified_target(context, None, request.log_group_identifier)


def handle(context: Context, request: Request, target: Target) -> None:
    """Note it."""
    group = existing_group(target)
    changed = with_attributes(group, is_protected=request.deletion_protection_enabled)
    update_group(context.transaction, changed)


PUT_LOG_GROUP_DELETION_PROTECTION: Operation[Request, Shape] = Operation(
    name="PutLogGroupDeletionProtection",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:PutLogGroupDeletionProtection",
    target=target,
    handle=handle,
    recorded_request=("log_group_identifier", "deletion_protection_enabled"),
)
