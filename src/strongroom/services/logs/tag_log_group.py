"""TagLogGroup: what older clients use instead of TagResource.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagLogGroup.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_group, group_target
from strongroom.services.logs.shapes import LogGroupName, LogsShape, Tags
from strongroom.services.logs.tables import update_group, with_attributes
from strongroom.services.logs.tags import put_tags, tag_conditions
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The group and its further tags."""

    log_group_name: LogGroupName
    tags: Tags


def target(context: Context, request: Request) -> Target:
    """Name the group; the tags of the request are condition keys."""
    return group_target(context, request.log_group_name, conditions=tag_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Put the tags."""
    group = existing_group(target)
    tags = put_tags(group.attributes.tags, request.tags)
    update_group(context.transaction, with_attributes(group, tags=tags))


TAG_LOG_GROUP: Operation[Request, Shape] = Operation(
    name="TagLogGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:TagLogGroup",
    target=target,
    handle=handle,
    recorded_request=("log_group_name", "tags"),
)
