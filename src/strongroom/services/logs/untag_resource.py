"""UntagResource: take tags away from a log group; keys that are not there are ignored.

Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagResource.html.
"""

from __future__ import annotations

from typing import Annotated

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.logs.lookup import existing_tagged, tagged_target
from strongroom.services.logs.shapes import LogsShape, ResourceArn, TagKey
from strongroom.services.logs.tables import update_group, with_attributes
from strongroom.services.logs.tags import remove_tags, tag_key_conditions
from strongroom.wire.shapes import Shape, limits


class Request(LogsShape):
    """The group, and the keys."""

    resource_arn: ResourceArn
    tag_keys: Annotated[list[TagKey], limits(0, 50)]


def target(context: Context, request: Request) -> Target:
    """Name the group; the keys of the request are a condition key."""
    return tagged_target(context, request.resource_arn, tag_key_conditions(request.tag_keys))


def handle(context: Context, request: Request, target: Target) -> None:
    """Remove the tags."""
    group = existing_tagged(target)
    tags = remove_tags(group.attributes.tags, request.tag_keys)
    update_group(context.transaction, with_attributes(group, tags=tags))


UNTAG_RESOURCE: Operation[Request, Shape] = Operation(
    name="UntagResource",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="logs:UntagResource",
    target=target,
    handle=handle,
    recorded_request=("resource_arn", "tag_keys"),
)
