"""UntagResource: take tags away from a function; keys that are not there are ignored.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_UntagResource.html
"""

from __future__ import annotations

from msgspec.structs import replace

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.lookup import changeable, find_target, read_tagged
from strongroom.services.lambda_.tables import update_function
from strongroom.services.lambda_.tags import without_tags
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The ARN of the function, and the keys."""

    resource: shapes.TaggableResource
    tag_keys: list[shapes.TagKey]


def target(context: Context, request: Request) -> Target:
    """Name the function; the keys are a condition key."""
    conditions = {"aws:tagkeys": tuple(request.tag_keys)} if request.tag_keys else {}
    return find_target(context, read_tagged(context, request.resource), conditions)


def handle(context: Context, request: Request, target: Target) -> None:
    """Take them away."""
    function = changeable(target)
    tags = without_tags(function.attributes.tags, request.tag_keys)
    update_function(
        context.transaction, replace(function, attributes=replace(function.attributes, tags=tags))
    )


UNTAG_RESOURCE: Operation[Request, Shape] = Operation(
    name="UntagResource",
    event_name="UntagResource20170331v2",
    mode=Mode.CHANGE,
    request=Request,
    response=None,
    action="lambda:UntagResource",
    target=target,
    handle=handle,
    recorded_request=("resource", "tag_keys"),
)
