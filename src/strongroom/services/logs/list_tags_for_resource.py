"""ListTagsForResource: the tags of a log group.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsForResource.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_tagged, tagged_target
from strongroom.services.logs.shapes import LogsShape, ResourceArn, Tags


class Request(LogsShape):
    """The group."""

    resource_arn: ResourceArn


class Response(LogsShape):
    """Its tags."""

    tags: Tags | None = None


def target(context: Context, request: Request) -> Target:
    """Name the group."""
    return tagged_target(context, request.resource_arn)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Give the tags."""
    return Response(tags=dict(existing_tagged(target).attributes.tags))


LIST_TAGS_FOR_RESOURCE = Operation(
    name="ListTagsForResource",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="logs:ListTagsForResource",
    target=target,
    handle=handle,
    recorded_request=("resource_arn",),
)
