"""TagResource: add tags to a log group, or overwrite those with the same key. A group has at most 50.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html.
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_tagged, tagged_target
from strongroom.services.logs.shapes import LogsShape, ResourceArn, Tags
from strongroom.services.logs.tables import update_group, with_attributes
from strongroom.services.logs.tags import put_tags, tag_conditions
from strongroom.wire.shapes import Shape


class Request(LogsShape):
    """The group and its further tags."""

    resource_arn: ResourceArn
    tags: Tags


def target(context: Context, request: Request) -> Target:
    """Name the group; the tags of the request are condition keys."""
    return tagged_target(context, request.resource_arn, tag_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Put the tags."""
    group = existing_tagged(target)
    tags = put_tags(group.attributes.tags, request.tags)
    update_group(context.transaction, with_attributes(group, tags=tags))


TAG_RESOURCE: Operation[Request, Shape] = Operation(
    name="TagResource",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:TagResource",
    target=target,
    handle=handle,
    recorded_request=("resource_arn", "tags"),
)
