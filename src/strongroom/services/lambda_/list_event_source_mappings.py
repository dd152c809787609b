"""ListEventSourceMappings: that nothing invokes functions from queues or streams; Ansible and consoles ask for it.

There are no queues or streams here and CreateEventSourceMapping is not served, so the list is always empty.

Source: https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
"""

from __future__ import annotations

from strongroom.gateway.context import Context
from strongroom.gateway.operation import Mode, Operation, Target
from strongroom.services.lambda_ import shapes
from strongroom.services.lambda_.marker import MARKERS
from strongroom.wire.shapes import Shape


class Request(Shape):
    """Of which source or function, from where on, and how many."""

    event_source_arn: shapes.EventSourceArn | None = None
    function_name: shapes.NamespacedFunctionName | None = None
    marker: str | None = None
    max_items: shapes.MaxListItems | None = None


class EventSourceMappingConfiguration(Shape):
    """One mapping; none exists, so none of its other members is ever written."""

    event_source_arn: shapes.EventSourceArn | None = None


class Response(Shape):
    """No mappings."""

    next_marker: str | None = None
    event_source_mappings: list[EventSourceMappingConfiguration] | None = None


def target(context: Context, request: Request) -> Target:
    """Name nothing: the action has no resource."""
    del request
    return Target("*", context.account)


def handle(context: Context, request: Request, target: Target) -> Response:
    """Say that there are none; a marker, which was never given out, is refused."""
    del target
    MARKERS.open(context, "ListEventSourceMappings", "", request.marker or None)
    return Response(event_source_mappings=[])


LIST_EVENT_SOURCE_MAPPINGS = Operation(
    name="ListEventSourceMappings",
    event_name="ListEventSourceMappings20150331",
    mode=Mode.QUERY,
    request=Request,
    response=Response,
    action="lambda:ListEventSourceMappings",
    target=target,
    handle=handle,
    recorded_request=("event_source_arn", "function_name", "marker", "max_items"),
)
