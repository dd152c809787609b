"""ListTagsLogGroup: what older clients use instead of ListTagsForResource.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsLogGroup.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_group, group_target
from strongroom.services.logs.shapes import LogGroupName, LogsShape, Tags


class Request(LogsShape):
    """The group."""

    log_group_name: LogGroupName


class Response(LogsShape):
    """Its tags."""

    tags: Tags | None = None


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return group_target(context, request.log_group_name)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Give the tags."""
    return Response(tags=dict(existing_group(target).attributes.tags))


LIST_TAGS_LOG_GROUP = Operation(
    name="ListTagsLogGroup",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="logs:ListTagsLogGroup",
    target=target,
    handle=handle,
    recorded_request=("log_group_name",),
)
