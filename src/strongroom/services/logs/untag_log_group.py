"""UntagLogGroup: what older clients use instead of UntagResource.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagLogGroup.html.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_group, group_target
from strongroom.services.logs.shapes import LogGroupName, LogsShape, TagKey
from strongroom.services.logs.tables import update_group, with_attributes
from strongroom.services.logs.tags import remove_tags, tag_key_conditions
from strongroom.wire.shapes import Shape, limits


class Request(LogsShape):
    """The group, and the keys, which are called tags here."""

    log_group_name: LogGroupName
    tags: Annotated[list[TagKey], limits(1)]


def target(context: Context, request: Request) -> Target:
    """Name the group; the keys of the request are a condition key."""
    return group_target(context, request.log_group_name, conditions=tag_key_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    group = existing_group(target)
    tags = remove_tags(group.attributes.tags, request.tags)
    update_group(context.transaction, with_attributes(group, tags=tags))


UNTAG_LOG_GROUP: Operation[Request, Shape] = Operation(
    name="UntagLogGroup",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:UntagLogGroup",
    target=target,
    handle=handle,
    recorded_request=("log_group_name", "tags"),
)
