"""TagResource: add tags to a function, or overwrite those with the same key.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.lookup import changeable, find_target, read_tagged
from strongroom.services.lambda_.tables import update_function
from strongroom.services.lambda_.tags import check_tags, request_tag_conditions
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The ARN of the function, and its further tags."""

    resource: shapes.TaggableResource
    tags: dict[shapes.TagKey, shapes.TagValue]


def target(context: Context, request: Request) -> Target:
    """Name the function; the tags of the request are condition keys."""
    place = read_tagged(context, request.resource)
    return find_target(context, place, request_tag_conditions(request.tags))


def handle(context: Context, request: Request, target: Target) -> None:
    """Put the tags."""
    function = changeable(target)
    tags = check_tags(function.attributes.tags, request.tags)
    update_function(
        context.transaction, replace(function, attributes=replace(function.attributes, tags=tags))
    )


TAG_RESOURCE: Operation[Request, Shape] = Operation(
    name="TagResource",
    event_name="TagResource20170331v2",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="lambda:TagResource",
    target=target,
    handle=handle,
    recorded_request=("resource", "tags"),
)
