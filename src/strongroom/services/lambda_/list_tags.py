"""ListTags: the tags of a function.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListTags.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.lookup import existing, find_target, place_of, read_tagged
from strongroom.services.secretsmanager.contract import is_built_in
from strongroom.wire.shapes import Shape


class Request(Shape):
    """The ARN of the function."""

    resource: shapes.TaggableResource


class Response(Shape):
    """Its tags."""

    tags: dict[shapes.TagKey, shapes.TagValue] | None = None


def target(context: Context, request: Request) -> Target:
    """Name the function."""
    return find_target(context, read_tagged(context, request.resource))


def handle(context: Context, request: Request, target: Target) -> Response:
    """Show them."""
    del context, request
    if is_built_in(place_of(target).name):
        return Response(tags={})
    return Response(tags=dict(existing(target).attributes.tags))


LIST_TAGS = Operation(
    name="ListTags",
    event_name="ListTags20170331",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:ListTags",
    target=target,
    handle=handle,
    recorded_request=("resource",),
)
